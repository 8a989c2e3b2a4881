"""The files of a project: all of its chats draw on them (see project_texts.py)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import insert_missing
from llm_ui.errors import Conflict
from llm_ui.models import ProjectFile, StoredFile
from llm_ui.schemas.files import FileItem, FilesAlong
from llm_ui.services.chats import get_chat_for
from llm_ui.services.files import get_file_for, item_of
from llm_ui.services.projects import get_project_for

# All of them are looked through for each question.
PROJECT_FILES = 50


async def list_files(session: AsyncSession, actor: Actor, project_id: str) -> list[FileItem]:
    """The files of the actor's project, by name; never more than PROJECT_FILES. Raises NotFound."""
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
    """Let all chats of a project draw on files; all of them are the actor's, or none is put in.

    Raises:
        NotFound: the project or one of the files is missing or somebody else's.
        Conflict: the project would have more than it may have.
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
    """Take a file out of a project; it stays in the library. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    row = await get_file_for(session, actor, file_id)
    await session.execute(
        sa.delete(ProjectFile).where(
            col(ProjectFile.project_id) == project.id, col(ProjectFile.file_id) == row.id
        )
    )
    return item_of(row, actor.language)


async def along(session: AsyncSession, actor: Actor, project_id: str) -> FilesAlong:
    """What the questions of a project's chats take along. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    found = await list_files(session, actor, project.id)
    states = [each.status for each in found]
    return FilesAlong(
        project.id, project.name, found, states.count("ready"), states.count("waiting")
    )


async def along_with(session: AsyncSession, actor: Actor, chat_id: str) -> FilesAlong:
    """What the questions of the actor's chat take along. Raises NotFound."""
    chat = await get_chat_for(session, actor, chat_id)
    return await along(session, actor, chat.project_id) if chat.project_id else FilesAlong()
