"""Outages of dependencies, each logged exactly twice: when it starts and when it is over.

Nothing else is logged, regardless of how many callers run into the outage. `reason_of` tells an
outage of the database (unreachable, locked, disk full) from a bug; `OneLine` keeps the tracebacks
of outages out of the log.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal, TypeVar

from sqlalchemy import exc

from llm_ui.errors import AppError, DatabaseAway, DiskFull, one_line

logger = logging.getLogger(__name__)

T = TypeVar("T")
Reason = Literal["", "away", "locked", "full", "damaged"]

# A dependency counts as back after this long without a failure: on a full disk, operations that
# need no space still succeed.
QUIET_S = 3.0
# Between two retries of work that waits for the database.
PAUSE_S = 0.5
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# SQLite's own messages, and the kind of outage each one means.
SQLITE: tuple[tuple[str, Reason], ...] = (
    ("database is locked", "locked"),
    ("table is locked", "locked"),
    ("disk is full", "full"),
    ("disk i/o error", "away"),
    ("unable to open database", "away"),
    ("readonly database", "away"),
    ("malformed", "damaged"),
    ("not a database", "damaged"),
)
# SQLSTATE classes: connection, resources, operator intervention; and a standby's refusal.
STATES: tuple[tuple[str, Reason], ...] = (
    ("53100", "full"),
    ("08", "away"),
    ("53", "away"),
    ("57P", "away"),
    ("58", "away"),
    ("25006", "away"),
)


class Outage:
    """A dependency that may be down.

    Args:
        what: its name, to start a log message with.
        meanwhile: what happens until it is back, to go on with.
    """

    def __init__(self, what: str, meanwhile: str) -> None:
        self._what, self._meanwhile = what, meanwhile
        self._since: float | None = None
        self._failed_at = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the dependency is down."""
        return self._since is not None

    def failed(self, error: BaseException) -> None:
        """Report a failure; only the first one is logged."""
        self._failed_at = time.monotonic()
        if self._since is None:
            self._since = self._failed_at
            cause = getattr(error, "orig", None) or error
            words = one_line(f"{type(cause).__name__}: {cause}")
            logger.warning("%s is not responding; %s: %s", self._what, self._meanwhile, words)

    def worked(self) -> None:
        """Report a success. Costs nothing while all is well."""
        if self._since is None or time.monotonic() - self._failed_at < QUIET_S:
            return
        seconds, self._since = self._failed_at - self._since, None
        logger.warning("%s is responding again after %.0f s", self._what, seconds)


database = Outage("The database", "writes wait until it is back")
queue = Outage("The Redis job queue", "workers look for jobs in the database")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything that caused it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def reason_of(error: BaseException | None) -> Reason:
    """The kind of database or disk outage behind an error; "" if it is none."""
    for each in _causes(error):
        if isinstance(each, exc.TimeoutError):
            # The pool is exhausted by connections that wait for an answer.
            return "away"
        if isinstance(each, sqlite3.Error):
            return _by_words(str(each).lower())
        if isinstance(each, OSError) and each.errno in FULL:
            return "full"
        if type(each).__module__.startswith("psycopg") and (found := _by_state(each)):
            return found
        if getattr(each, "connection_invalidated", False):
            return "away"
    return ""


# What to catch where an outage is to become a message.
FAILURES: tuple[type[Exception], ...] = (exc.SQLAlchemyError, OSError)


def words_for(error: BaseException) -> AppError | None:
    """The error to show for an outage; None if the error is not an outage."""
    reason = reason_of(error)
    if reason in ("", "damaged"):
        return None
    database.failed(error)
    return DiskFull() if reason == "full" else DatabaseAway()


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work`, retrying until the database is available."""
    while True:
        try:
            return await work()
        except FAILURES as error:
            if words_for(error) is None:
                raise
        await asyncio.sleep(PAUSE_S)


def _by_words(words: str) -> Reason:
    return next((reason for part, reason in SQLITE if part in words), "")


def _by_state(error: BaseException) -> Reason:
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        return next((reason for start, reason in STATES if state.startswith(start)), "")
    # The driver's own error: no connection, or a broken one.
    return "away" if type(error).__name__ in ("OperationalError", "InterfaceError") else ""


class OneLine(logging.Filter):
    """Drops log records with the traceback of a database outage, which has already been reported in
    one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record goes into the log."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is None or reason_of(error) in ("", "damaged"):
            return True
        if not isinstance(error, OSError) or isinstance(error, exc.SQLAlchemyError):
            database.failed(error)
            return False
        return True
