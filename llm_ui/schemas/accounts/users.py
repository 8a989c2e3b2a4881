"""People and invitations, as administrators see them."""

from __future__ import annotations

from dataclasses import dataclass

from llm_ui.enums import PersonStatus, UserRole


@dataclass(frozen=True, slots=True)
class PersonItem:
    """A user with an account.

    `status` is active, waiting (never signed in), disabled or leaving. `chats` is how many chats
    they have, `tokens` how many tokens they have used this month (UTC).
    """

    id: str = ""
    email: str = ""
    username: str = ""
    role: UserRole = UserRole.USER
    status: PersonStatus = PersonStatus.ACTIVE
    created_at: str = ""
    last_active_at: str = ""
    chats: int = 0
    tokens: int = 0
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class PersonFilters:
    """Which people to list; 0 and "" don't filter.

    Filters by words in the name or email address, by role, by status, and by last activity: within
    this many days or, if negative, not within them.
    """

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
    """A link to hand out. `path` is returned only this once: its token is stored nowhere."""

    path: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Created:
    """A new account, and the link with which its owner sets the password."""

    user: PersonItem
    link: HandedLink


@dataclass(frozen=True, slots=True)
class InvitationItem:
    """An open invitation; `email` is empty if anybody may use it."""

    id: str
    email: str
    role: UserRole
    created_by: str
    created_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation, and its link."""

    invitation: InvitationItem
    link: HandedLink
