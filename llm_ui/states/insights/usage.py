"""The Usage admin page, with the usage of all users."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import cast, get_args
from urllib.parse import urlencode

import reflex as rx

from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.insights.figures import By, Column, UsageFilters, UsageOverview, UsedBy
from llm_ui.services.insights import usage
from llm_ui.states.handlers import handler, read

PRESETS = ("7", "30", "90", "month")
PAGE = usage.PAGE
# The initial sort order of each table: by newest day, otherwise by highest usage.
FIRST: dict[str, tuple[str, bool]] = {"day": ("name", True)}
BUSIEST = ("answers", True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("error.request_invalid", field="from") from None


class AdminUsageState(rx.State):
    """Totals, days and a page of one table. `preset` is "" for a custom range of dates."""

    loaded: bool = False
    view: UsageOverview = UsageOverview()
    rows: list[UsedBy] = []
    preset: str = "30"
    by: str = "day"
    sort: str = "name"
    descending: bool = True
    # The number of rows before the current page.
    skipped: int = 0
    person: str = ""
    model: str = ""
    provider: str = ""
    _start: str = ""
    _end: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether a user or a model is selected."""
        return bool(self.person or self.model)

    @rx.var
    def export_query(self) -> str:
        """The current view as the query string of the CSV's URL."""
        parts = {
            "from": self.view.start,
            "to": self.view.end,
            "person": self.person,
            "model": self.model,
            "provider": self.provider,
        }
        return urlencode({name: value for name, value in parts.items() if value})

    def _range(self) -> tuple[date, date]:
        today = datetime.now(UTC).date()
        if self.preset == "month":
            return today.replace(day=1), today
        if self.preset:
            return today - timedelta(days=int(self.preset) - 1), today
        return _day(self._start), _day(self._end)

    async def _show(self) -> None:
        self.view = await read(
            usage.overview,
            UsageFilters(*self._range(), self.person, self.model, self.provider),
            by=cast("By", self.by),
            sort=cast("Column", self.sort),
            descending=self.descending,
            cursor=str(self.skipped),
        )
        # A separate var, as `items` of a var means a dictionary's items.
        self.rows, self.loaded = self.view.items, True

    def _show_table(self, by: str) -> None:
        self.by, self.skipped = by, 0
        self.sort, self.descending = FIRST.get(by, BUSIEST)

    @handler("admin")
    async def load_all_usage(self) -> None:
        """on_load of the page: the last thirty days of all users."""
        self.person = self.model = self.provider = ""
        self.preset = "30"
        self._show_table("day")
        await self._show()

    @handler("admin")
    async def show_preset(self, preset: str) -> None:
        """Show this many days up to today, or this month."""
        if preset not in PRESETS:
            return
        self.preset, self.skipped = preset, 0
        await self._show()

    @handler("admin")
    async def show_range(self, start: str, end: str) -> None:
        """Show the days from `start` to `end`, both included, as ISO dates."""
        before = (self.preset, self._start, self._end, self.skipped)
        self.preset, self._start, self._end, self.skipped = "", start[:10], end[:10], 0
        try:
            await self._show()
        except AppError:
            self.preset, self._start, self._end, self.skipped = before
            raise

    @handler("admin")
    async def show_by(self, by: str) -> None:
        """Show the table by day, model, user or provider."""
        if by not in get_args(By):
            return
        self._show_table(by)
        await self._show()

    @handler("admin")
    async def sort_by(self, column: str) -> None:
        """Sort the table by a column: descending first, and ascending the next time."""
        if column not in get_args(Column):
            return
        is_again = column == self.sort
        self.descending = not self.descending if is_again else column != "name"
        self.sort, self.skipped = column, 0
        await self._show()

    @handler("admin")
    async def turn_page(self, forward: bool) -> None:
        """Show the next or the previous page of the table."""
        skipped = max(0, self.skipped + (PAGE if forward else -PAGE))
        if skipped < self.view.groups:
            self.skipped = skipped
        await self._show()

    @handler("admin")
    async def narrow_to(self, key: str, detail: str) -> None:
        """Limit everything to one row of the table, and break it down."""
        if self.by == "day":
            self.preset, self._start, self._end = "", key[:10], key[:10]
            self._show_table("person")
        elif self.by == "person":
            self.person = key[:36]
            self._show_table("model")
        elif self.by == "model":
            self.model, self.provider = key[:200], detail[:100]
            self._show_table("person")
        await self._show()

    @handler("admin")
    async def widen(self, what: str) -> None:
        """Clear the selected user or model."""
        if what == "person":
            self.person = ""
        elif what == "model":
            self.model = self.provider = ""
        self.skipped = 0
        await self._show()
