"""All work in the background."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.jobs import Cursor, Job, JobList, Limit, Status, job_of, jobs_of
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.services import jobs

router = APIRouter(prefix="/jobs", tags=["admin: jobs"])


class NewJob(Body):
    """What to do: `backup`, `models_sync`, `retention` or `search_reindex`."""

    kind: Annotated[str, Field(max_length=40, examples=["backup"])]


@router.get("", responses=problems(401, 403, 422))
async def list_all_jobs(
    actor: AdminReader,
    status: Status | None = None,
    kind: Annotated[str, Query(max_length=40)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobList:
    """All jobs, the newest first."""
    async with unit_of_work(writes=False) as session:
        return jobs_of(
            await jobs.list_jobs(
                session, actor, status=status or "", kind=kind, cursor=cursor, limit=limit
            )
        )


@router.post("", status_code=202, responses=problems(401, 403, 422))
async def start_job(body: NewJob, actor: AdminChanger) -> Job:
    """Start a job; while one of its kind waits or runs, that one is given."""
    async with unit_of_work() as session:
        return job_of(await jobs.start(session, actor, body.kind))


@router.get("/{job_id}", responses=problems(401, 403, 404))
async def get_any_job(job_id: str, actor: AdminReader) -> Job:
    """One job as it is now."""
    async with unit_of_work(writes=False) as session:
        return job_of(await jobs.get_job(session, actor, job_id))


@router.post("/{job_id}/cancel", responses=problems(401, 403, 404, 409))
async def cancel_any_job(job_id: str, actor: AdminChanger) -> Job:
    """End a job: one that waits is cancelled at once, one that runs is asked to stop."""
    async with unit_of_work() as session:
        return job_of(await jobs.cancel(session, actor, job_id))


@router.post("/{job_id}/retry", status_code=202, responses=problems(401, 403, 404, 409))
async def retry_job(job_id: str, actor: AdminChanger) -> Job:
    """Begin a failed, cancelled or interrupted job again."""
    async with unit_of_work() as session:
        return job_of(await jobs.retry(session, actor, job_id))
