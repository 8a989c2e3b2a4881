"""Projects: the list of them, and one with its chats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.schemas.finding import ChatFilters, ProjectView
from llm_ui.schemas.views import ChatItem
from llm_ui.services import chats, projects
from llm_ui.states import browser
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell

PAGE = 50


class ProjectsState(rx.State):
    """What the pages of projects show."""

    items: list[ProjectView] = []
    loaded: bool = False
    open_project: ProjectView = ProjectView("", "")
    inside: list[ChatItem] = []
    has_more: bool = False
    _next: str = ""

    @rx.event
    async def load_projects(self) -> None:
        """on_load of the list."""
        async with unit_of_work(writes=False) as session:
            found = await projects.list_projects(session, current_actor())
        # The list shows no prompts, and they can be long.
        self.items = [replace(each, system_prompt="") for each in found]
        self.loaded = True

    @rx.event
    async def load_project(self) -> Any:
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

    @rx.event
    async def look_again(self) -> None:
        """Chats have been put elsewhere: show the open project as it is now."""
        if not self.open_project.id:
            return
        try:
            async with unit_of_work(writes=False) as session:
                await self._show(session, current_actor(), self.open_project.id)
        except NotFound:
            # Deleted in another tab: its next load leads away from it.
            return

    @rx.event
    async def load_more(self) -> None:
        """Add the next page of the project's chats."""
        if not self._next:
            return
        filters = ChatFilters(project_id=self.open_project.id)
        async with unit_of_work(writes=False) as session:
            page = await chats.list_chats(session, current_actor(), self._next, PAGE, filters)
        self.inside, self._next = [*self.inside, *page.items], page.next_cursor or ""
        self.has_more = bool(page.next_cursor)

    @rx.event
    async def create_project(self, name: str, icon: str, description: str, prompt: str) -> Any:
        """Make a project and open it."""
        try:
            async with unit_of_work() as session:
                made = await projects.create_project(
                    session, current_actor(), name, icon, description, prompt
                )
        except AppError as error:
            return tell(error)
        return rx.redirect(f"/projects/{made.id}")

    @rx.event
    async def save_project(self, name: str, icon: str, description: str, prompt: str) -> Any:
        """Change the open project."""
        try:
            async with unit_of_work() as session:
                self.open_project = await projects.change_project(
                    session,
                    current_actor(),
                    self.open_project.id,
                    name=name,
                    icon=icon,
                    description=description,
                    system_prompt=prompt,
                )
        except AppError as error:
            return tell(error)
        return browser.shut("project-dialog")

    @rx.event
    async def delete_project(self) -> Any:
        """Delete the open project; its chats stay."""
        try:
            async with unit_of_work() as session:
                await projects.delete_project(session, current_actor(), self.open_project.id)
        except AppError as error:
            return tell(error)
        self.open_project, self.inside = ProjectView("", ""), []
        return rx.redirect("/projects", replace=True)
