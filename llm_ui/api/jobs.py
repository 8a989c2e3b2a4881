"""Work in the background that you asked for: your archive."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel

from llm_ui.api.answers import Paged
from llm_ui.api.deps import OwnChanger, OwnReader
from llm_ui.api.errors import problems
from llm_ui.api.openapi import ARCHIVE, gives
from llm_ui.db import unit_of_work
from llm_ui.schemas.jobs import JobItem
from llm_ui.schemas.views import UNKNOWN, Page
from llm_ui.services import exports, jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
# What is in such files is for one pair of eyes.
PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


class Job(BaseModel):
    """A job. `progress` goes from 0 to 1; `note` says what it is doing, `error` why it failed,
    `made` what came of it and `link` where that is. `user` is null for the installation's own.
    """

    id: str
    kind: str
    status: Status
    progress: float
    note: str | None
    error: str | None
    made: str | None
    link: str | None
    user: str | None
    attempts: int
    cancel_requested: bool
    result: dict[str, Any]
    created_at: str
    started_at: str | None
    finished_at: str | None
    duration_ms: int | None


class JobList(Paged):
    """A page of jobs."""

    items: list[Job]


def job_of(item: JobItem) -> Job:
    """A job as its answer."""
    return Job(
        id=item.id,
        kind=item.kind,
        status=item.status,
        progress=item.progress,
        note=item.note or None,
        error=item.error or None,
        made=item.made or None,
        link=item.link or None,
        user=item.user or None,
        attempts=item.attempts,
        cancel_requested=item.cancel_requested,
        result=item.result,
        created_at=item.created_at,
        started_at=item.started_at or None,
        finished_at=item.finished_at or None,
        duration_ms=None if item.duration_ms == UNKNOWN else item.duration_ms,
    )


def jobs_of(page: Page[JobItem]) -> JobList:
    """A page of jobs as its answer."""
    return JobList(items=[job_of(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("", responses=problems(401, 422))
async def list_jobs(actor: OwnReader, cursor: Cursor = None, limit: Limit = 50) -> JobList:
    """Your own jobs, the newest first."""
    async with unit_of_work(writes=False) as session:
        return jobs_of(await jobs.list_own(session, actor, cursor=cursor, limit=limit))


@router.get("/{job_id}", responses=problems(401, 404))
async def get_job(job_id: str, actor: OwnReader) -> Job:
    """One of your jobs as it is now: ask again while it waits or runs."""
    async with unit_of_work(writes=False) as session:
        return job_of(await jobs.get_own(session, actor, job_id))


@router.post("/{job_id}/cancel", responses=problems(401, 403, 404, 409))
async def cancel_job(job_id: str, actor: OwnChanger) -> Job:
    """End one of your jobs."""
    async with unit_of_work() as session:
        await jobs.get_own(session, actor, job_id)
        return job_of(await jobs.cancel(session, actor, job_id))


@router.get(
    "/{job_id}/file",
    response_class=FileResponse,
    responses={**gives(*ARCHIVE), **problems(401, 404)},
)
async def get_job_file(job_id: str, actor: OwnReader) -> FileResponse:
    """What one of your jobs made, for a day."""
    async with unit_of_work(writes=False) as session:
        found = await exports.locate(session, actor, job_id)
    return FileResponse(
        found.path, media_type=found.media_type, filename=found.name, headers=PRIVATE
    )
