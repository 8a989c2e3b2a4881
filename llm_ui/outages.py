"""What the application needs and does not have just now: one line in the log when it goes,
one when it is back, nothing in between, whoever meets it meanwhile.

`reason_of` tells an outage of the database (away, locked, its disk full) from a mistake of
ours; `OneLine` keeps the tracebacks of the first kind out of the log.
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

# So long nothing must have failed before it counts as back: what is asked for nothing
# that costs room succeeds on a full disk too.
QUIET_S = 3.0
# Between two tries of what is done as soon as it can be.
PAUSE_S = 0.5
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# SQLite's own words, and which kind of outage they mean.
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
# Classes of SQLSTATE: connection, resources, an operator at work; and a standby's refusal.
STATES: tuple[tuple[str, Reason], ...] = (
    ("53100", "full"),
    ("08", "away"),
    ("53", "away"),
    ("57P", "away"),
    ("58", "away"),
    ("25006", "away"),
)


class Outage:
    """One thing that may be away.

    Args:
        what: its name, as the beginning of a sentence.
        meanwhile: what happens until it is back, as the end of one.
    """

    def __init__(self, what: str, meanwhile: str) -> None:
        self._what, self._meanwhile = what, meanwhile
        self._since: float | None = None
        self._failed_at = 0.0

    @property
    def is_on(self) -> bool:
        """Whether it is away."""
        return self._since is not None

    def failed(self, error: BaseException) -> None:
        """It has not answered; said once."""
        self._failed_at = time.monotonic()
        if self._since is None:
            self._since = self._failed_at
            cause = getattr(error, "orig", None) or error
            words = one_line(f"{type(cause).__name__}: {cause}")
            logger.warning("%s does not answer; %s: %s", self._what, self._meanwhile, words)

    def worked(self) -> None:
        """It has answered. Costs nothing while all is well."""
        if self._since is None or time.monotonic() - self._failed_at < QUIET_S:
            return
        seconds, self._since = self._failed_at - self._since, None
        logger.warning("%s answers again, after %.0f s", self._what, seconds)


database = Outage("The database", "what is to be written waits")
queue = Outage("Redis, which tells workers of jobs,", "they look into the database")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what is behind it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def reason_of(error: BaseException | None) -> Reason:
    """Which outage of the database or of the disk an error tells of; "" if of none."""
    for each in _causes(error):
        if isinstance(each, exc.TimeoutError):
            # All connections are taken by what waits for an answer.
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


# What to catch where an outage is to be told in words.
FAILURES: tuple[type[Exception], ...] = (exc.SQLAlchemyError, OSError)


def words_for(error: BaseException) -> AppError | None:
    """What to tell a person of an outage; None if the error is none."""
    reason = reason_of(error)
    if reason in ("", "damaged"):
        return None
    database.failed(error)
    return DiskFull() if reason == "full" else DatabaseAway()


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do something with the database as soon as that can be done."""
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
    # The driver's own: no connection, or it has broken.
    return "away" if type(error).__name__ in ("OperationalError", "InterfaceError") else ""


class OneLine(logging.Filter):
    """Drops the lines that tell of an outage of the database with a traceback: the first one
    has been said in words."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line goes into the log."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is None or reason_of(error) in ("", "damaged"):
            return True
        if not isinstance(error, OSError) or isinstance(error, exc.SQLAlchemyError):
            database.failed(error)
            return False
        return True
