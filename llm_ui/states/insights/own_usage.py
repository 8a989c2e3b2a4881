"""The page for a user's own usage."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import reflex as rx

from llm_ui.errors import InvalidInput
from llm_ui.schemas.accounts.account import UsageDay, UsageReport
from llm_ui.services.insights import own_usage
from llm_ui.states.handlers import handler, read
from llm_ui.states.socket.handshake import zone_of

DAYS = 30


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("error.request_invalid", field="from") from None


class UsageState(rx.State):
    """A range of days and its usage. `days` is its length if it ends today; 0 for any other
    range."""

    loaded: bool = False
    report: UsageReport = UsageReport()
    # Only the days with usage, newest first.
    used_days: list[UsageDay] = []
    days: int = DAYS
    zone: str = "UTC"

    def _zone(self) -> ZoneInfo:
        return zone_of(self.router.headers.raw_headers.get("cookie", ""))

    @handler()
    async def load_usage(self) -> None:
        """on_load of the page."""
        await self._last(DAYS)

    @handler()
    async def show_days(self, days: int) -> None:
        """Show this many days up to today."""
        await self._last(days)

    @handler()
    async def show_range(self, start: str, end: str) -> None:
        """Show the days from `start` to `end`, both included, as ISO dates."""
        first, last = _day(start), _day(end)
        await self._show(first, last, 0)

    async def _last(self, days: int) -> None:
        today = datetime.now(self._zone()).date()
        days = min(max(days, 1), own_usage.LONGEST_RANGE.days)
        await self._show(today - timedelta(days=days - 1), today, days)

    async def _show(self, start: date, end: date, days: int) -> None:
        zone = self._zone()
        self.report = await read(own_usage.report, start, end, zone)
        self.used_days = [each for each in reversed(self.report.days) if each.answers]
        self.days, self.zone, self.loaded = days, zone.key, True
