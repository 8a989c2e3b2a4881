"""The monitoring log as administrators read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from llm_ui.enums import LogLevel


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Which rows to return; "" and None don't filter.

    `kind` is a kind or, ending at a dot, a group of kinds; `query` is searched for in messages,
    reference numbers, request IDs, addresses and people's names.
    """

    level: str = ""
    kind: str = ""
    query: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A detail of a row; `before` is the previous value, if something was changed."""

    name: str
    value: str
    before: str = ""
    is_change: bool = False


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row with everything known about it."""

    id: str
    created_at: str
    log_level: LogLevel
    log_type: str
    message: str = ""
    user: str = ""
    user_id: str = ""
    address: str = ""
    reference: str = ""
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A row for display: `told` is a sentence; `more` says what the event changed or why it failed.

    `facts` have translated labels and formatted values.
    """

    id: str
    created_at: str
    log_level: LogLevel
    told: str
    more: str = ""
    user: str = ""
    address: str = ""
    reference: str = ""
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Unexpected errors of one kind in one place."""

    message: str
    count: int
    first_at: str
    last_at: str
    reference: str
