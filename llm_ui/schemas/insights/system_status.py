"""The machine the installation runs on, as administrators see it."""

from __future__ import annotations

from dataclasses import dataclass

from llm_ui.schemas.chats.views import UNKNOWN


@dataclass(frozen=True, slots=True)
class MachineView:
    """The state of the machine and its services.

    Times are in milliseconds, sizes in bytes. `redis` is "ok", "down" or "off" (not configured).
    `uptime_s` and `memory` are those of the responding worker, `tabs` its connected tabs.
    """

    database: str = ""
    database_ms: float = UNKNOWN
    database_bytes: int = UNKNOWN
    redis: str = "off"
    redis_ms: float = UNKNOWN
    disk_free: int = UNKNOWN
    disk_total: int = UNKNOWN
    memory: int = UNKNOWN
    uptime_s: int = 0
    version: str = ""
