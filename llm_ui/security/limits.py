"""How often something may happen, counted in this process."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_KEYS = 10_000


class Allowance:
    """So many times in each window, for each key; for what must not fill a log or a table.

    Args:
        times: how often within one window.
        seconds: how long a window is; they follow one another without overlap.
        clock: where the time comes from, in seconds.
    """

    def __init__(
        self, times: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._times = times
        self._seconds = seconds
        self._clock = clock
        self._window = -1
        self._counts: dict[str, int] = {}

    def take(self, key: str, amount: int = 1) -> bool:
        """Whether it may happen once more now, or so many times at once; counts it if so."""
        window = int(self._clock() / self._seconds)
        if window != self._window:
            self._window, self._counts = window, {}
        count = self._counts.get(key, 0)
        # Keys come from outside: past a bound, new ones share one count.
        if not count and len(self._counts) >= MOST_KEYS:
            key = ""
            count = self._counts.get(key, 0)
        if count + amount > self._times:
            return False
        self._counts[key] = count + amount
        return True

    def until_next(self) -> float:
        """How long the present window still is, in seconds."""
        return self._seconds - self._clock() % self._seconds
