"""How often something may happen, counted in this process."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_KEYS = 10_000
# How finely a window slides: what happened in one of so many parts of it is forgotten together.
PARTS = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands after an attempt. `wait` is how many seconds until the next one
    goes through, 0 if it does now; `reset` until all of the window is theirs again."""

    taken: bool
    limit: int
    remaining: int
    wait: float
    reset: float


@dataclass(slots=True)
class _Part:
    """A part of the window: how often it happened in it, and when last."""

    number: int
    last: float = 0.0
    count: int = 0


@dataclass(slots=True)
class _Past:
    """What happened in a window, by the part of the window it happened in."""

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
    """So many times in any window, wherever it begins, for each key.

    Args:
        times: how often within one window.
        seconds: how long a window is.
        clock: where the time comes from, in seconds.
    """

    def __init__(
        self, times: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._times = times
        self._seconds = seconds
        self._clock = clock
        self._pasts: dict[str, _Past] = {}
        self._swept = -1

    def take(self, key: str, amount: int = 1) -> bool:
        """Whether it may happen once more now, or so many times at once; counts it if so."""
        return self.draw(key, amount).taken

    def draw(self, key: str, amount: int = 1) -> Standing:
        """Take so many if all of them are there, and say how things stand."""
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
        """In how many seconds what happened in a part no longer counts: all of it together, a
        window after its last."""
        return self._seconds - (moment - part.last)

    def _past(self, key: str, moment: float) -> _Past:
        found = self._pasts.get(key)
        if found is None:
            if len(self._pasts) >= MOST_KEYS:
                self._sweep(moment)
            # Keys come from outside: past a bound, new ones share one count.
            if len(self._pasts) >= MOST_KEYS:
                key = ""
            found = self._pasts.setdefault(key, _Past())
        return found

    def _sweep(self, moment: float) -> None:
        """Let go of those for whom nothing counts any more, once in a part."""
        part = self._part(moment)
        if part == self._swept:
            return
        self._swept = part
        for key, past in list(self._pasts.items()):
            past.forget(moment - self._seconds)
            if not past.total:
                del self._pasts[key]


def whole(seconds: float) -> int:
    """Seconds as they are told to somebody who waits: whole ones, enough, and never none."""
    return max(1, math.ceil(seconds))
