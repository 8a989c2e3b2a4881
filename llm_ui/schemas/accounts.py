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
    `theme` are what the person chose elsewhere, or empty."""

    user: UserView
    token: str
    csrf_token: str
    language: str = ""
    theme: str = ""
