"""Background jobs that you started: your personal archive."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from llm_ui.api.http.deps import OwnChanger, OwnReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.responses import KnownOrNull, OrNull, Paged, View
from llm_ui.api.openapi.document import ARCHIVE, gives
from llm_ui.db import unit_of_work
from llm_ui.enums import JobStatus
from llm_ui.services.accounts import export_jobs
from llm_ui.services.operations import jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
# These files contain one user's private data.
PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


class Job(View):
    """A job. `progress` goes from 0 to 1. `note` says what it is doing, `error` why it failed,
    `made` what it produced, and `link` where to get it. `user` is null for the installation's own
    jobs."""

    id: str
    job_type: str
    status: JobStatus
    progress: float
    note: OrNull
    error: OrNull
    made: OrNull
    link: OrNull
    user: OrNull
    attempts: int
    cancel_requested: bool
    result: dict[str, Any]
    created_at: str
    started_at: OrNull
    finished_at: OrNull
    duration_ms: KnownOrNull


class JobList(Paged):
    """A page of jobs."""

    items: list[Job]


@router.get("")
async def list_jobs(actor: OwnReader, cursor: Cursor = None, limit: Limit = 50) -> JobList:
    """List your jobs, newest first."""
    async with unit_of_work(writes=False) as session:
        return JobList.of(await jobs.list_own(session, actor, cursor=cursor, limit=limit))


@router.get("/{job_id}", responses=problems(404))
async def get_job(job_id: str, actor: OwnReader) -> Job:
    """Retrieve one of your jobs. Poll this while it is waiting or running."""
    async with unit_of_work(writes=False) as session:
        return Job.of(await jobs.get_own(session, actor, job_id))


@router.post("/{job_id}/cancel", responses=problems(404, 409))
async def cancel_job(job_id: str, actor: OwnChanger) -> Job:
    """Cancel one of your jobs."""
    async with unit_of_work() as session:
        await jobs.get_own(session, actor, job_id)
        return Job.of(await jobs.cancel(session, actor, job_id))


@router.get(
    "/{job_id}/file",
    response_class=FileResponse,
    responses={**gives(*ARCHIVE), **problems(404)},
)
async def get_job_file(job_id: str, actor: OwnReader) -> FileResponse:
    """Download the file that one of your jobs produced. It is available for one day."""
    async with unit_of_work(writes=False) as session:
        found = await export_jobs.locate(session, actor, job_id)
    return FileResponse(
        found.path, media_type=found.media_type, filename=found.name, headers=PRIVATE
    )
