"""The interface between a job and the runner."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from llm_ui.enums import JobEnding

T = TypeVar("T")

# The minimum interval between progress writes; pages poll about as often.
WRITE_EVERY_S = 0.5
# How often the progress of a job in a thread is polled.
LOOK_EVERY_S = 0.25
# After this long without the database, other workers may soon take the job, so it must stop.
LEASE_S = 30.0


class JobCancelled(Exception):
    """Cancellation of this job was requested. Clean up and let it propagate."""


class JobLost(Exception):
    """This job no longer belongs to this worker and must not continue."""


Note = Callable[[str, float, str, dict[str, Any]], Awaitable[bool]]
Step = Callable[..., None]


@dataclass
class JobContext:
    """One run of a job: its input, and how it reports progress."""

    id: str
    kind: str
    payload: dict[str, Any]
    actor_id: str | None
    attempt: int
    note: Note = field(repr=False)
    cancelled: bool = False
    ending: JobEnding | None = None
    task: asyncio.Task[dict[str, Any]] | None = field(default=None, repr=False)
    beaten: float = field(default_factory=time.monotonic)
    _written: float = 0.0

    async def progress(self, fraction: float, note: str = "", **params: Any) -> None:
        """Report the job's progress; cheap enough to be called often.

        Args:
            fraction: from 0 to 1.
            note: a catalog key for the current step; `params` fill it in.

        Raises:
            JobCancelled: cancellation was requested.
            JobLost: another worker has the job, or may soon have it.
        """
        self.check()
        moment = time.monotonic()
        if moment - self._written < WRITE_EVERY_S:
            return
        self._written = moment
        self.cancelled |= await self.note(self.id, min(max(fraction, 0.0), 1.0), note, params)
        self.check()

    def check(self) -> None:
        """Raise JobCancelled or JobLost if the job must stop. Safe to call from any thread."""
        if self.ending == JobEnding.LOST or time.monotonic() - self.beaten > LEASE_S:
            raise JobLost
        if self.ending or self.cancelled:
            raise JobCancelled

    async def in_thread(self, work: Callable[[Step], T]) -> T:
        """Run blocking work in a thread. It gets a function `step(fraction, note, **params)` that
        it must call often: this function reports progress, and is the point at which the work can
        be stopped.

        In all cases, this returns only once the thread has ended, so nothing keeps running in the
        background.
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
                self.ending = self.ending or JobEnding.CANCELLED
                await asyncio.wait({thread})
                # Retrieve the exception, so that asyncio does not log it; it no longer matters.
                thread.exception()


Run = Callable[[JobContext], Awaitable[dict[str, Any]]]
