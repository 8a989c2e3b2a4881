"""The machine under the installation, as an admin sees it."""

from __future__ import annotations

from dataclasses import dataclass

from llm_ui.schemas.views import UNKNOWN


@dataclass(frozen=True, slots=True)
class MachineView:
    """How what the app stands on is doing.

    Times are in milliseconds, sizes in bytes. `redis` is "ok", "down" or "off" (none is set).
    `uptime_s` and `memory` are those of the worker that answers, `tabs` its connected tabs.
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
