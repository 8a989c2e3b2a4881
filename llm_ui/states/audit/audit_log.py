"""The Log page (audit log)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.audit.audit_log import ErrorGroup, LogFilters, LogLine
from llm_ui.schemas.chats.views import Page
from llm_ui.services.audit import audit_log, sentences
from llm_ui.services.operations import instance_settings
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import Filtering, Slice
from llm_ui.states.socket.access import current_actor

HOURS = {"hour": 1, "day": 24, "week": 24 * 7, "month": 24 * 30}
LEVELS = ("info", "warning", "error")
# More rows would make each update of the live list too large; older ones can be paged to.
MOST_SHOWN = 500


class MonitoringState(Filtering, rx.State):
    """The rows that match the filters, and unexpected errors in groups."""

    items: list[LogLine] = []
    groups: list[ErrorGroup] = []
    kinds: list[str] = []
    level: str = ""
    kind: str = ""
    since: str = "week"
    live: bool = False
    readings: int = 0
    log_days: int = 0

    def _filters(self) -> LogFilters:
        hours = HOURS.get(self.since)
        since = datetime.now(UTC) - timedelta(hours=hours) if hours else None
        return LogFilters(level=self.level, kind=self.kind, query=self.query, since=since)

    @rx.var
    def filtered(self) -> bool:
        """Whether any filter other than the time is set."""
        return bool(self.level or self.kind or self.query)

    @rx.var
    def export_query(self) -> str:
        """The filters as the query string of the export's URL."""
        hours = HOURS.get(self.since, 0)
        parts = {"log_level": self.level, "log_type": self.kind, "q": self.query, "hours": hours}
        return urlencode({name: value for name, value in parts.items() if value})

    def _choices(self) -> Mapping[str, Collection[str]]:
        return {"level": ("", *LEVELS), "kind": ("", *self.kinds), "since": ("", *HOURS)}

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        page = await read(audit_log.list_log, self._filters(), cursor=cursor, limit=limit)
        language = current_actor().language
        return Page([sentences.line(each, language) for each in page.items], page.next_cursor)

    def _take(self, page: Slice, *, more: bool = False) -> None:
        super()._take(page, more=more)
        if len(self.items) >= MOST_SHOWN:
            self._next, self.has_more = "", False

    async def _list(self, *, again: bool = False) -> None:
        actor, filters = current_actor(), self._filters()
        async with unit_of_work(writes=False) as session:
            self.groups = await audit_log.error_groups(session, actor, filters)
            self.kinds = await audit_log.kinds(session, actor)
            self.log_days = (await instance_settings.load(session)).log_days
        await super()._list(again=again)
        self.readings += 1

    @handler("admin")
    async def load_log(self) -> None:
        """on_load of the page: the last week."""
        self.level = self.kind = self.query = ""
        self.since, self.live = "week", False
        await self._list()

    @handler("admin")
    async def clear_filters(self) -> None:
        """Clear the search and all filters except the time."""
        self.level = self.kind = self.query = ""
        self.cleared += 1
        await self._list()

    @handler("admin")
    async def follow(self, on: bool) -> None:
        """Start or stop showing new rows as they arrive."""
        self.live = on
        await self._list()

    @handler("admin")
    async def tick(self) -> None:
        """Load new rows every few seconds, while following."""
        if self.live:
            await self._list()

    @handler("admin")
    async def keep_days(self, days: str) -> None:
        """Set the retention in days; 0 keeps rows forever."""
        wanted = int(days) if days.isdecimal() else -1
        self.log_days = (await write(instance_settings.keep, log_days=wanted)).log_days
