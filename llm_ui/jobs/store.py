"""A job's row: each transition is one conditional UPDATE, so two workers cannot both make it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.generation.store import clock, time_of
from llm_ui.models import BackgroundJob
from llm_ui.models.base import now

__all__ = ["StoredJob", "clock", "time_of"]

Job = BackgroundJob


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A running job as its row tells it."""

    id: str
    kind: str
    owner: str
    attempts: int
    cancel_requested: bool
    heartbeat_at: datetime | None


async def _changed(session: AsyncSession, statement: Any) -> bool:
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


async def claim(session: AsyncSession, job_id: str, owner: str) -> BackgroundJob | None:
    """Take a queued job; None if somebody else has it, or it is no longer queued."""
    moment = now()
    won = await _changed(
        session,
        sa.update(Job)
        .where(col(Job.id) == job_id, col(Job.status) == "queued")
        .values(
            status="running",
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
    return [col(Job.id) == job_id, col(Job.owner) == owner, col(Job.status) == "running"]


async def beat(session: AsyncSession, owner: str, job_ids: Iterable[str]) -> dict[str, bool]:
    """Show these jobs alive.

    Returns:
        those that are still this owner's, each with whether somebody wants it to stop.
    """
    statement = (
        sa.update(Job)
        .where(
            col(Job.id).in_(list(job_ids)), col(Job.owner) == owner, col(Job.status) == "running"
        )
        .values(heartbeat_at=clock(session))
        .returning(col(Job.id), col(Job.cancel_requested))
    )
    return {row.id: row.cancel_requested for row in await session.execute(statement)}


async def note(
    session: AsyncSession, job_id: str, owner: str, progress: float, text: str
) -> bool | None:
    """Write how far a job is; whether somebody wants it to stop, None if it is lost."""
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
    status: str,
    *,
    result: dict[str, Any] | None = None,
    error: str = "",
) -> bool:
    """Fix a job's end; False if it was no longer `owner`'s to end."""
    done = {"progress": 1.0} if status == "done" else {}
    return await _changed(
        session,
        sa.update(Job)
        .where(*_mine(job_id, owner))
        .values(status=status, result=result or {}, error=error, finished_at=now(), **done),
    )


QUEUED_AGAIN: dict[str, Any] = {
    "status": "queued",
    "owner": None,
    "heartbeat_at": None,
    "started_at": None,
    "progress": 0.0,
    "note": "",
}


async def hand_back(session: AsyncSession, job_id: str, owner: str) -> bool:
    """Queue a job of `owner`'s again; an orderly stop does not count as an attempt."""
    return await _changed(
        session,
        sa.update(Job)
        .where(*_mine(job_id, owner))
        .values(**QUEUED_AGAIN, attempts=Job.attempts - 1),
    )


def _dead(job: StoredJob) -> list[sa.ColumnElement[bool]]:
    """The job, if it has not shown itself alive since it was looked at."""
    return [*_mine(job.id, job.owner), col(Job.heartbeat_at).is_not_distinct_from(job.heartbeat_at)]


async def requeue_dead(session: AsyncSession, job: StoredJob) -> bool:
    """Queue a job whose worker is gone; False if somebody was faster, or it lives."""
    return await _changed(session, sa.update(Job).where(*_dead(job)).values(**QUEUED_AGAIN))


async def end_dead(session: AsyncSession, job: StoredJob, status: str, error: str = "") -> bool:
    """Fix the end of a job whose worker is gone; False as `requeue_dead`."""
    return await _changed(
        session,
        sa.update(Job).where(*_dead(job)).values(status=status, error=error, finished_at=now()),
    )


async def unclaimed(session: AsyncSession, older_than: timedelta, limit: int) -> list[str]:
    """Queued jobs that nobody has taken, the oldest first."""
    query = sa.select(col(Job.id)).where(
        col(Job.status) == "queued", col(Job.created_at) < now() - older_than
    )
    return list(await session.scalars(query.order_by(col(Job.created_at)).limit(limit)))


async def running(session: AsyncSession) -> list[StoredJob]:
    """Every running job, of whatever worker."""
    query = sa.select(Job).where(col(Job.status) == "running")
    return [
        StoredJob(
            row.id, row.kind, row.owner or "", row.attempts, row.cancel_requested, row.heartbeat_at
        )
        for row in await session.scalars(query)
    ]
