"""The files of a project: all of its chats may draw on them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import insert_missing
from llm_ui.models import ProjectFile
from llm_ui.schemas.files import FileItem
from llm_ui.services.files import get_file_for, item_of
from llm_ui.services.projects import get_project_for


async def put(session: AsyncSession, actor: Actor, project_id: str, file_id: str) -> FileItem:
    """Let all chats of a project draw on a file; both are the actor's. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    row = await get_file_for(session, actor, file_id)
    await insert_missing(session, ProjectFile, [{"project_id": project.id, "file_id": row.id}])
    return item_of(row, actor.language)


async def remove(session: AsyncSession, actor: Actor, project_id: str, file_id: str) -> None:
    """Take a file out of a project; it stays in the library. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    row = await get_file_for(session, actor, file_id)
    await session.execute(
        sa.delete(ProjectFile).where(
            col(ProjectFile.project_id) == project.id, col(ProjectFile.file_id) == row.id
        )
    )
