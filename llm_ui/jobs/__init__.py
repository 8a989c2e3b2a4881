"""Background jobs in this process: taking them from the queue and running them."""

from __future__ import annotations

from llm_ui.db import Database
from llm_ui.errors import AppError
from llm_ui.jobs.broker import Broker
from llm_ui.jobs.registry import RUNS
from llm_ui.jobs.runner import AT_ONCE, Runner
from llm_ui.services.audit import recording
from llm_ui.services.operations import jobs


async def _unhandled(error: BaseException, where: str) -> AppError:
    reference = await recording.report_unhandled(error, where=where)
    return AppError("error.internal", reference=reference)


class Jobs:
    """The queue and the runner of one process.

    Args:
        redis_url: the queue shared with other workers; None for a queue of this process alone.
        name: the common prefix of all workers of this installation.
    """

    def __init__(self, database: Database, redis_url: str | None = None, name: str = "") -> None:
        self.runner = Runner(database, RUNS, jobs.KINDS, _unhandled)
        self._broker = Broker(self.runner.run, redis_url, f"{name}:jobs", AT_ONCE)

    async def start(self) -> None:
        """Start taking jobs, beginning with those of a dead worker."""
        await self._broker.start()
        self.runner.start()
        jobs.on_queued(self._queued)

    async def stop(self, grace: float) -> None:
        """Give jobs `grace` seconds to finish; unfinished ones are returned to the queue."""
        jobs.forget(self._queued)
        self._broker.close()
        await self.runner.stop(grace)
        await self._broker.stop()

    async def _queued(self, job_id: str) -> None:
        if not await self._broker.kick(job_id):
            self.runner.begin(job_id)


__all__ = ["Jobs"]
