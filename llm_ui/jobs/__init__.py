"""The jobs of this process: who takes them, who runs them."""

from __future__ import annotations

from llm_ui.db import Database
from llm_ui.errors import AppError
from llm_ui.jobs.broker import Broker
from llm_ui.jobs.registry import RUNS
from llm_ui.jobs.runner import AT_ONCE, Runner
from llm_ui.services import jobs, monitoring


async def _unhandled(error: BaseException, where: str) -> AppError:
    reference = await monitoring.report_unhandled(error, where=where)
    return AppError("error.internal", reference=reference)


class Jobs:
    """Queue and runner of one process.

    Args:
        redis_url: where other workers take jobs from too; None for this process alone.
        name: of what all workers of this installation share.
    """

    def __init__(self, database: Database, redis_url: str | None = None, name: str = "") -> None:
        self.runner = Runner(database, RUNS, jobs.KINDS, _unhandled)
        self._broker = Broker(self.runner.run, redis_url, f"{name}:jobs", AT_ONCE)

    async def start(self) -> None:
        """Begin to take jobs, the ones of a worker that died first."""
        await self._broker.start()
        self.runner.start()
        jobs.on_queued(self._queued)

    async def stop(self, grace: float) -> None:
        """Let jobs end for `grace` seconds; what is not over is handed back to the queue."""
        jobs.forget(self._queued)
        self._broker.close()
        await self.runner.stop(grace)
        await self._broker.stop()

    async def _queued(self, job_id: str) -> None:
        if not await self._broker.kick(job_id):
            self.runner.begin(job_id)


__all__ = ["Jobs"]
