"""Who may stream now: limits per provider and per person, and a fair order.

Waiting runs are taken person by person: somebody with ten waiting runs does not keep
somebody with one behind all ten. The counts are this process's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a run queues. A limit of None lets everything through."""

    user_id: str
    provider_id: str
    per_user: int | None = None
    per_provider: int | None = None


class Gate:
    """Lets runs in as places become free."""

    def __init__(self) -> None:
        self._users: Counter[str] = Counter()
        self._providers: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[tuple[Lane, asyncio.Future[None]]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return sum(len(queue) for queue in self._waiting.values())

    async def enter(self, lane: Lane) -> None:
        """Wait for a place; whoever has entered must leave."""
        if not self._waiting.get(lane.user_id) and self._has_place(lane):
            self._take(lane)
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(lane.user_id, deque()).append((lane, place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(lane)
            else:
                self._forget(lane, place)
            raise

    def leave(self, lane: Lane) -> None:
        """Give the place back, and let in whoever may come."""
        self._users[lane.user_id] -= 1
        self._providers[lane.provider_id] -= 1
        self._let_in()

    def _has_place(self, lane: Lane) -> bool:
        own, shared = lane.per_user, lane.per_provider
        return (own is None or self._users[lane.user_id] < own) and (
            shared is None or self._providers[lane.provider_id] < shared
        )

    def _take(self, lane: Lane) -> None:
        self._users[lane.user_id] += 1
        self._providers[lane.provider_id] += 1

    def _let_in(self) -> None:
        let_in = True
        while let_in:
            let_in = False
            for user_id in list(self._waiting):
                queue = self._waiting[user_id]
                found = next((each for each in queue if self._has_place(each[0])), None)
                if found is None:
                    continue
                queue.remove(found)
                # Whoever got a place goes behind everybody else who waits.
                del self._waiting[user_id]
                if queue:
                    self._waiting[user_id] = queue
                self._take(found[0])
                found[1].set_result(None)
                let_in = True

    def _forget(self, lane: Lane, place: asyncio.Future[None]) -> None:
        queue = self._waiting.get(lane.user_id)
        if queue is not None:
            self._waiting[lane.user_id] = deque(each for each in queue if each[1] is not place)
            if not self._waiting[lane.user_id]:
                del self._waiting[lane.user_id]
