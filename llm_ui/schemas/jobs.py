"""Work in the background, as it leaves the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from llm_ui.schemas.views import UNKNOWN


@dataclass(frozen=True, slots=True)
class JobItem:
    """A job in a list. `status`: queued, running, done, failed, cancelled, interrupted.

    `progress` goes from 0 to 1. `note` says what it is doing, `error` why it failed and `made`
    what came of it, all three in the reader's language; `link` leads to what it made, as long
    as that is there. `user` is who started it, "" for the installation itself.
    """

    id: str
    kind: str
    status: str
    progress: float = 0.0
    note: str = ""
    error: str = ""
    made: str = ""
    link: str = ""
    user: str = ""
    attempts: int = 0
    cancel_requested: bool = False
    can_cancel: bool = False
    can_retry: bool = False
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    duration_ms: int = UNKNOWN
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackupItem:
    """A backup that lies in the data folder. `size` is in bytes, `rows` and `files` count what
    is in it, `missing` the files that it should have and has not; a damaged one tells nothing
    of that."""

    name: str
    size: int
    made_at: str
    link: str
    database: str = ""
    version: str = ""
    rows: int = 0
    files: int = 0
    is_damaged: bool = False
    missing: int = 0
