"""Backups of everything. `POST /admin/jobs` with the kind `backup` makes one."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel

from llm_ui.api.answers import Paged
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.jobs import PRIVATE, Job, job_of
from llm_ui.api.openapi import ARCHIVE, gives
from llm_ui.db import unit_of_work
from llm_ui.schemas.jobs import BackupItem
from llm_ui.services import backups

router = APIRouter(prefix="/backups", tags=["admin: backups"])


class Backup(BaseModel):
    """A backup; `size` is in bytes. A damaged one tells nothing of what is in it; `missing`
    counts files that it should hold and that were not in the data folder."""

    name: str
    size: int
    made_at: str
    link: str
    database: str | None
    version: str | None
    rows: int
    files: int
    missing: int
    damaged: bool


class BackupList(Paged):
    """All backups, on one page."""

    items: list[Backup]


def _backup(item: BackupItem) -> Backup:
    return Backup(
        name=item.name,
        size=item.size,
        made_at=item.made_at,
        link=item.link,
        database=item.database or None,
        version=item.version or None,
        rows=item.rows,
        files=item.files,
        missing=item.missing,
        damaged=item.is_damaged,
    )


@router.get("", responses=problems(401, 403))
async def list_backups(actor: AdminReader) -> BackupList:
    """All backups, the newest first."""
    return BackupList(items=[_backup(each) for each in await backups.list_backups(actor)])


@router.get(
    "/{name}/content",
    response_class=FileResponse,
    responses={**gives(*ARCHIVE), **problems(401, 403, 404)},
)
async def get_backup_content(name: str, actor: AdminReader) -> FileResponse:
    """The archive. Whoever has it has everything: the log keeps who took it."""
    async with unit_of_work() as session:
        found = await backups.locate(session, actor, name)
    return FileResponse(
        found.path, media_type=found.media_type, filename=found.name, headers=PRIVATE
    )


@router.post("/{name}/check", status_code=202, responses=problems(401, 403, 404))
async def check_backup(name: str, actor: AdminChanger) -> Job:
    """Have it restored into an empty database and compared, as a job."""
    async with unit_of_work() as session:
        return job_of(await backups.check(session, actor, name))


@router.delete("/{name}", status_code=204, responses=problems(401, 403, 404))
async def delete_backup(name: str, actor: AdminChanger) -> None:
    """Delete a backup for good."""
    async with unit_of_work() as session:
        await backups.delete(session, actor, name)
