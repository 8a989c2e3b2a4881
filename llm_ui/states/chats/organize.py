"""All chats of a user: search, filters, and bulk actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.chats.finding import ChatFilters, TagView
from llm_ui.schemas.chats.views import ChatItem
from llm_ui.services.chats import chats, organize, search
from llm_ui.states.browser import Reply
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell

PAGE = 50
DAYS = {"week": 7, "month": 30, "year": 365}


class HistoryState(rx.State):
    """What the page of all chats shows: a list or, with a query, search results."""

    query: str = ""
    # The search field keeps its own text: incrementing this recreates it.
    cleared: int = 0
    project: str = ""
    model: str = ""
    tag: str = ""
    since: str = ""
    archived: bool = False
    items: list[ChatItem] = []
    hits: list[dict[str, Any]] = []
    tags: list[TagView] = []
    picked: list[str] = []
    loaded: bool = False
    has_more: bool = False
    # The last bulk action and its chats, so that it can be undone.
    done_kind: str = ""
    undone: list[str] = []
    _next: str = ""
    _projects_before: dict[str, str] = {}

    @rx.var
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.query or self.project or self.model or self.tag or self.since)

    def _filters(self) -> ChatFilters:
        days = DAYS.get(self.since)
        return ChatFilters(
            archived=self.archived,
            project_id=self.project,
            model_id=self.model,
            tag=self.tag,
            since=datetime.now(UTC) - timedelta(days=days) if days else None,
        )

    async def _page(self, session: Session, actor: Actor, cursor: str | None) -> None:
        kept = cursor is not None
        if self.query.strip():
            found = await search.search(session, actor, self.query, self._filters(), cursor)
            fresh = [asdict(each) for each in found.items]
            known = {each["chat_id"] for each in self.hits} if kept else set()
            fresh = [each for each in fresh if each["chat_id"] not in known]
            self.hits = [*self.hits, *fresh] if kept else fresh
            self.items, self._next = [], found.next_cursor or ""
        else:
            page = await chats.list_chats(session, actor, cursor, PAGE, self._filters())
            self.items = [*self.items, *page.items] if kept else page.items
            self.hits, self._next = [], page.next_cursor or ""
        self.has_more = bool(self._next)
        self.loaded = True

    async def _show(self) -> None:
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            await self._page(session, actor, None)
            self.tags = await organize.list_tags(session, actor)
        here = {each.id for each in self.items}
        self.picked = [each for each in self.picked if each in here]

    @rx.event
    async def load_history(self) -> None:
        """on_load of the page."""
        self.picked, self.undone, self.done_kind = [], [], ""
        await self._show()

    @rx.event
    async def look_again(self) -> None:
        """Reload the list after chats were reorganized elsewhere."""
        await self._show()

    @rx.event
    async def load_more(self) -> None:
        """Load the next page."""
        if not self._next:
            return
        async with unit_of_work(writes=False) as session:
            await self._page(session, current_actor(), self._next)

    @rx.event
    async def look_for(self, query: str) -> None:
        """Search for these words; an empty query shows all chats."""
        self.query = query[:200]
        await self._show()

    @rx.event
    async def narrow(self, name: str, value: str) -> None:
        """Set one of the filters project, model, tag and since; "" clears it."""
        if name in ("project", "model", "tag", "since"):
            setattr(self, name, value[:64])
            await self._show()

    @rx.event
    async def show_archived(self, on: bool) -> None:
        """Show archived chats, or the others."""
        self.archived = on
        await self._show()

    @rx.event
    async def clear_filters(self) -> None:
        """Clear the search and all filters."""
        self.query = self.project = self.model = self.tag = self.since = ""
        self.cleared += 1
        await self._show()

    # --- many at a time -----------------------------------------------------------------

    @rx.event
    def pick(self, chat_id: str, on: bool) -> None:
        """Select or deselect a chat."""
        chosen = [each for each in self.picked if each != chat_id]
        if on and len(chosen) < organize.AT_ONCE and any(each.id == chat_id for each in self.items):
            chosen.append(chat_id)
        self.picked = chosen

    @rx.event
    def pick_all(self, on: bool) -> None:
        """Select all chats shown, or none."""
        self.picked = [each.id for each in self.items][: organize.AT_ONCE] if on else []

    async def _do(
        self, verb: Callable[[Session, Actor, list[str]], Awaitable[object]], done: str = ""
    ) -> Reply:
        chosen = list(self.picked)
        if not chosen:
            return None
        before = {each.id: each.project_id for each in self.items if each.id in chosen}
        try:
            async with unit_of_work() as session:
                await verb(session, current_actor(), chosen)
        except AppError as error:
            return tell(error)
        await self._show()
        if done:
            self.done_kind, self.undone, self._projects_before = done, chosen, before
        return SidebarState.refresh_chats

    @rx.event
    async def archive_picked(self, on: bool) -> Reply:
        """Archive or unarchive the selected chats."""
        return await self._do(
            lambda session, actor, ids: organize.archive(session, actor, ids, on),
            "archived" if on else "unarchived",
        )

    @rx.event
    async def move_picked(self, project_id: str) -> Reply:
        """Move the selected chats to a project; "" removes them from theirs."""
        return await self._do(
            lambda session, actor, ids: organize.move(session, actor, ids, project_id), "moved"
        )

    @rx.event
    async def tag_picked(self, tag: str) -> Reply:
        """Add a tag to the selected chats."""
        return await self._do(
            lambda session, actor, ids: organize.tag(session, actor, ids, tag, True)
        )

    @rx.event
    async def delete_picked(self) -> Reply:
        """Delete the selected chats, and offer to undo it."""
        return await self._do(organize.delete, "deleted")

    @rx.event
    async def bring_back(self) -> Reply:
        """Undo the last bulk action."""
        chosen, kind = self.undone, self.done_kind
        self.undone, self.done_kind = [], ""
        try:
            async with unit_of_work() as session:
                await self._take_back(session, current_actor(), kind, chosen)
        except AppError as error:
            return tell(error)
        await self._show()
        return SidebarState.refresh_chats

    async def _take_back(
        self, session: Session, actor: Actor, kind: str, chosen: list[str]
    ) -> None:
        if kind == "deleted":
            await organize.restore(session, actor, chosen)
        elif kind in ("archived", "unarchived"):
            await organize.archive(session, actor, chosen, kind == "unarchived")
        elif kind == "moved":
            for before in sorted(set(self._projects_before.values())):
                there = [each for each in chosen if self._projects_before.get(each) == before]
                await organize.move(session, actor, there, before)

    @rx.event
    def dismiss(self) -> None:
        """Withdraw the offer to undo."""
        self.undone, self.done_kind = [], ""
