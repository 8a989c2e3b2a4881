"""Rate limiting for the log: nothing that anybody can trigger may flood it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0
LINES, TRACEBACKS = 30, 3
LONGEST = 4_000
MORE = " (further messages from here are dropped for the rest of this minute)"


@dataclass
class _Place:
    window: int = -1
    lines: int = 0
    tracebacks: int = 0


class Floods(logging.Filter):
    """Limits the number of records and tracebacks per minute for each logging call, and the length
    of each record.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._places: dict[tuple[str, int], _Place] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let a record through."""
        # A record may pass several handlers, but counts once.
        if (known := getattr(record, "_is_let_through", None)) is not None:
            return bool(known)
        record._is_let_through = found = self._judge(record)
        return found

    def _judge(self, record: logging.LogRecord) -> bool:
        place = self._places.setdefault((record.pathname, record.lineno), _Place())
        window = int(self._clock() / WINDOW_S)
        if window != place.window:
            place.window, place.lines, place.tracebacks = window, 0, 0
        place.lines += 1
        if place.lines > LINES:
            return False
        if record.exc_info:
            place.tracebacks += 1
            if place.tracebacks > TRACEBACKS:
                record.exc_info = record.exc_text = None
        message = record.getMessage()
        if len(message) > LONGEST or place.lines == LINES:
            cut = message if len(message) <= LONGEST else message[:LONGEST] + "…"
            record.msg, record.args = cut + (MORE if place.lines == LINES else ""), ()
        return True


def hold(floods: logging.Filter) -> None:
    """Add the filter to all existing handlers, including those of libraries."""
    named = [
        each
        for each in logging.root.manager.loggerDict.values()
        if isinstance(each, logging.Logger)
    ]
    for each in (logging.root, *named):
        for handler in each.handlers:
            handler.addFilter(floods)
