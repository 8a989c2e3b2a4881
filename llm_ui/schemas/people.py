"""People and invitations, as administrators see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonItem:
    """Somebody with an account.

    `state` is active, waiting (never signed in), disabled or leaving. `chats` counts what
    they keep, `tokens` what they have used since the month began (UTC).
    """

    id: str = ""
    email: str = ""
    username: str = ""
    role: str = "user"
    state: str = "active"
    created_at: str = ""
    last_active_at: str = ""
    chats: int = 0
    tokens: int = 0
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class PersonFilters:
    """Which people: by words of their name or e-mail, role, state, and when they were last
    active: within so many days, or (negative) not within them. 0 and "" do not narrow."""

    query: str = ""
    role: str = ""
    state: str = ""
    active_days: int = 0


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A page of people, and how many there are on all pages."""

    items: list[PersonItem]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class HandedLink:
    """A link to hand over. `path` is told this once: its token is kept nowhere."""

    path: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Created:
    """A new account, and the link by which its owner sets their password."""

    user: PersonItem
    link: HandedLink


@dataclass(frozen=True, slots=True)
class InvitationItem:
    """An invitation that can still be taken up; `email` is empty when anybody may."""

    id: str
    email: str
    role: str
    created_by: str
    created_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation just made, and its link."""

    invitation: InvitationItem
    link: HandedLink
