"""The page of one's own usage."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.account import UsageDay, UsageReport
from llm_ui.services import usage
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell
from llm_ui.states.handshake import zone_of

DAYS = 30


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("error.request_invalid", field="from") from None


class UsageState(rx.State):
    """A range of days and what was used in it. `days` is how long it is, when it ends
    today; 0 for any other range."""

    loaded: bool = False
    report: UsageReport = UsageReport()
    # Those on which something was used, the newest first.
    used_days: list[UsageDay] = []
    days: int = DAYS
    zone: str = "UTC"

    def _zone(self) -> ZoneInfo:
        return zone_of(self.router.headers.raw_headers.get("cookie", ""))

    @rx.event
    async def load_usage(self) -> Any:
        """on_load of the page."""
        return await self._last(DAYS)

    @rx.event
    async def show_days(self, days: int) -> Any:
        """Show as many days up to today."""
        return await self._last(days)

    @rx.event
    async def show_range(self, start: str, end: str) -> Any:
        """Show the days from `start` to `end`, both included, as ISO dates."""
        try:
            first, last = _day(start), _day(end)
        except AppError as error:
            return tell(error)
        return await self._show(first, last, 0)

    async def _last(self, days: int) -> Any:
        today = datetime.now(self._zone()).date()
        days = min(max(days, 1), usage.LONGEST_RANGE.days)
        return await self._show(today - timedelta(days=days - 1), today, days)

    async def _show(self, start: date, end: date, days: int) -> Any:
        zone = self._zone()
        try:
            async with unit_of_work(writes=False) as session:
                self.report = await usage.report(session, current_actor(), start, end, zone)
        except AppError as error:
            return tell(error)
        self.used_days = [each for each in reversed(self.report.days) if each.answers]
        self.days, self.zone, self.loaded = days, zone.key, True
        return None
