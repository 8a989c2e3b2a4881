"""Projects: the list, and one project with its chats."""

from __future__ import annotations

from dataclasses import replace

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import NotFound
from llm_ui.schemas.chats.finding import ChatFilters, ProjectView
from llm_ui.schemas.chats.views import ChatItem
from llm_ui.services.chats import chats
from llm_ui.services.projects import projects
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell

PAGE = 50


class ProjectsState(rx.State):
    """What the pages of projects show."""

    items: list[ProjectView] = []
    loaded: bool = False
    open_project: ProjectView = ProjectView("", "")
    inside: list[ChatItem] = []
    has_more: bool = False
    _next: str = ""

    @handler()
    async def load_projects(self) -> None:
        """on_load of the list."""
        found = await read(projects.list_projects)
        # The list doesn't show instructions, and they can be long.
        self.items = [replace(each, system_prompt="") for each in found]
        self.loaded = True

    @handler()
    async def load_project(self) -> Reply:
        """on_load of one project's page."""
        wanted = str(getattr(self, "folder_id", "") or "")
        if wanted != self.open_project.id:
            self.loaded = False
        try:
            async with unit_of_work(writes=False) as session:
                await self._show(session, current_actor(), wanted)
        except NotFound as error:
            return [tell(error), rx.redirect("/projects", replace=True)]
        return None

    async def _show(self, session: Session, actor: Actor, project_id: str) -> None:
        self.open_project = await projects.open_project(session, actor, project_id)
        filters = ChatFilters(project_id=project_id)
        page = await chats.list_chats(session, actor, None, PAGE, filters)
        self.inside, self._next = page.items, page.next_cursor or ""
        self.has_more = bool(page.next_cursor)
        self.loaded = True

    @handler()
    async def look_again(self) -> None:
        """Reload the open project after chats were reorganized elsewhere."""
        if not self.open_project.id:
            return
        try:
            async with unit_of_work(writes=False) as session:
                await self._show(session, current_actor(), self.open_project.id)
        except NotFound:
            # Deleted in another tab: loading its page again redirects away from it.
            return

    @handler()
    async def load_more(self) -> None:
        """Load the next page of the project's chats."""
        if not self._next:
            return
        filters = ChatFilters(project_id=self.open_project.id)
        page = await read(chats.list_chats, self._next, PAGE, filters)
        self.inside, self._next = [*self.inside, *page.items], page.next_cursor or ""
        self.has_more = bool(page.next_cursor)

    @handler()
    async def create_project(self, name: str, icon: str, description: str, prompt: str) -> Reply:
        """Create a project and open it."""
        made = await write(projects.create_project, name, icon, description, prompt)
        return rx.redirect(f"/projects/{made.id}")

    @handler()
    async def save_project(self, name: str, icon: str, description: str, prompt: str) -> Reply:
        """Save changes to the open project."""
        self.open_project = await write(
            projects.change_project,
            self.open_project.id,
            name=name,
            icon=icon,
            description=description,
            system_prompt=prompt,
        )
        return browser.shut("project-dialog")

    @handler()
    async def delete_project(self) -> Reply:
        """Delete the open project; its chats are kept."""
        await write(projects.delete_project, self.open_project.id)
        self.open_project, self.inside = ProjectView("", ""), []
        return rx.redirect("/projects", replace=True)
