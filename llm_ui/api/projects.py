"""Projects: folders for chats, and the files that these draw on. Their chats are at
/chats?project=…"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from llm_ui.api.answers import Paged
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.etags import If
from llm_ui.api.files import FileInfo, file_of
from llm_ui.api.patches import KEPT, given
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.finding import ProjectView
from llm_ui.services import project_files, projects

router = APIRouter(prefix="/projects", tags=["projects"])
# What moves with the chats and files that are put into it.
MOVING = ("chats", "files")

Name = Annotated[str, Field(max_length=1000)]
Icon = Annotated[str, Field(max_length=64)]
Words = Annotated[str, Field(max_length=100_000)]


class NewProject(Body):
    """A project to make. `system_prompt` is put before each of its chats."""

    name: Name
    icon: Icon = projects.ICONS[0]
    description: Words = ""
    system_prompt: Words = ""


class ProjectChange(Body):
    """What is to be changed; what is left out stays, null clears."""

    name: Annotated[Name | None, KEPT] = None
    icon: Icon | None = None
    description: Words | None = None
    system_prompt: Words | None = None


class ProjectList(Paged):
    """Projects, all on one page."""

    items: list[ProjectView]


@router.get("", responses=problems(401))
async def list_projects(actor: Reader) -> ProjectList:
    """Your projects, by name."""
    async with unit_of_work(writes=False) as session:
        return ProjectList(items=await projects.list_projects(session, actor))


@router.post("", status_code=201, responses=problems(401, 403, 409, 422))
async def create_project(body: NewProject, actor: Changer) -> ProjectView:
    """A new project."""
    async with unit_of_work() as session:
        return await projects.create_project(
            session, actor, body.name, body.icon, body.description, body.system_prompt
        )


@router.get("/{project_id}", responses=problems(401, 404))
async def get_project(project_id: str, actor: Reader, wanted: If) -> ProjectView:
    """One project."""
    async with unit_of_work(writes=False) as session:
        found = await projects.open_project(session, actor, project_id)
    wanted.answer(found, MOVING)
    return found


@router.patch("/{project_id}", responses=problems(401, 403, 404, 422))
async def change_project(
    project_id: str, body: ProjectChange, actor: Changer, wanted: If
) -> ProjectView:
    """Change a project."""
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


@router.delete("/{project_id}", status_code=204, responses=problems(401, 403, 404))
async def delete_project(project_id: str, actor: Changer) -> None:
    """Delete a project; its chats and files stay."""
    async with unit_of_work() as session:
        await projects.delete_project(session, actor, project_id)


class ProjectFileList(Paged):
    """The files of a project, all on one page."""

    items: list[FileInfo]


@router.get("/{project_id}/files", responses=problems(401, 404))
async def list_project_files(project_id: str, actor: Reader) -> ProjectFileList:
    """The files that all chats of a project draw on, by name."""
    async with unit_of_work(writes=False) as session:
        found = await project_files.list_files(session, actor, project_id)
    return ProjectFileList(items=[file_of(each) for each in found])


@router.put("/{project_id}/files/{file_id}", responses=problems(401, 403, 404, 409))
async def put_file(project_id: str, file_id: str, actor: Changer) -> FileInfo:
    """Put one of your files into a project; one that is in it already stays."""
    async with unit_of_work() as session:
        (item,) = await project_files.put(session, actor, project_id, [file_id])
    return file_of(item)


@router.delete("/{project_id}/files/{file_id}", status_code=204, responses=problems(401, 403, 404))
async def remove_file(project_id: str, file_id: str, actor: Changer) -> None:
    """Take a file out of a project; it stays in your library."""
    async with unit_of_work() as session:
        await project_files.remove(session, actor, project_id, file_id)
