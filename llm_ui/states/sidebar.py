"""The list of chats beside the chat page: loaded by pages, renamed, deleted, restored."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.views import ChatItem
from llm_ui.services import chats
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell
from llm_ui.states.handshake import zone_of

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
        heading = heading_of(datetime.fromisoformat(item.updated_at).astimezone(zone).date(), today)
        result.append(replace(item, heading="" if heading == last else heading))
        last = heading
    return result


class SidebarMixin(rx.State, mixin=True):
    """The chats of the person, newest first."""

    chats: list[ChatItem] = []
    has_more_chats: bool = False
    chats_loaded: bool = False
    deleted_chat_id: str = ""
    deleted_chat_title: str = ""

    open_chat_id: str = ""
    chat_title: str = ""
    _next_chats: str = ""

    def _zone(self) -> ZoneInfo:
        return zone_of(self.router.headers.raw_headers.get("cookie", ""))

    async def _load_sidebar(self, session: Session, actor: Actor) -> None:
        page = await chats.list_chats(session, actor)
        self.chats = with_headings(page.items, self._zone())
        self._next_chats = page.next_cursor or ""
        self.has_more_chats = bool(page.next_cursor)
        self.chats_loaded = True

    @rx.event
    async def load_more_chats(self) -> None:
        """Add the next page of chats to the list."""
        if not self._next_chats:
            return
        async with unit_of_work(writes=False) as session:
            page = await chats.list_chats(session, current_actor(), self._next_chats)
        known = {each.id for each in self.chats}
        fresh = [each for each in page.items if each.id not in known]
        self.chats = with_headings([*self.chats, *fresh], self._zone())
        self._next_chats = page.next_cursor or ""
        self.has_more_chats = bool(page.next_cursor)

    def _touch_chat(self, chat_id: str, title: str, updated_at: str, *, running: bool) -> None:
        """Bring a chat of the list up to date; with a new time it moves to the top."""
        items = list(self.chats)
        place = next((n for n, each in enumerate(items) if each.id == chat_id), None)
        if place is None and not updated_at:
            return
        if place is None:
            items.insert(0, ChatItem(chat_id, title, "", updated_at, running))
        else:
            old = items.pop(place)
            changed = replace(
                old, title=title, updated_at=updated_at or old.updated_at, running=running
            )
            items.insert(0 if updated_at else place, changed)
        self.chats = with_headings(items, self._zone())

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
        if chat_id == self.open_chat_id:
            self.chat_title = head.title
        return None

    @rx.event
    async def delete_chat(self, chat_id: str) -> Any:
        """Take a chat away, and offer to bring it back."""
        try:
            async with unit_of_work() as session:
                head = await chats.delete_chat(session, current_actor(), chat_id)
        except AppError as error:
            return tell(error)
        self.chats = with_headings(
            [each for each in self.chats if each.id != chat_id], self._zone()
        )
        self.deleted_chat_id, self.deleted_chat_title = chat_id, head.title
        return rx.redirect("/chat") if chat_id == self.open_chat_id else None

    @rx.event
    async def undo_delete(self) -> Any:
        """Bring the chat back that was deleted last."""
        chat_id, self.deleted_chat_id, self.deleted_chat_title = self.deleted_chat_id, "", ""
        try:
            async with unit_of_work() as session:
                await chats.undo_delete(session, current_actor(), chat_id)
        except AppError as error:
            return tell(error)
        async with unit_of_work(writes=False) as session:
            await self._load_sidebar(session, current_actor())
        return None

    @rx.event
    def dismiss_undo(self) -> None:
        """The offer to bring a chat back has run out."""
        self.deleted_chat_id = self.deleted_chat_title = ""
