"""Projects: groups of chats that share instructions and files. List a project's chats at
/chats?project_id=…"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from llm_ui.api.files.files import FileInfo
from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.http.patches import KEPT, given
from llm_ui.api.http.responses import Paged
from llm_ui.api.http.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.chats.finding import ProjectView
from llm_ui.services.projects import project_files, projects

router = APIRouter(prefix="/projects", tags=["projects"])
# Fields that change when chats or files are added or removed.
MOVING = ("chats", "files")

Name = Annotated[str, Field(max_length=1000)]
Icon = Annotated[str, Field(max_length=64)]
Words = Annotated[str, Field(max_length=100_000)]


class NewProject(Body):
    """A project to create. `system_prompt` is added before the instructions of each of its
    chats."""

    name: Name
    icon: Icon = projects.ICONS[0]
    description: Words = ""
    system_prompt: Words = ""


class ProjectChange(Body):
    """Changes to a project: omit a field to keep it, send null to clear it."""

    name: Annotated[Name | None, KEPT] = None
    icon: Icon | None = None
    description: Words | None = None
    system_prompt: Words | None = None


class ProjectList(Paged):
    """Projects, all on one page."""

    items: list[ProjectView]


@router.get("")
async def list_projects(actor: Reader) -> ProjectList:
    """List your projects, sorted by name."""
    async with unit_of_work(writes=False) as session:
        return ProjectList(items=await projects.list_projects(session, actor))


@router.post("", status_code=201, responses=problems(409))
async def create_project(body: NewProject, actor: Changer, wanted: If) -> ProjectView:
    """Create a project."""
    async with unit_of_work() as session:
        made = await projects.create_project(
            session, actor, body.name, body.icon, body.description, body.system_prompt
        )
    wanted.mark(made, MOVING)
    return made


@router.get("/{project_id}", responses=problems(404))
async def get_project(project_id: str, actor: Reader, wanted: If) -> ProjectView:
    """Retrieve a project."""
    async with unit_of_work(writes=False) as session:
        found = await projects.open_project(session, actor, project_id)
    wanted.answer(found, MOVING)
    return found


@router.patch("/{project_id}", responses=problems(404))
async def update_project(
    project_id: str, body: ProjectChange, actor: Changer, wanted: If
) -> ProjectView:
    """Update a project."""
    async with unit_of_work() as session:
        if wanted.guards:
            now = await projects.get_for_change(session, actor, project_id)
            wanted.require(now, MOVING)
        changed = await projects.change_project(
            session,
            actor,
            project_id,
            name=body.name,
            icon=given(body, "icon", projects.ICONS[0]),
            description=given(body, "description", ""),
            system_prompt=given(body, "system_prompt", ""),
        )
    wanted.mark(changed, MOVING)
    return changed


@router.delete("/{project_id}", status_code=204, responses=problems(404))
async def delete_project(project_id: str, actor: Changer, wanted: If) -> None:
    """Delete a project. Its chats and files are kept."""
    async with unit_of_work() as session:
        if wanted.guards:
            now = await projects.get_for_change(session, actor, project_id)
            wanted.require(now, MOVING)
        await projects.delete_project(session, actor, project_id)


class ProjectFileList(Paged):
    """The files of a project, all on one page."""

    items: list[FileInfo]


@router.get("/{project_id}/files", responses=problems(404))
async def list_project_files(project_id: str, actor: Reader) -> ProjectFileList:
    """List the files shared by all chats of a project, sorted by name."""
    async with unit_of_work(writes=False) as session:
        found = await project_files.list_files(session, actor, project_id)
    return ProjectFileList(items=[FileInfo.of(each) for each in found])


@router.put("/{project_id}/files/{file_id}", responses=problems(404, 409))
async def add_project_file(project_id: str, file_id: str, actor: Changer) -> FileInfo:
    """Add one of your files to a project. Adding a file that is already in it has no effect."""
    async with unit_of_work() as session:
        (item,) = await project_files.put(session, actor, project_id, [file_id])
    return FileInfo.of(item)


@router.delete("/{project_id}/files/{file_id}", status_code=204, responses=problems(404))
async def remove_project_file(project_id: str, file_id: str, actor: Changer) -> None:
    """Remove a file from a project. It stays in your library."""
    async with unit_of_work() as session:
        await project_files.remove(session, actor, project_id, file_id)
