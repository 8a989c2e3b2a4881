"""A project's files, which all of its chats can use (see project_texts.py)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import insert_missing
from llm_ui.enums import FileStatus
from llm_ui.errors import Conflict
from llm_ui.models import ProjectFile, StoredFile
from llm_ui.schemas.files.files import FileItem, FilesAlong
from llm_ui.services.files.files import get_file_for, item_of
from llm_ui.services.projects.projects import get_project_for

# All of them are searched for each question.
PROJECT_FILES = 50


async def list_files(session: AsyncSession, actor: Actor, project_id: str) -> list[FileItem]:
    """The files of the actor's project, by name; at most PROJECT_FILES. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    rows = await session.scalars(
        sa.select(StoredFile)
        .join(ProjectFile, col(ProjectFile.file_id) == StoredFile.id)
        .where(col(ProjectFile.project_id) == project.id)
        .order_by(sa.func.lower(StoredFile.name), col(StoredFile.id))
    )
    return [item_of(row, actor.language) for row in rows]


async def put(
    session: AsyncSession, actor: Actor, project_id: str, file_ids: Sequence[str]
) -> list[FileItem]:
    """Add files to a project. Adds none if any of them is not the actor's.

    Raises:
        NotFound: the project or one of the files does not exist or belongs to another user.
        Conflict: the project would have too many files.
    """
    project = await get_project_for(session, actor, project_id, lock=True)
    rows = [await get_file_for(session, actor, file_id) for file_id in dict.fromkeys(file_ids)]
    if rows:
        links = [{"project_id": project.id, "file_id": row.id} for row in rows]
        await insert_missing(session, ProjectFile, links)
    count = await session.scalar(
        sa.select(sa.func.count())
        .select_from(ProjectFile)
        .where(col(ProjectFile.project_id) == project.id)
    )
    if (count or 0) > PROJECT_FILES:
        raise Conflict("error.project_files_full", limit=PROJECT_FILES)
    return [item_of(row, actor.language) for row in rows]


async def remove(session: AsyncSession, actor: Actor, project_id: str, file_id: str) -> FileItem:
    """Remove a file from a project; it stays in the library. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    row = await get_file_for(session, actor, file_id)
    await session.execute(
        sa.delete(ProjectFile).where(
            col(ProjectFile.project_id) == project.id, col(ProjectFile.file_id) == row.id
        )
    )
    return item_of(row, actor.language)


async def along(session: AsyncSession, actor: Actor, project_id: str) -> FilesAlong:
    """The files that questions in a project's chats include. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    found = await list_files(session, actor, project.id)
    states = [each.status for each in found]
    return FilesAlong(
        project.id,
        project.name,
        found,
        states.count(FileStatus.READY),
        states.count(FileStatus.WAITING),
    )
