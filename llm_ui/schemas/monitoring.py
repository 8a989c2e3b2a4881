"""The monitoring log as an admin reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Which rows are wanted; "" and None let everything through.

    `kind` is a kind or, up to a dot, a group of kinds; `query` is looked for in messages,
    reference numbers, request ids, addresses and the names of people.
    """

    level: str = ""
    kind: str = ""
    query: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A detail of a row; `before` is what it was, where something was changed."""

    name: str
    value: str
    before: str = ""
    is_change: bool = False


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row with everything that is known of it."""

    id: str
    created_at: str
    level: str
    kind: str
    message: str = ""
    user: str = ""
    user_id: str = ""
    address: str = ""
    reference: str = ""
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A row in the reader's words: `told` is a sentence, `more` what it changed or why it
    failed, and `facts` have labels and values as people read them."""

    id: str
    created_at: str
    level: str
    told: str
    more: str = ""
    user: str = ""
    address: str = ""
    reference: str = ""
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Unexpected errors of one kind at one place."""

    message: str
    count: int
    first_at: str
    last_at: str
    reference: str
