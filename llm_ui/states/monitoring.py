"""The page of the monitoring log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.monitoring import ErrorGroup, LogFilters, LogLine
from llm_ui.services import installation, log_words, monitoring_log
from llm_ui.states.access import admin, current_actor
from llm_ui.states.feedback import tell

HOURS = {"hour": 1, "day": 24, "week": 24 * 7, "month": 24 * 30}
# Rows beyond these would make each push of the live list heavy: older ones are a page away.
MOST_SHOWN = 500


class MonitoringState(rx.State):
    """The rows that fit the filters, and unexpected errors in groups."""

    loaded: bool = False
    entries: list[LogLine] = []
    groups: list[ErrorGroup] = []
    kinds: list[str] = []
    level: str = ""
    kind: str = ""
    query: str = ""
    since: str = "week"
    live: bool = False
    readings: int = 0
    cleared: int = 0
    has_more: bool = False
    log_days: int = 0
    _next: str = ""

    def _filters(self) -> LogFilters:
        hours = HOURS.get(self.since)
        since = datetime.now(UTC) - timedelta(hours=hours) if hours else None
        return LogFilters(level=self.level, kind=self.kind, query=self.query, since=since)

    @rx.var
    def filtered(self) -> bool:
        """Whether anything but the time narrows the list."""
        return bool(self.level or self.kind or self.query)

    @rx.var
    def export_query(self) -> str:
        """The filters as the query of the export's address."""
        hours = HOURS.get(self.since, 0)
        parts = {"level": self.level, "kind": self.kind, "q": self.query, "hours": hours}
        return urlencode({name: value for name, value in parts.items() if value})

    async def _show(self) -> None:
        actor, filters = current_actor(), self._filters()
        async with unit_of_work(writes=False) as session:
            page = await monitoring_log.list_log(session, actor, filters)
            self.groups = await monitoring_log.error_groups(session, actor, filters)
            self.kinds = await monitoring_log.kinds(session, actor)
            self.log_days = (await installation.load(session)).log_days
        self.entries = [log_words.line(each, actor.language) for each in page.items]
        self._next = page.next_cursor or ""
        self.has_more = bool(self._next)
        self.loaded = True
        self.readings += 1

    @rx.event
    @admin
    async def load_log(self) -> None:
        """on_load of the page: the last week."""
        self.level = self.kind = self.query = ""
        self.since, self.live = "week", False
        await self._show()

    @rx.event
    @admin
    async def look_for(self, query: str) -> None:
        """Show what holds these words."""
        self.query = query[: monitoring_log.QUERY_LIMIT]
        await self._show()

    @rx.event
    @admin
    async def narrow(self, name: str, value: str) -> None:
        """Set one of the filters level, kind and since; "" lets it go."""
        if name in ("level", "kind", "since"):
            setattr(self, name, value[:64])
            await self._show()

    @rx.event
    @admin
    async def clear(self) -> None:
        """Let every filter go."""
        self.level = self.kind = self.query = ""
        self.cleared += 1
        await self._show()

    @rx.event
    @admin
    async def load_more(self) -> Any:
        """Add the next page."""
        if not self._next or len(self.entries) >= MOST_SHOWN:
            return None
        try:
            async with unit_of_work(writes=False) as session:
                page = await monitoring_log.list_log(
                    session, current_actor(), self._filters(), cursor=self._next
                )
        except AppError as error:
            return tell(error)
        language = current_actor().language
        lines = [log_words.line(each, language) for each in page.items]
        self.entries = [*self.entries, *lines]
        self._next = page.next_cursor or ""
        self.has_more = bool(self._next) and len(self.entries) < MOST_SHOWN
        return None

    @rx.event
    @admin
    async def follow(self, on: bool) -> None:
        """Watch new rows as they come, or stop watching."""
        self.live = on
        await self._show()

    @rx.event
    @admin
    async def tick(self) -> None:
        """A few seconds of watching have passed."""
        if self.live:
            await self._show()

    @rx.event
    @admin
    async def keep_days(self, days: str) -> Any:
        """Keep rows for as many days; 0 keeps them for ever."""
        try:
            async with unit_of_work() as session:
                set_now = await installation.change(
                    session, current_actor(), log_days=int(days) if days.isdecimal() else -1
                )
        except AppError as error:
            return tell(error)
        self.log_days = set_now.log_days
        return None
