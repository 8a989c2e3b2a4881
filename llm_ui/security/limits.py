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
class _Past:
    """What happened in a window: how often, by the part of the window it happened in."""

    parts: deque[list[int]] = field(default_factory=deque)
    total: int = 0

    def forget(self, before: int) -> None:
        while self.parts and self.parts[0][0] < before:
            self.total -= self.parts.popleft()[1]

    def note(self, part: int, amount: int) -> None:
        if not self.parts or self.parts[-1][0] != part:
            self.parts.append([part, 0])
        self.parts[-1][1] += amount
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
        self._part_s = seconds / PARTS
        self._clock = clock
        self._pasts: dict[str, _Past] = {}
        self._swept = -1

    def take(self, key: str, amount: int = 1) -> bool:
        """Whether it may happen once more now, or so many times at once; counts it if so."""
        return self.draw(key, amount).taken

    def draw(self, key: str, amount: int = 1) -> Standing:
        """Take so many if all of them are there, and say how things stand."""
        moment = self._clock()
        part = int(moment / self._part_s)
        past = self._past(key, part)
        # A part is over as a whole only when its last moment is a window ago.
        past.forget(part - PARTS)
        taken = past.total + amount <= self._times
        if taken:
            past.note(part, amount)
        remaining = max(0, self._times - past.total)
        wait, free = 0.0, self._times - past.total
        for each, count in past.parts:
            if free >= amount:
                break
            wait, free = self._gone(each) - moment, free + count
        reset = self._gone(past.parts[-1][0]) - moment if past.parts else 0.0
        return Standing(taken, self._times, remaining, wait, reset)

    def _gone(self, part: int) -> float:
        """When what happened in this part no longer counts."""
        return (part + PARTS + 1) * self._part_s

    def _past(self, key: str, part: int) -> _Past:
        found = self._pasts.get(key)
        if found is None:
            if len(self._pasts) >= MOST_KEYS:
                self._sweep(part)
            # Keys come from outside: past a bound, new ones share one count.
            if len(self._pasts) >= MOST_KEYS:
                key = ""
            found = self._pasts.setdefault(key, _Past())
        return found

    def _sweep(self, part: int) -> None:
        """Let go of those for whom nothing counts any more, once in a part."""
        if part == self._swept:
            return
        self._swept = part
        for key, past in list(self._pasts.items()):
            past.forget(part - PARTS)
            if not past.total:
                del self._pasts[key]


def whole(seconds: float) -> int:
    """Seconds as they are told to somebody who waits: whole ones, enough, and never none."""
    return max(1, math.ceil(seconds))
