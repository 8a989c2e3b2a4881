"""People, as others may see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserView:
    """An account without its secrets."""

    id: str
    email: str
    username: str
    role: str
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session. `token` goes into the cookie and nowhere else; `language` and
    `theme` are what the person chose elsewhere, or empty. `browser` is what the browser is called
    from now on."""

    user: UserView
    token: str
    csrf_token: str
    language: str = ""
    theme: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class DoorView:
    """Who may make an account: everybody ("open"), those with an invitation ("invite"), or
    nobody ("closed"). `domains` are where their e-mail must be, "" for anywhere. While nobody
    has an account, `needs_token` tells those who are not at the server's own machine that the first
    one takes the link that the start shows."""

    is_new: bool
    registration: str
    domains: str = ""
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link that an administrator handed over is for.

    Of an invitation for anybody `email` is empty; `username` is whose password it sets, and
    `keys` how many API keys of theirs are in use.
    """

    kind: str
    email: str
    username: str
    role: str
    expires_at: str
    keys: int = 0
