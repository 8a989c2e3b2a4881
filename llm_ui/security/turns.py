"""Fair queueing for costly work, no matter how often a single caller asks."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """A semaphore whose waiters take turns by key, so a caller who asks a hundred times only delays
    themselves. Known callers get every second turn.

    Args:
        at_once: how many callers may hold it at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        # Strangers and known callers; in each, the key whose turn is next comes first.
        self._lanes: tuple[dict[str, deque[asyncio.Future[None]]], ...] = ({}, {})
        self._last = 0
        self.waiting = 0

    async def take(self, key: str, *, is_known: bool = False) -> None:
        """Wait for a turn; `leave` ends it."""
        if self._free and not self.waiting:
            self._free -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lanes[is_known].setdefault(key, deque()).append(mine)
        self.waiting += 1
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():
                # The turn was granted at the same moment: pass it on.
                self.leave()
            raise

    def leave(self) -> None:
        """End a turn, so that the next one starts."""
        self._free += 1
        while self._free and self.waiting:
            mine = self._next()
            if not mine.cancelled():
                self._free -= 1
                mine.set_result(None)

    def _next(self) -> asyncio.Future[None]:
        """Remove and return the next waiter in line."""
        self._last = 1 - self._last if self._lanes[1 - self._last] else self._last
        lane = self._lanes[self._last]
        key = next(iter(lane))
        queue = lane.pop(key)
        mine = queue.popleft()
        if queue:
            # Back of the line.
            lane[key] = queue
        self.waiting -= 1
        return mine
