"""The sidebar's list of chats: a window of it, and actions on a chat.

The state and the page only hold WINDOW chats, regardless of how many the user has: those around the
visible part.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, in_unit_of_work, unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.chats.finding import ProjectItem
from llm_ui.schemas.chats.views import ChatItem, DoneView
from llm_ui.services.chats import chats, organize
from llm_ui.services.projects import projects
from llm_ui.states.browser import Reply
from llm_ui.states.files.chat_files import ChatFilesState
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell
from llm_ui.states.socket.handshake import zone_of

WINDOW = 100
# The highest age in days for each heading.
HEADINGS = ((0, "today"), (1, "yesterday"), (7, "week"), (30, "month"))


def heading_of(updated: date, today: date) -> str:
    """The name of the heading for a chat last used on this day."""
    age = (today - updated).days
    return next((name for limit, name in HEADINGS if age <= limit), "older")


def with_headings(items: list[ChatItem], zone: ZoneInfo) -> list[ChatItem]:
    """The items with a heading set on the first of each group, by days in the user's time
    zone."""
    today = datetime.now(zone).date()
    result: list[ChatItem] = []
    last = ""
    for item in items:
        used = datetime.fromisoformat(item.updated_at).astimezone(zone).date()
        heading = "pinned" if item.pinned else heading_of(used, today)
        result.append(replace(item, heading="" if heading == last else heading))
        last = heading
    return result


class SidebarState(rx.State):
    """The user's chats: pinned ones first, then most recently used."""

    chats: list[ChatItem] = []
    chats_start: int = 0
    chats_total: int = 0
    chats_loaded: bool = False
    projects: list[ProjectItem] = []
    done: DoneView = DoneView()
    # Incremented when chats are reorganized, so that other lists on the page reload.
    changes: int = 0

    # The previous project of the chat that was moved last.
    _moved_from: str = ""

    def _zone(self) -> ZoneInfo:
        return zone_of(self.router.headers.raw_headers.get("cookie", ""))

    async def _load(self, session: Session, actor: Actor) -> None:
        found = await projects.list_projects(session, actor)
        self.projects = [ProjectItem(each.id, each.name, each.icon) for each in found]
        await self._load_window(session, actor, self.chats_start)

    async def _load_window(self, session: Session, actor: Actor, start: int) -> bool:
        """Load the window of the list that starts here. Returns whether anything changed."""
        window = await organize.window(session, actor, start, WINDOW)
        before = (self.chats_start, self.chats_total, self.chats_loaded)
        differs = self._list(window.items) or before != (window.start, window.total, True)
        self.chats_start, self.chats_total = window.start, window.total
        self.chats_loaded = True
        return differs

    def _list(self, items: list[ChatItem]) -> bool:
        """Set the items. They are sent to the page only if they differ from what it has."""
        listed = with_headings(items, self._zone())
        if listed == list(self.chats):
            return False
        self.chats = listed
        return True

    async def _load_again(self) -> None:
        async with unit_of_work(writes=False) as session:
            await self._load_window(session, current_actor(), self.chats_start)
        self.changes += 1

    def _project(self, project_id: str) -> ProjectItem:
        """The user's project with this ID, or one with an empty ID and name."""
        found = (each for each in self.projects if each.id == project_id)
        return next(found, ProjectItem("", ""))

    @rx.event
    async def load_chats(self, start: int) -> None:
        """Load another window of the list, starting here."""
        async with unit_of_work(writes=False) as session:
            await self._load_window(session, current_actor(), max(0, min(start, 10**9)))

    @rx.event
    async def refresh_chats(self) -> None:
        """Reload the list."""
        async with unit_of_work(writes=False) as session:
            await self._load_window(session, current_actor(), self.chats_start)

    def _touch(self, chat_id: str, title: str, updated_at: str, *, running: bool) -> None:
        """Update a chat in the list; with a new time, it moves to the top."""
        items = list(self.chats)
        place = next((n for n, each in enumerate(items) if each.id == chat_id), None)
        if place is None and not updated_at:
            return
        if place is None:
            changed = ChatItem(chat_id, title, "", updated_at, running)
            # If the window doesn't show all chats, this chat may be outside the window and already
            # counted.
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

    async def _is_open(self, chat_id: str) -> bool:
        return (await self.get_state(OpenChatState)).open_chat_id == chat_id

    async def _do(self, verb: Callable[[Session, Actor], Awaitable[object]]) -> Reply:
        """Run an action on chats and reload the list; an error is shown as a notification."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                await verb(session, actor)
        except AppError as error:
            return tell(error)
        await self._load_again()
        return None

    @rx.event
    async def pin_chat(self, chat_id: str, on: bool) -> Reply:
        """Pin or unpin a chat."""
        return await self._do(lambda session, actor: organize.pin(session, actor, [chat_id], on))

    @rx.event
    async def archive_chat(self, chat_id: str, on: bool) -> Reply:
        """Archive or unarchive a chat."""
        refused = await self._do(
            lambda session, actor: organize.archive(session, actor, [chat_id], on)
        )
        if refused or not on:
            return refused
        self.done = DoneView("archived", chat_id)
        return rx.redirect("/chat") if await self._is_open(chat_id) else None

    @rx.event
    async def move_chat(self, chat_id: str, project_id: str) -> Reply:
        """Move a chat to a project; "" removes it from its project."""
        before = ""

        async def move(session: Session, actor: Actor) -> None:
            nonlocal before
            before = (await chats.get_chat_for(session, actor, chat_id)).project_id or ""
            await organize.move(session, actor, [chat_id], project_id)

        refused = await self._do(move)
        if await self._is_open(chat_id):
            files = await self.get_state(ChatFilesState)
            async with unit_of_work(writes=False) as session:
                await files._load(session, current_actor(), chat_id)
        if not refused and before != project_id:
            self._moved_from = before
            self.done = DoneView("moved", chat_id, project=self._project(project_id).name)
        return refused

    @rx.event
    async def tag_chat(self, chat_id: str, tags: str) -> Reply:
        """Replace a chat's tags with these, separated by commas."""
        return await self._do(
            lambda session, actor: organize.set_tags(session, actor, chat_id, tags.split(","))
        )

    @rx.event
    async def rename_chat(self, chat_id: str, title: str) -> Reply:
        """Rename a chat."""
        try:
            async with unit_of_work() as session:
                head = await chats.rename_chat(session, current_actor(), chat_id, title)
        except AppError as error:
            return tell(error)
        running = any(each.running for each in self.chats if each.id == chat_id)
        self._touch(chat_id, head.title, "", running=running)
        self.changes += 1
        chat = await self.get_state(OpenChatState)
        if chat_id == chat.open_chat_id:
            chat.chat_title = head.title
        return None

    @rx.event
    async def delete_chat(self, chat_id: str) -> Reply:
        """Delete a chat, and offer to undo it."""
        actor = current_actor()
        try:
            head = await in_unit_of_work(lambda session: chats.delete_chat(session, actor, chat_id))
        except AppError as error:
            return tell(error)
        await self._load_again()
        self.done = DoneView("deleted", chat_id, head.title)
        return rx.redirect("/chat") if await self._is_open(chat_id) else None

    @rx.event
    async def undo_last(self) -> Reply:
        """Undo the last action: deleting, archiving or moving a chat."""
        done, self.done = self.done, DoneView()
        actor, ids = current_actor(), [done.chat_id]
        try:
            async with unit_of_work() as session:
                if done.kind == "deleted":
                    await chats.undo_delete(session, actor, done.chat_id)
                elif done.kind == "archived":
                    await organize.archive(session, actor, ids, False)
                elif done.kind == "moved":
                    await organize.move(session, actor, ids, self._moved_from)
        except AppError as error:
            return tell(error)
        await self._load_again()
        return None

    @rx.event
    def dismiss_undo(self) -> None:
        """Withdraw the offer to undo."""
        self.done = DoneView()
