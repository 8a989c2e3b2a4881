"""Background jobs and backups, as returned by the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from llm_ui.enums import JobStatus
from llm_ui.schemas.chats.views import UNKNOWN


@dataclass(frozen=True, slots=True)
class JobItem:
    """A job in a list.

    `progress` is from 0 to 1. `note` says what it is doing, `error` why it failed and `made` what
    it produced, all in the reader's language; `link` leads to the result while it exists. `user` is
    who started it, "" for the installation itself.
    """

    id: str
    job_type: str
    status: JobStatus
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
    """A backup in the data folder.

    `size` is in bytes; `rows` and `files` count its contents, `missing` the files that had a row
    but no content. If it is damaged, these are unknown.
    """

    name: str
    size: int
    created_at: str
    link: str
    database: str = ""
    version: str = ""
    rows: int = 0
    files: int = 0
    is_damaged: bool = False
    missing: int = 0
