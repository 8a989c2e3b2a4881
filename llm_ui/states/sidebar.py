"""The list of chats beside each page: a window of it, and what can be done with a chat.

However many chats somebody has, the state and the page hold WINDOW of them: those around
what the list shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, in_unit_of_work, unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.finding import ProjectItem
from llm_ui.schemas.views import ChatItem, DoneView
from llm_ui.services import chats, models, projects, shelf
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell
from llm_ui.states.handshake import zone_of

WINDOW = 100
# Age in days up to which a chat stands under a heading.
HEADINGS = ((0, "today"), (1, "yesterday"), (7, "week"), (30, "month"))


def heading_of(updated: date, today: date) -> str:
    """The heading's name for a chat last used on a day."""
    age = (today - updated).days
    return next((name for limit, name in HEADINGS if age <= limit), "older")


def with_headings(items: list[ChatItem], zone: ZoneInfo) -> list[ChatItem]:
    """The items with the heading set on the first of each group, by the person's days."""
    today = datetime.now(zone).date()
    result: list[ChatItem] = []
    last = ""
    for item in items:
        used = datetime.fromisoformat(item.updated_at).astimezone(zone).date()
        heading = "pinned" if item.pinned else heading_of(used, today)
        result.append(replace(item, heading="" if heading == last else heading))
        last = heading
    return result


