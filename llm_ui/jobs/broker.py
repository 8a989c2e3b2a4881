"""Dispatching new jobs to workers: taskiq, in this process or over Redis.

In process, a job is started by the worker that queued it. With REDIS_URL its ID is pushed to a
list, and whichever worker has capacity pops it. A message contains only the ID, and may be lost or
delivered twice: the job's row is authoritative.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from taskiq import AsyncBroker, InMemoryBroker
from taskiq.exceptions import SendTaskError
from taskiq.receiver import Receiver
from taskiq_redis import ListQueueBroker

from llm_ui import outages

TASK = "job"
FAILURES = (RedisError, OSError, TimeoutError)
# How long a read blocks waiting for a message; the socket timeout is slightly longer.
WAIT_S = 2
SOCKET_S = 5.0
PAUSE_S = 2.0


class _Queue(ListQueueBroker):
    """taskiq's list queue, with a listener that survives Redis outages."""

    async def listen(self) -> AsyncGenerator[bytes, None]:
        """Yield messages as they arrive."""
        while True:
            try:
                async with Redis(connection_pool=self.connection_pool) as redis:
                    found = await redis.brpop([self.queue_name], timeout=WAIT_S)  # type: ignore[misc]
            except FAILURES as error:
                outages.queue.failed(error)
                await asyncio.sleep(PAUSE_S)
                continue
            outages.queue.worked()
            if found:
                yield found[1]


class Broker:
    """Delivers job IDs to a worker that runs them.

    Args:
        run: runs a job to completion; never raises.
        redis_url: the address of Redis; None for this process alone.
        name: the name of the list, the same for all workers of an installation.
        at_once: how many jobs a worker takes from the list concurrently.
    """

    def __init__(
        self,
        run: Callable[[str], Awaitable[None]],
        redis_url: str | None,
        name: str,
        at_once: int,
    ) -> None:
        self._at_once = at_once
        self._done = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.crosses = redis_url is not None
        self._broker: AsyncBroker = InMemoryBroker()
        if redis_url is not None:
            self._broker = _Queue(
                redis_url,
                queue_name=name,
                socket_timeout=SOCKET_S,
                socket_connect_timeout=WAIT_S,
                # One retry: Redis may have closed the pooled connection in the meantime.
                retry=Retry(NoBackoff(), 1),
            )

        async def job(job_id: str) -> None:
            await run(job_id)

        self._task = self._broker.register_task(job, TASK)

    async def start(self) -> None:
        """Start taking jobs."""
        await self._broker.startup()
        if self.crosses:
            self._broker.is_worker_process = True
            receiver = Receiver(self._broker, max_async_tasks=self._at_once, run_startup=False)
            self._listening = asyncio.create_task(receiver.listen(self._done), name="jobs-queue")

    def close(self) -> None:
        """Stop taking jobs."""
        self._done.set()

    async def stop(self) -> None:
        """Shut down, after the last job has ended."""
        self.close()
        if self._listening is not None:
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._broker.shutdown()

    async def kick(self, job_id: str) -> bool:
        """Dispatch a job, here or to another worker; False if the queue is unavailable."""
        try:
            await self._task.kiq(job_id)
        except SendTaskError as error:
            outages.queue.failed(error.__cause__ or error)
            return False
        return True
