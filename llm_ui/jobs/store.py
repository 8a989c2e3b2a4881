"""Job rows: each transition is a single conditional UPDATE, so that only one worker can make it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.enums import JobStatus
from llm_ui.generation.store import clock, time_of
from llm_ui.models import BackgroundJob
from llm_ui.models.base import now

__all__ = ["StoredJob", "clock", "time_of"]

Job = BackgroundJob


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A running job as stored in its row."""

    id: str
    kind: str
    owner: str
    attempts: int
    cancel_requested: bool
    heartbeat_at: datetime | None


async def _changed(session: AsyncSession, statement: Any) -> bool:
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


async def claim(session: AsyncSession, job_id: str, owner: str) -> BackgroundJob | None:
    """Claim a queued job; None if another worker has it, or it is no longer queued."""
    moment = now()
    won = await _changed(
        session,
        sa.update(Job)
        .where(col(Job.job_id) == job_id, col(Job.status) == JobStatus.QUEUED)
        .values(
            status=JobStatus.RUNNING,
            owner=owner,
            heartbeat_at=clock(session),
            started_at=moment,
            attempts=Job.attempts + 1,
            progress=0.0,
            note="",
        ),
    )
    return await session.get(Job, job_id, populate_existing=True) if won else None


def _mine(job_id: str, owner: str) -> list[sa.ColumnElement[bool]]:
    return [
        col(Job.job_id) == job_id,
        col(Job.owner) == owner,
        col(Job.status) == JobStatus.RUNNING,
    ]


async def beat(session: AsyncSession, owner: str, job_ids: Iterable[str]) -> dict[str, bool]:
    """Refresh the heartbeats of these jobs.

    Returns:
        the jobs that still belong to this owner, each with whether cancellation was requested.
    """
    statement = (
        sa.update(Job)
        .where(
            col(Job.job_id).in_(list(job_ids)),
            col(Job.owner) == owner,
            col(Job.status) == JobStatus.RUNNING,
        )
        .values(heartbeat_at=clock(session))
        .returning(col(Job.job_id), col(Job.cancel_requested))
    )
    return {row.job_id: row.cancel_requested for row in await session.execute(statement)}


async def note(
    session: AsyncSession, job_id: str, owner: str, progress: float, text: str
) -> bool | None:
    """Store a job's progress; returns whether cancellation was requested, None if the job was
    lost."""
    statement = (
        sa.update(Job)
        .where(*_mine(job_id, owner))
        .values(progress=progress, note=text, heartbeat_at=clock(session))
        .returning(col(Job.cancel_requested))
    )
    wanted: bool | None = await session.scalar(statement)
    return wanted


async def finish(
    session: AsyncSession,
    job_id: str,
    owner: str,
    status: JobStatus,
    *,
    result: dict[str, Any] | None = None,
    error: str = "",
) -> bool:
    """Store a job's outcome; False if it no longer belonged to `owner`."""
    done = {"progress": 1.0} if status == JobStatus.DONE else {}
    return await _changed(
        session,
        sa.update(Job)
        .where(*_mine(job_id, owner))
        .values(status=status, result=result or {}, error=error, finished_at=now(), **done),
    )


QUEUED_AGAIN: dict[str, Any] = {
    "status": JobStatus.QUEUED,
    "owner": None,
    "heartbeat_at": None,
    "started_at": None,
    "progress": 0.0,
    "note": "",
}


async def hand_back(session: AsyncSession, job_id: str, owner: str) -> bool:
    """Requeue a job of `owner`; an orderly shutdown does not count as an attempt."""
    return await _changed(
        session,
        sa.update(Job)
        .where(*_mine(job_id, owner))
        .values(**QUEUED_AGAIN, attempts=Job.attempts - 1),
    )


def _dead(job: StoredJob) -> list[sa.ColumnElement[bool]]:
    """Matches the job if its heartbeat has not changed since it was read."""
    return [*_mine(job.id, job.owner), col(Job.heartbeat_at).is_not_distinct_from(job.heartbeat_at)]


async def requeue_dead(session: AsyncSession, job: StoredJob) -> bool:
    """Requeue a job whose worker is dead; False if another worker was faster, or it is alive."""
    return await _changed(session, sa.update(Job).where(*_dead(job)).values(**QUEUED_AGAIN))


async def end_dead(
    session: AsyncSession, job: StoredJob, status: JobStatus, error: str = ""
) -> bool:
    """Store the outcome of a job whose worker is dead; False as in `requeue_dead`."""
    return await _changed(
        session,
        sa.update(Job).where(*_dead(job)).values(status=status, error=error, finished_at=now()),
    )


async def unclaimed(session: AsyncSession, older_than: timedelta, limit: int) -> list[str]:
    """Queued jobs that no worker has claimed, oldest first."""
    query = sa.select(col(Job.job_id)).where(
        col(Job.status) == JobStatus.QUEUED, col(Job.created_at) < now() - older_than
    )
    return list(await session.scalars(query.order_by(col(Job.created_at)).limit(limit)))


async def running(session: AsyncSession) -> list[StoredJob]:
    """All running jobs, whichever worker runs them."""
    query = sa.select(Job).where(col(Job.status) == JobStatus.RUNNING)
    return [
        StoredJob(
            row.job_id,
            row.job_type,
            row.owner or "",
            row.attempts,
            row.cancel_requested,
            row.heartbeat_at,
        )
        for row in await session.scalars(query)
    ]
