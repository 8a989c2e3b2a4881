"""Rate limits, counted per process."""

from __future__ import annotations

import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_KEYS = 10_000
SHARED = 1024
# The resolution of the sliding window: events within one such part expire together.
PARTS = 60
# The key in a websocket's ASGI scope under which api/http/bodies.py stores the connection, so that
# others can tell it which user the connection belongs to.
OPEN_SOCKET = "llm_ui.open_socket"


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a limit after an attempt. `wait` is the number of seconds until the next attempt
    succeeds (0 if it would succeed now); `reset` is the number of seconds until the full limit is
    available again."""

    taken: bool
    limit: int
    remaining: int
    wait: float
    reset: float


@dataclass(slots=True)
class _Part:
    """One part of the window: the number of events in it, and the time of the last one."""

    number: int
    last: float = 0.0
    count: int = 0


@dataclass(slots=True)
class _Past:
    """The events of one window, grouped by part."""

    parts: deque[_Part] = field(default_factory=deque)
    total: int = 0

    def forget(self, until: float) -> None:
        while self.parts and self.parts[0].last <= until:
            self.total -= self.parts.popleft().count

    def note(self, number: int, moment: float, amount: int) -> None:
        if not self.parts or self.parts[-1].number != number:
            self.parts.append(_Part(number))
        self.parts[-1].last = moment
        self.parts[-1].count += amount
        self.total += amount


class Allowance:
    """A rate limit per key, over a sliding window.

    Args:
        times: how many events are allowed within a window.
        seconds: the length of the window.
        clock: returns the time in seconds.
    """

    def __init__(
        self, times: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._times = times
        self._seconds = seconds
        self._clock = clock
        self._pasts: dict[str, _Past] = {}
        self._swept = -1
        self._salt = secrets.token_hex(8)

    def take(self, key: str, amount: int = 1) -> bool:
        """Whether `amount` more events are allowed now; if so, they are counted."""
        return self.draw(key, amount).taken

    def draw(self, key: str, amount: int = 1) -> Standing:
        """Count `amount` events if all of them are allowed, and return the resulting state."""
        moment = self._clock()
        past = self._past(key, moment)
        past.forget(moment - self._seconds)
        taken = past.total + amount <= self._times
        if taken:
            past.note(self._part(moment), moment, amount)
        remaining = max(0, self._times - past.total)
        wait, free = 0.0, self._times - past.total
        for each in past.parts:
            if free >= amount:
                break
            wait, free = self._left(each, moment), free + each.count
        reset = self._left(past.parts[-1], moment) if past.parts else 0.0
        return Standing(taken, self._times, remaining, wait, reset)

    def _part(self, moment: float) -> int:
        return int(moment * PARTS / self._seconds)

    def _left(self, part: _Part, moment: float) -> float:
        """Seconds until a part's events expire: all of them together, one window after the last."""
        return self._seconds - (moment - part.last)

    def _past(self, key: str, moment: float) -> _Past:
        found = self._pasts.get(key)
        if found is None:
            if len(self._pasts) >= MOST_KEYS:
                self._sweep(moment)
            # Keys come from outside: beyond the maximum number, new keys share counters, and it is
            # secret which keys share one, so that made-up keys cannot exhaust other keys' counters.
            if len(self._pasts) >= MOST_KEYS:
                key = f"shared {hash((self._salt, key)) % SHARED}"
            found = self._pasts.setdefault(key, _Past())
        return found

    def _sweep(self, moment: float) -> None:
        """Drop keys without events in the window, at most once per part."""
        part = self._part(moment)
        if part == self._swept:
            return
        self._swept = part
        for key, past in list(self._pasts.items()):
            past.forget(moment - self._seconds)
            if not past.total:
                del self._pasts[key]


def whole(seconds: float) -> int:
    """Seconds for a Retry-After: rounded up, and at least 1."""
    return max(1, math.ceil(seconds))
