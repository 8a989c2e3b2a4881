"""Admission to streaming: limits per provider and per user, and a fair queue.

Users take turns when waiting runs are admitted, so a user with ten waiting runs doesn't delay a
user with one. The counts are those of this process. With several workers, the database counts again
for all of them when a run is claimed (`store.claim`); a run that gets no slot there returns to its
position in the queue and waits for `news`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import count


@dataclass(frozen=True, slots=True)
class Lane:
    """The limits that apply to a run. None means no limit."""

    user_id: str
    provider_id: str
    per_user: int | None = None
    per_provider: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether any limit applies."""
        return self.per_user is not None or self.per_provider is not None


class NoPlace(Exception):
    """All slots are taken, some of them on other workers.

    Args:
        full: the owners of the limits that are reached: the ID of the user, of the provider, or of
            both.
    """

    def __init__(self, full: frozenset[str]) -> None:
        super().__init__(*sorted(full))
        self.full = full


@dataclass(slots=True, eq=False)
class Place:
    """A run's place in the queue, and later among the streaming runs."""

    lane: Lane
    number: int
    turn: int
    is_held: bool = False
    # The value of the gate's `_heard` when the place was taken; later news may concern it.
    heard: int = 0
    free: asyncio.Future[None] = field(init=False)


class Gate:
    """Admits runs as places become free."""

    def __init__(self) -> None:
        self._users: Counter[str] = Counter()
        self._providers: Counter[str] = Counter()
        self._full: set[str] = set()
        self._waiting: dict[str, list[Place]] = {}
        # The lowest turn is next; a user who gets a place goes to the end.
        self._turns: dict[str, int] = {}
        self._numbers = count()
        self._heard = 0

    @property
    def waiting(self) -> int:
        """The number of waiting runs."""
        return sum(len(queue) for queue in self._waiting.values())

    async def enter(self, lane: Lane) -> Place:
        """Wait for a place. The caller must `leave` it."""
        number = next(self._numbers)
        place = Place(lane, number, self._turns.get(lane.user_id, number))
        if not self._waiting.get(lane.user_id) and self._has_room(lane):
            self._take(place)
        else:
            self._queue_up(place)
            await self._wait(place)
        return place

    async def wait_again(self, place: Place, full: frozenset[str]) -> None:
        """Release the place and wait at the previous position in the queue until there is news."""
        self._give_back(place)
        if place.heard == self._heard:
            self._full |= full
        self._queue_up(place)
        # Someone to whom the reached limit doesn't apply may have the place.
        self._let_in()
        await self._wait(place)

    def leave(self, place: Place) -> None:
        """Release the slot and admit the next run."""
        if place.is_held:
            self._give_back(place)
            self._heard += 1
            self._full -= {place.lane.user_id, place.lane.provider_id}
            self._let_in()

    def news(self) -> None:
        """Handle that a place may have become free on another worker."""
        self._heard += 1
        self._full.clear()
        self._let_in()

    def _has_room(self, lane: Lane) -> bool:
        own, shared = lane.per_user, lane.per_provider
        if not self._full.isdisjoint((lane.user_id, lane.provider_id)):
            return not lane.is_limited
        return (own is None or self._users[lane.user_id] < own) and (
            shared is None or self._providers[lane.provider_id] < shared
        )

    def _take(self, place: Place) -> None:
        place.is_held, place.heard = True, self._heard
        self._users[place.lane.user_id] += 1
        self._providers[place.lane.provider_id] += 1

    def _give_back(self, place: Place) -> None:
        place.is_held = False
        self._users[place.lane.user_id] -= 1
        self._providers[place.lane.provider_id] -= 1

    def _queue_up(self, place: Place) -> None:
        user_id = place.lane.user_id
        place.free = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(user_id, [])
        queue.append(place)
        queue.sort(key=lambda each: each.number)
        self._turns[user_id] = min(place.turn, self._turns.get(user_id, place.turn))

    async def _wait(self, place: Place) -> None:
        try:
            await place.free
        except asyncio.CancelledError:
            if place.is_held:
                self.leave(place)
            else:
                self._forget(place)
            raise

    def _let_in(self) -> None:
        let_in = True
        while let_in:
            let_in = False
            for user_id in sorted(self._waiting, key=self._turns.__getitem__):
                found = next((p for p in self._waiting[user_id] if self._has_room(p.lane)), None)
                if found is None:
                    continue
                found.turn = self._turns[user_id]
                self._forget(found)
                if user_id in self._turns:
                    self._turns[user_id] = next(self._numbers)
                self._take(found)
                found.free.set_result(None)
                let_in = True

    def _forget(self, place: Place) -> None:
        user_id = place.lane.user_id
        queue = self._waiting[user_id]
        queue.remove(place)
        if not queue:
            del self._waiting[user_id], self._turns[user_id]
