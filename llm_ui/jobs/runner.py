"""The life cycle of a job: claim, run, finish; and recovery of jobs whose worker died.

A job belongs to the worker that claimed its row, as long as its heartbeat is fresh. Any worker that
finds a stale one requeues the job, or marks it as interrupted. A worker that cannot write its
heartbeats stops its jobs before others may take them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from llm_ui.db import Database
from llm_ui.enums import JobEnding, JobStatus
from llm_ui.errors import AppError
from llm_ui.generation.owner import Hearts, life_of, own_name
from llm_ui.jobs import store
from llm_ui.jobs.context import LEASE_S, JobCancelled, JobContext, JobLost, Run
from llm_ui.models import BackgroundJob
from llm_ui.services.operations.jobs import Kind, note_of

logger = logging.getLogger(__name__)

AT_ONCE = 2
MOST_ATTEMPTS = 3
BEAT_EVERY_S = 2.0
REAP_EVERY_S = 5.0
PATIENCE_S = 5.0
UNCLAIMED_AFTER = timedelta(seconds=2)
# Twice the time after which a worker abandons its own jobs.
STALE_AFTER = timedelta(seconds=2 * LEASE_S)
WRITE_TRIES = 6
INTERRUPTED = "error.job_interrupted"

Unhandled = Callable[[BaseException, str], Awaitable[AppError]]


class Runner:
    """Runs all jobs of this process.

    Args:
        runs: the function for each kind of job.
        kinds: the properties of each kind.
        unhandled: reports an unexpected error and returns the error to show.
        owner: this worker's name.
        patience: how many seconds a job has to stop by itself after it has been asked to.
    """

    def __init__(
        self,
        database: Database,
        runs: Mapping[str, Run],
        kinds: Mapping[str, Kind],
        unhandled: Unhandled,
        owner: str | None = None,
        patience: float = PATIENCE_S,
    ) -> None:
        self.database = database
        self.owner = owner or own_name()
        self._runs = runs
        self._kinds = kinds
        self._unhandled = unhandled
        self._patience = patience
        self._places = asyncio.Semaphore(AT_ONCE)
        self._taking: set[str] = set()
        self._live: dict[str, JobContext] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._accepting = True
        self._hearts = Hearts(trusting=True)
        self._quiet = asyncio.Event()
        self._quiet.set()

    # --- life ---------------------------------------------------------------------

    def start(self) -> None:
        """Start the heartbeat and the reaper."""
        self._loops = [
            asyncio.create_task(self._beat_loop(), name="jobs-beat"),
            asyncio.create_task(self._reap_loop(), name="jobs-reaper"),
        ]

    async def stop(self, grace: float) -> None:
        """Give jobs `grace` seconds to finish, then return the rest to the queue."""
        self._accepting = False
        working = [job.task for job in self._live.values() if job.task]
        if working:
            await asyncio.wait(working, timeout=grace)
        for job in list(self._live.values()):
            self._end(job, JobEnding.STOPPING)
        await self._quiet.wait()
        for task in (*self._loops, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._loops, *self._tasks, return_exceptions=True)

    @property
    def free(self) -> int:
        """How many more jobs this worker can start right now."""
        return max(0, AT_ONCE - len(self._taking)) if self._accepting else 0

    def begin(self, job_id: str) -> None:
        """Try to claim and run a job in a task of its own. Returns immediately."""
        self._spawn(self.run(job_id), f"job-{job_id}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- one job ------------------------------------------------------------------

    async def run(self, job_id: str) -> None:
        """Claim the job, if no other worker has, and run it to completion. Never raises."""
        if not self._accepting or job_id in self._taking:
            return
        self._taking.add(job_id)
        try:
            async with self._places:
                row = await self._claim(job_id)
                if row is not None:
                    await self._work(row)
        except SQLAlchemyError:
            logger.exception("could not claim job %s; it remains queued", job_id)
        finally:
            self._taking.discard(job_id)

    async def _claim(self, job_id: str) -> BackgroundJob | None:
        if not self._accepting:
            return None
        async with self.database.unit_of_work() as session:
            return await store.claim(session, job_id, self.owner)

    async def _work(self, row: BackgroundJob) -> None:
        job = JobContext(
            row.job_id, row.job_type, row.payload, row.user_id, row.attempts, self._note
        )
        self._live[job.id] = job
        self._quiet.clear()
        try:
            await self._outcome(job)
        finally:
            self._live.pop(job.id, None)
            if not self._live:
                self._quiet.set()

    async def _outcome(self, job: JobContext) -> None:
        run = self._runs.get(job.kind)
        if run is None:
            await self._finish(job, JobStatus.FAILED, error="error.job_unknown")
            return
        if not self._accepting:
            job.ending = JobEnding.STOPPING
            await self._give_up(job)
            return
        job.task = asyncio.create_task(_awaited(run, job), name=f"work-{job.id}")
        try:
            result = await job.task
        except (JobCancelled, asyncio.CancelledError):
            await self._give_up(job)
        except JobLost:
            logger.warning("job %s (%s) no longer belongs to this worker", job.id, job.kind)
        except AppError as error:
            await self._fail(job, error)
        except Exception as error:  # noqa: BLE001 - the one place that must outlive anything
            await self._fail(job, await self._unhandled(error, f"job {job.kind} {job.id}"))
        else:
            await self._finish(job, JobStatus.DONE, result=result)

    async def _fail(self, job: JobContext, error: AppError) -> None:
        told = {"error_params": error.params, "error_code": error.code}
        await self._finish(job, JobStatus.FAILED, result=told, error=error.message_key)

    async def _give_up(self, job: JobContext) -> None:
        """End a job that was told to stop."""
        if job.ending == JobEnding.LOST:
            logger.warning("job %s (%s) no longer belongs to this worker", job.id, job.kind)
        elif job.cancelled:
            await self._finish(job, JobStatus.CANCELLED)
        elif job.ending == JobEnding.STOPPING and self._kinds[job.kind].repeatable:
            await self._write(lambda s: store.hand_back(s, job.id, self.owner))
        else:
            await self._finish(job, JobStatus.INTERRUPTED, error=INTERRUPTED)

    async def _finish(self, job: JobContext, status: JobStatus, **how: Any) -> None:
        await self._write(lambda s: store.finish(s, job.id, self.owner, status, **how))

    async def _write(self, change: Callable[[Any], Awaitable[bool]]) -> None:
        for attempt in range(WRITE_TRIES):
            try:
                async with self.database.unit_of_work() as session:
                    await change(session)
                return
            except SQLAlchemyError:
                # The database may come back; if it does not, the reaper takes over.
                logger.exception("could not write the end of a job; trying again")
                await asyncio.sleep(0.2 * 2**attempt)

    async def _note(self, job_id: str, progress: float, key: str, params: dict[str, Any]) -> bool:
        try:
            async with self.database.unit_of_work() as session:
                text = note_of(key, params)
                wanted = await store.note(session, job_id, self.owner, progress, text)
        except SQLAlchemyError:
            # Keep working; the lease decides how long that is allowed without a write.
            logger.exception("could not write the progress of job %s", job_id)
            return False
        if wanted is None:
            raise JobLost
        if (job := self._live.get(job_id)) is not None:
            job.beaten = time.monotonic()
        return wanted

    def _end(self, job: JobContext, why: JobEnding) -> None:
        job.ending = job.ending or why
        if job.task is not None:
            job.task.cancel()

    # --- loops --------------------------------------------------------------------

    async def _beat_loop(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            if self._live:
                await self.beat()

    async def beat(self) -> None:
        """Refresh the heartbeats of this worker's jobs, and stop those that should stop."""
        jobs = dict(self._live)
        try:
            async with self.database.unit_of_work() as session:
                mine = await store.beat(session, self.owner, jobs)
        except SQLAlchemyError:
            logger.exception("could not write the heartbeats of jobs")
            mine = {}
            jobs = {n: j for n, j in jobs.items() if time.monotonic() - j.beaten > LEASE_S}
        for job_id, job in jobs.items():
            if job_id not in self._live:
                continue
            if job_id not in mine:
                self._end(job, JobEnding.LOST)
                continue
            job.beaten = time.monotonic()
            if mine[job_id] and not job.cancelled:
                job.cancelled = True
                asyncio.get_running_loop().call_later(
                    self._patience, self._end, job, JobEnding.CANCELLED
                )

    async def _reap_loop(self) -> None:
        while True:
            try:
                await self.reap()
            except SQLAlchemyError:
                logger.exception("could not check the jobs; trying again")
            await asyncio.sleep(REAP_EVERY_S)

    async def reap(self) -> None:
        """Recover jobs of dead workers, then start queued ones that no worker has claimed."""
        async with self.database.unit_of_work(writes=False) as session:
            moment = await store.time_of(session)
            trusts = self._hearts.look(moment)
            running = await store.running(session)
            dead = [job for job in running if self._is_dead(job, moment, trusts=trusts)]
        for job in dead:
            await self._recover(job)
        if self.free:
            async with self.database.unit_of_work(writes=False) as session:
                waiting = await store.unclaimed(session, UNCLAIMED_AFTER, self.free)
            for job_id in waiting:
                self.begin(job_id)

    def _is_dead(self, job: store.StoredJob, moment: datetime, *, trusts: bool) -> bool:
        if job.id in self._live:
            return False
        if life_of(job.owner) == "dead" or job.heartbeat_at is None:
            return True
        # Even if the owner is alive: a worker without heartbeats has abandoned its jobs.
        return trusts and job.heartbeat_at < moment - STALE_AFTER

    async def _recover(self, job: store.StoredJob) -> None:
        kind = self._kinds.get(job.kind)
        again = kind is not None and kind.repeatable and job.attempts < MOST_ATTEMPTS
        async with self.database.unit_of_work() as session:
            if job.cancel_requested:
                await store.end_dead(session, job, JobStatus.CANCELLED)
            elif again:
                again = await store.requeue_dead(session, job)
            else:
                await store.end_dead(session, job, JobStatus.INTERRUPTED, INTERRUPTED)
        if again and not job.cancel_requested:
            logger.warning(
                "the worker of job %s (%s) died; starting the job again", job.id, job.kind
            )
            self.begin(job.id)


async def _awaited(run: Run, job: JobContext) -> dict[str, Any]:
    return await run(job)
