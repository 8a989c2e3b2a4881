"""All background jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from llm_ui.api.http.deps import AdminChanger, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.strict import Body
from llm_ui.api.operations.jobs import Cursor, Job, JobList, Limit
from llm_ui.db import unit_of_work
from llm_ui.enums import JobStatus
from llm_ui.services.operations import jobs

router = APIRouter(prefix="/jobs", tags=["admin: jobs"])


class NewJob(Body):
    """The type of job to start: `backup`, `models_sync`, `retention` or `search_reindex`."""

    job_type: Annotated[str, Field(max_length=40, examples=["backup"])]


@router.get("")
async def list_all_jobs(
    actor: AdminReader,
    status: JobStatus | None = None,
    job_type: Annotated[str, Query(max_length=40)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobList:
    """List all jobs, newest first."""
    async with unit_of_work(writes=False) as session:
        return JobList.of(
            await jobs.list_jobs(
                session, actor, status=status or "", kind=job_type, cursor=cursor, limit=limit
            )
        )


@router.post("", status_code=202)
async def start_job(body: NewJob, actor: AdminChanger) -> Job:
    """Start a job. If a job of this type is already waiting or running, that job is returned."""
    async with unit_of_work() as session:
        return Job.of(await jobs.start(session, actor, body.job_type))


@router.get("/{job_id}", responses=problems(404))
async def get_any_job(job_id: str, actor: AdminReader) -> Job:
    """Retrieve any job."""
    async with unit_of_work(writes=False) as session:
        return Job.of(await jobs.get_job(session, actor, job_id))


@router.post("/{job_id}/cancel", responses=problems(404, 409))
async def cancel_any_job(job_id: str, actor: AdminChanger) -> Job:
    """Cancel a job. A waiting job is canceled immediately; a running job is asked to stop."""
    async with unit_of_work() as session:
        return Job.of(await jobs.cancel(session, actor, job_id))


@router.post("/{job_id}/retry", status_code=202, responses=problems(404, 409))
async def retry_job(job_id: str, actor: AdminChanger) -> Job:
    """Retry a failed, canceled or interrupted job."""
    async with unit_of_work() as session:
        return Job.of(await jobs.retry(session, actor, job_id))
