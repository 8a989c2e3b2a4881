"""API keys as their owners and administrators see them; never the key itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from llm_ui.enums import KeyStatus, Scope


@dataclass(frozen=True, slots=True)
class KeyItem:
    """A key. `status` is active, expired or revoked; `owner` is empty in a user's own list."""

    id: str
    key_name: str
    prefix: str
    scopes: list[Scope] = field(default_factory=list)
    status: KeyStatus = KeyStatus.ACTIVE
    created_at: str = ""
    expires_at: str = ""
    last_used: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just created: `key` is shown this once and stored nowhere."""

    item: KeyItem
    key: str = field(repr=False)
