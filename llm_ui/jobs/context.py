"""What a job sees of the machinery that runs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

# How often a job's progress is written at most: a page asks about as often.
WRITE_EVERY_S = 0.5
# How often a job in a thread is asked how far it is.
LOOK_EVERY_S = 0.25
# Without word from the database for so long, others may soon take the job: it has to stop.
LEASE_S = 30.0


class JobCancelled(Exception):
    """Somebody has asked this job to stop. Clean up and let it through."""


class JobLost(Exception):
    """This job is no longer this worker's: it must not go on."""


Note = Callable[[str, float, str, dict[str, Any]], Awaitable[bool]]
Step = Callable[..., None]


@dataclass
class JobContext:
    """One run of a job: what it was asked, and how it says how far it is."""

    id: str
    kind: str
    payload: dict[str, Any]
    actor_id: str | None
    attempt: int
    note: Note = field(repr=False)
    cancelled: bool = False
    # Why its task was cancelled: "cancelled", "stopping" or "lost".
    ending: str = ""
    task: asyncio.Task[dict[str, Any]] | None = field(default=None, repr=False)
    beaten: float = field(default_factory=time.monotonic)
    _written: float = 0.0

    async def progress(self, fraction: float, note: str = "", **params: Any) -> None:
        """Say how far the job is; cheap, to be called often.

        Args:
            fraction: from 0 to 1.
            note: what it is doing: a key of the catalogues; `params` fill it in.

        Raises:
            JobCancelled: somebody wants it to stop.
            JobLost: another worker has it, or may have it soon.
        """
        self.check()
        moment = time.monotonic()
        if moment - self._written < WRITE_EVERY_S:
            return
        self._written = moment
        self.cancelled |= await self.note(self.id, min(max(fraction, 0.0), 1.0), note, params)
        self.check()

    def check(self) -> None:
        """Raise JobCancelled or JobLost if the job is to stop; for any thread."""
        if self.ending == "lost" or time.monotonic() - self.beaten > LEASE_S:
            raise JobLost
        if self.ending or self.cancelled:
            raise JobCancelled

    async def in_thread(self, work: Callable[[Step], T]) -> T:
        """Do blocking work in a thread. It is handed `step(fraction, note, **params)`, which it
        calls often: that is its progress, and where it is stopped.

        Returns when the thread has ended, whatever happens: nothing of it goes on behind.
        """
        latest: list[tuple[float, str, dict[str, Any]]] = []

        def step(fraction: float, note: str = "", **params: Any) -> None:
            self.check()
            latest[:] = [(fraction, note, params)]

        thread = asyncio.create_task(asyncio.to_thread(work, step))
        try:
            while not (await asyncio.wait({thread}, timeout=LOOK_EVERY_S))[0]:
                if latest:
                    fraction, note, params = latest[0]
                    await self.progress(fraction, note, **params)
            return thread.result()
        finally:
            if not thread.done():
                self.ending = self.ending or "cancelled"
                await asyncio.wait({thread})
                # What it says at its end is of no interest any more.
                thread.exception()


Run = Callable[[JobContext], Awaitable[dict[str, Any]]]
