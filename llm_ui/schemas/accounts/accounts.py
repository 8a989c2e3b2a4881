"""People, as others may see them."""

from __future__ import annotations

from dataclasses import dataclass

from llm_ui.enums import LinkKind, RegistrationPolicy, UserRole


@dataclass(frozen=True, slots=True)
class UserView:
    """An account without its secrets."""

    id: str
    email: str
    username: str
    role: UserRole
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` goes into the cookie and nowhere else.

    `language` and `theme` are what the user chose in another browser, or empty. `browser` is the
    token that identifies the browser from now on.
    """

    user: UserView
    token: str
    csrf_token: str
    language: str = ""
    theme: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """Who may create an account.

    `registration` is everyone ("open"), people with an invitation ("invite"), or nobody ("closed").
    `domains` lists the allowed email domains, "" for any. While there is no account yet,
    `needs_token` tells visitors from other machines that the first one requires the setup link
    printed at startup.
    """

    is_new: bool
    registration: RegistrationPolicy
    domains: str = ""
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class LinkView:
    """What an invitation or password link is for.

    `email` is empty for an invitation open to anyone; `username` is the user whose password it
    sets, and `keys` is how many active API keys they have.
    """

    kind: LinkKind
    email: str
    username: str
    role: UserRole
    expires_at: str
    keys: int = 0
