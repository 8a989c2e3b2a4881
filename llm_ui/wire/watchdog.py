"""One timer per answer, instead of one per read.

A timeout in an async generator must not be active while the generator is suspended in a `yield`: it
would cancel the consumer. So the watchdog only counts while it is entered, that is, while the
answer's task waits for the network; time spent in the consumer extends the silence deadline. A read
costs two clock calls; the timer itself is rescheduled only after it has fired too early.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from llm_ui.errors import ProviderTimeout
from llm_ui.wire.events import Timeouts


class Watchdog:
    """Raises ProviderTimeout when a wait takes too long.

    Enter it (`with watchdog:`) around every await on the network, from one task at a time. The
    phase is `first_token` until the first `progress()`, then `silence`; `total` counts from the
    start, including time spent in the consumer.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeouts = timeouts
        now = self._loop.time()
        self._phase = "first_token"
        self._limit = timeouts.first_token
        self._deadline = now + timeouts.first_token
        self._end = now + timeouts.total
        self._left_at = now
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._fired = False
        self._timer: asyncio.TimerHandle | None = None

    def remaining(self) -> float:
        """Seconds until the next deadline."""
        return min(self._deadline, self._end) - self._loop.time()

    def progress(self) -> None:
        """A piece of the answer has arrived: restart the silence timeout."""
        if self._phase == "first_token":
            self._phase = "silence"
            self._limit = self._timeouts.silence
            self._disarm()
        self._deadline = self._loop.time() + self._limit

    def shorten(self, seconds: float) -> None:
        """Only the end of the body is still expected: wait at most this many seconds for it."""
        self._phase, self._limit = "silence", min(self._limit, seconds)
        self._deadline = self._loop.time() + self._limit
        self._disarm()

    def stop(self) -> None:
        """Cancel the timer."""
        self._disarm()
        self._task = None

    def __enter__(self) -> None:
        now = self._loop.time()
        self._deadline += now - self._left_at
        if now >= self._end:
            raise ProviderTimeout("total", self._timeouts.total)
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        if self._timer is None:
            self._timer = self._loop.call_at(min(self._deadline, self._end), self._check)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        self._left_at = now = self._loop.time()
        if not self._fired:
            return
        # The timer canceled this task. Unless other code also canceled it, turn the cancellation
        # into a timeout, as asyncio.timeout does.
        self._fired = False
        if task is not None and task.uncancel() <= self._cancelling and error is not None:
            if now >= self._end:
                raise ProviderTimeout("total", self._timeouts.total) from error
            raise ProviderTimeout(self._phase, self._limit) from error

    def _check(self) -> None:
        self._timer = None
        if self._task is None:
            return  # nobody is waiting; the next wait sets the timer again
        deadline = min(self._deadline, self._end)
        if self._loop.time() < deadline:
            self._timer = self._loop.call_at(deadline, self._check)
            return
        self._fired = True
        self._task.cancel()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
