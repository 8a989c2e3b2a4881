"""Backups of the whole installation. Create one with `POST /admin/jobs` and the type `backup`."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import Field

from llm_ui.api.http.deps import AdminChanger, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.openapi.document import ARCHIVE, gives
from llm_ui.api.operations.jobs import PRIVATE, Job
from llm_ui.db import unit_of_work
from llm_ui.services.operations import backups

router = APIRouter(prefix="/backups", tags=["admin: backups"])


class Backup(View):
    """A backup; `size` is in bytes. If it is damaged, its contents are unknown. `missing` is the
    number of files that should be included but were not in the data folder."""

    name: str
    size: int
    created_at: str
    link: str
    database: OrNull
    version: OrNull
    rows: int
    files: int
    missing: int
    damaged: bool = Field(validation_alias="is_damaged")


class BackupList(Paged):
    """All backups, on one page."""

    items: list[Backup]


@router.get("")
async def list_backups(actor: AdminReader) -> BackupList:
    """List all backups, newest first."""
    return BackupList(items=[Backup.of(each) for each in await backups.list_backups(actor)])


@router.get(
    "/{name}/content",
    response_class=FileResponse,
    responses={**gives(*ARCHIVE), **problems(404)},
)
async def get_backup_content(name: str, actor: AdminReader) -> FileResponse:
    """Download a backup. It contains all data of the installation; each download is recorded in the
    audit log."""
    async with unit_of_work() as session:
        found = await backups.locate(session, actor, name)
    return FileResponse(
        found.path, media_type=found.media_type, filename=found.name, headers=PRIVATE
    )


@router.post("/{name}/check", status_code=202, responses=problems(404))
async def check_backup(name: str, actor: AdminChanger) -> Job:
    """Start a test restore: a job that restores the backup into an empty database and compares
    it."""
    async with unit_of_work() as session:
        return Job.of(await backups.check(session, actor, name))


@router.delete("/{name}", status_code=204, responses=problems(404))
async def delete_backup(name: str, actor: AdminChanger) -> None:
    """Delete a backup permanently."""
    async with unit_of_work() as session:
        await backups.delete(session, actor, name)