class SidebarMixin(rx.State, mixin=True):
    """The chats of the person: the pinned ones, then the last used first."""

    chats: list[ChatItem] = []
    chats_start: int = 0
    chats_total: int = 0
    chats_loaded: bool = False
    projects: list[ProjectItem] = []
    done: DoneView = DoneView()
    # How often chats have been put elsewhere: other lists on the page look again.
    shelf_changes: int = 0

    open_chat_id: str = ""
    chat_title: str = ""
    # Where the open chat is, or a new one will be; the name stands above it.
    chat_project_id: str = ""
    chat_project_name: str = ""
    # The chat that the open one was copied from.
    origin_id: str = ""
    origin_title: str = ""

    # Where the chat was that was moved last.
    _moved_from: str = ""

    def _zone(self) -> ZoneInfo:
        return zone_of(self.router.headers.raw_headers.get("cookie", ""))

    async def _load_sidebar(self, session: Session, actor: Actor) -> None:
        found = await projects.list_projects(session, actor)
        self.projects = [ProjectItem(each.id, each.name, each.icon) for each in found]
        await self._load_window(session, actor, self.chats_start)

    async def _load_window(self, session: Session, actor: Actor, start: int) -> bool:
        """Show the list from this place on; whether it was another one before."""
        window = await shelf.window(session, actor, start, WINDOW)
        before = (self.chats_start, self.chats_total, self.chats_loaded)
        differs = self._list(window.items) or before != (window.start, window.total, True)
        self.chats_start, self.chats_total = window.start, window.total
        self.chats_loaded = True
        return differs

    def _list(self, items: list[ChatItem]) -> bool:
        """Show these; the page gets them only if they differ from what it has."""
        listed = with_headings(items, self._zone())
        if listed == list(self.chats):
            return False
        self.chats = listed
        return True

    async def _load_again(self) -> None:
        async with unit_of_work(writes=False) as session:
            await self._load_window(session, current_actor(), self.chats_start)
        self.shelf_changes += 1

    def _asked_for_project(self) -> str:
        return self.router.url.query_parameters.get("project", "")

    def _note_project(self, wanted: str) -> None:
        """The open chat's project, or the one that the address of a new chat names, if it is
        one of the person's."""
        found = next((each for each in self.projects if each.id == wanted), None)
        self.chat_project_id = found.id if found else ""
        self.chat_project_name = found.name if found else ""

    @rx.event
    async def load_beside(self) -> None:
        """on_load of pages beside the chat: the list alone, no chat open."""
        actor = current_actor()
        self._clear()  # type: ignore[attr-defined]  # ChatState's
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
            await self._load_sidebar(session, actor)

    @rx.event
    async def load_chats(self, start: int) -> None:
        """Show another part of the list: the one from this place on."""
        async with unit_of_work(writes=False) as session:
            await self._load_window(session, current_actor(), max(0, min(start, 10**9)))

    @rx.event
    async def refresh_chats(self) -> None:
        """Show the list as it is now."""
        async with unit_of_work(writes=False) as session:
            await self._load_window(session, current_actor(), self.chats_start)

    def _touch_chat(self, chat_id: str, title: str, updated_at: str, *, running: bool) -> None:
        """Bring a chat of the list up to date; with a new time it moves to the top."""
        items = list(self.chats)
        place = next((n for n, each in enumerate(items) if each.id == chat_id), None)
        if place is None and not updated_at:
            return
        if place is None:
            changed = ChatItem(chat_id, title, "", updated_at, running)
            # Else it may be one that the window does not show.
            self.chats_total += len(items) == self.chats_total
        else:
            old = items.pop(place)
            changed = replace(
                old, title=title, updated_at=updated_at or old.updated_at, running=running
            )
        if place is not None and (changed.pinned or not updated_at):
            items.insert(place, changed)
        elif self.chats_start == 0:
            items.insert(sum(each.pinned for each in items), changed)
        else:
            self.chats_start += place is not None
        self._list(items[:WINDOW])

    async def _place(self, verb: Callable[[Session, Actor], Awaitable[object]]) -> Any:
        """Do something with chats and show the list as it is then; an error is told."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                await verb(session, actor)
        except AppError as error:
            return tell(error)
        await self._load_again()
        return None

    @rx.event
    async def pin_chat(self, chat_id: str, on: bool) -> Any:
        """Keep a chat at the top of the list, or let it go."""
        return await self._place(lambda session, actor: shelf.pin(session, actor, [chat_id], on))

    @rx.event
    async def archive_chat(self, chat_id: str, on: bool) -> Any:
        """Put a chat away, or back into the list."""
        refused = await self._place(
            lambda session, actor: shelf.archive(session, actor, [chat_id], on)
        )
        if refused or not on:
            return refused
        self.done = DoneView("archived", chat_id)
        return rx.redirect("/chat") if chat_id == self.open_chat_id else None

    @rx.event
    async def move_chat(self, chat_id: str, project_id: str) -> Any:
        """Put a chat into a project; "" takes it out of its own."""
        before = ""

        async def move(session: Session, actor: Actor) -> None:
            nonlocal before
            before = (await chats.get_chat_for(session, actor, chat_id)).project_id or ""
            await shelf.move(session, actor, [chat_id], project_id)

        refused = await self._place(move)
        if chat_id == self.open_chat_id:
            async with unit_of_work(writes=False) as session:
                await self._load_along(session, current_actor(), chat_id)  # type: ignore[attr-defined]  # ChatState's
        if not refused and before != project_id:
            self._moved_from = before
            names = {each.id: each.name for each in self.projects}
            self.done = DoneView("moved", chat_id, project=names.get(project_id, ""))
        return refused

    @rx.event
    async def tag_chat(self, chat_id: str, tags: str) -> Any:
        """Give a chat these tags, which commas separate, and no others."""
        return await self._place(
            lambda session, actor: shelf.set_tags(session, actor, chat_id, tags.split(","))
        )

    @rx.event
    async def rename_chat(self, chat_id: str, title: str) -> Any:
        """Give a chat a title of the person's own."""
        try:
            async with unit_of_work() as session:
                head = await chats.rename_chat(session, current_actor(), chat_id, title)
        except AppError as error:
            return tell(error)
        running = any(each.running for each in self.chats if each.id == chat_id)
        self._touch_chat(chat_id, head.title, "", running=running)
        self.shelf_changes += 1
        if chat_id == self.open_chat_id:
            self.chat_title = head.title
        return None

    @rx.event
    async def delete_chat(self, chat_id: str) -> Any:
        """Take a chat away, and offer to bring it back."""
        actor = current_actor()
        try:
            head = await in_unit_of_work(lambda session: chats.delete_chat(session, actor, chat_id))
        except AppError as error:
            return tell(error)
        await self._load_again()
        self.done = DoneView("deleted", chat_id, head.title)
        return rx.redirect("/chat") if chat_id == self.open_chat_id else None

    @rx.event
    async def undo_last(self) -> Any:
        """Take back what was done last: a chat deleted, archived or moved."""
        done, self.done = self.done, DoneView()
        actor, ids = current_actor(), [done.chat_id]
        try:
            async with unit_of_work() as session:
                if done.kind == "deleted":
                    await chats.undo_delete(session, actor, done.chat_id)
                elif done.kind == "archived":
                    await shelf.archive(session, actor, ids, False)
                elif done.kind == "moved":
                    await shelf.move(session, actor, ids, self._moved_from)
        except AppError as error:
            return tell(error)
        await self._load_again()
        return None

    @rx.event
    def dismiss_undo(self) -> None:
        """The offer to take it back has run out."""
        self.done = DoneView()
