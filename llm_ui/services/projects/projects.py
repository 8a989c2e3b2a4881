"""Projects: groups of chats that share instructions and files."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.errors import Conflict, InvalidInput, NotFound, Refusals
from llm_ui.models import ChatHistory, Project, ProjectFile
from llm_ui.models.base import now
from llm_ui.schemas.chats.finding import ProjectView
from llm_ui.security.text import storable
from llm_ui.services import text_quota

# Icons that the pages can draw; the first one is the default.
ICONS = (
    "folder",
    "briefcase",
    "code",
    "book-open",
    "flask-conical",
    "graduation-cap",
    "heart",
    "house",
    "lightbulb",
    "music",
    "plane",
    "star",
)
PROJECTS_LIMIT = 200
NAME_LIMIT = 100
DESCRIPTION_LIMIT = 1000
PROMPT_LIMIT = 20_000


async def get_project_for(
    session: AsyncSession, actor: Actor, project_id: str, *, lock: bool = False
) -> Project:
    """The actor's project; `lock` locks its row until the commit. Raises NotFound."""
    query = sa.select(Project).where(
        col(Project.id) == project_id, col(Project.user_id) == actor.user_id
    )
    project = await session.scalar(query.with_for_update() if lock else query)
    if project is None:
        raise NotFound
    return project


def _view(project: Project, chats: int = 0, files: int = 0) -> ProjectView:
    return ProjectView(
        id=project.id,
        name=project.name,
        icon=project.icon if project.icon in ICONS else ICONS[0],
        description=project.description,
        system_prompt=project.system_prompt,
        chats=chats,
        files=files,
        updated_at=project.updated_at.isoformat(),
    )


async def list_projects(session: AsyncSession, actor: Actor) -> list[ProjectView]:
    """The actor's projects by name; at most PROJECTS_LIMIT."""
    inside = (
        sa.select(sa.func.count())
        .select_from(ChatHistory)
        .where(
            col(ChatHistory.project_id) == Project.id,
            col(ChatHistory.deleted_at).is_(None),
            col(ChatHistory.archived_at).is_(None),
            col(ChatHistory.is_temporary) == sa.false(),
        )
        .scalar_subquery()
    )
    files = (
        sa.select(sa.func.count())
        .select_from(ProjectFile)
        .where(col(ProjectFile.project_id) == Project.id)
        .scalar_subquery()
    )
    query = (
        sa.select(Project, inside, files)
        .where(col(Project.user_id) == actor.user_id)
        .order_by(sa.func.lower(Project.name), col(Project.id))
        .limit(PROJECTS_LIMIT)
    )
    return [_view(*row) for row in (await session.execute(query)).all()]


async def open_project(session: AsyncSession, actor: Actor, project_id: str) -> ProjectView:
    """One project. Raises NotFound."""
    await get_project_for(session, actor, project_id)
    return next(each for each in await list_projects(session, actor) if each.id == project_id)


async def get_for_change(session: AsyncSession, actor: Actor, project_id: str) -> ProjectView:
    """One project, locked until the commit. Raises NotFound."""
    await get_project_for(session, actor, project_id, lock=True)
    return await open_project(session, actor, project_id)


def _name(name: str) -> str:
    cleaned = " ".join(storable(name).split())
    if not cleaned:
        raise InvalidInput("error.project_name_empty", field="name")
    if len(cleaned) > NAME_LIMIT:
        raise InvalidInput("error.project_name_long", field="name", limit=NAME_LIMIT)
    return cleaned


def _icon(icon: str) -> str:
    if icon not in ICONS:
        raise InvalidInput("error.project_icon", field="icon", accepted=", ".join(ICONS))
    return icon


def _text(text: str, field: str, limit: int) -> str:
    cleaned = storable(text).strip()
    if len(cleaned) > limit:
        raise InvalidInput("error.project_text_long", field=field, limit=limit)
    return cleaned


def _put(
    project: Project,
    name: str | None,
    icon: str | None,
    description: str | None,
    system_prompt: str | None,
) -> None:
    refusals = Refusals()
    if name is not None:
        with refusals:
            project.name = _name(name)
    if icon is not None:
        with refusals:
            project.icon = _icon(icon)
    if description is not None:
        with refusals:
            project.description = _text(description, "description", DESCRIPTION_LIMIT)
    if system_prompt is not None:
        with refusals:
            project.system_prompt = _text(system_prompt, "system_prompt", PROMPT_LIMIT)
    refusals.done()
    project.updated_at = now()


async def create_project(
    session: AsyncSession,
    actor: Actor,
    name: str,
    icon: str = ICONS[0],
    description: str = "",
    system_prompt: str = "",
) -> ProjectView:
    """Create a project. Raises InvalidInput, or Conflict if there are too many."""
    count = await session.scalar(
        sa.select(sa.func.count()).select_from(Project).where(col(Project.user_id) == actor.user_id)
    )
    if (count or 0) >= PROJECTS_LIMIT:
        raise Conflict("error.projects_full", limit=PROJECTS_LIMIT)
    project = Project(user_id=actor.user_id, name="")
    _put(project, name, icon or ICONS[0], description, system_prompt)
    text_quota.charge(actor, (project.description, project.system_prompt))
    session.add(project)
    await session.flush()
    return _view(project)


async def change_project(
    session: AsyncSession,
    actor: Actor,
    project_id: str,
    *,
    name: str | None = None,
    icon: str | None = None,
    description: str | None = None,
    system_prompt: str | None = None,
) -> ProjectView:
    """Change the given fields. Raises NotFound, InvalidInput."""
    project = await get_project_for(session, actor, project_id)
    _put(project, name, icon, description, system_prompt)
    text_quota.charge(actor, filter(None, (description, system_prompt)))
    await session.flush()
    return await open_project(session, actor, project_id)


async def delete_project(session: AsyncSession, actor: Actor, project_id: str) -> None:
    """Delete a project; its chats and files are kept, outside any project. Raises NotFound."""
    project = await get_project_for(session, actor, project_id)
    # The foreign key would do this too, but then the session's objects would be stale.
    await session.execute(
        sa.update(ChatHistory)
        .where(col(ChatHistory.project_id) == project_id)
        .values(project_id=None)
    )
    await session.delete(project)
