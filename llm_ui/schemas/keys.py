"""API keys as their owners and admins see them; never the key itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeyItem:
    """A key. `state` is active, expired or revoked; `owner` is empty among one's own."""

    id: str
    name: str
    prefix: str
    scopes: list[str] = field(default_factory=list)
    state: str = "active"
    created_at: str = ""
    expires_at: str = ""
    last_used_at: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has just been made: `key` is shown this once and kept nowhere."""

    item: KeyItem
    key: str = field(repr=False)
