"""The page of what everybody used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast, get_args
from urllib.parse import urlencode

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.figures import By, Column, UsageFilters, UsageOverview, UsedBy
from llm_ui.services import usage_admin
from llm_ui.states.access import admin, current_actor
from llm_ui.states.feedback import tell

PRESETS = ("7", "30", "90", "month")
PAGE = usage_admin.PAGE
# What a table shows first: the newest days, and whoever and whatever was busiest.
FIRST: dict[str, tuple[str, bool]] = {"day": ("name", True)}
BUSIEST = ("answers", True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("error.request_invalid", field="from") from None


class AdminUsageState(rx.State):
    """Sums, days and a page of one table. `preset` is "" for a range of one's own dates."""

    loaded: bool = False
    view: UsageOverview = UsageOverview()
    rows: list[UsedBy] = []
    preset: str = "30"
    by: str = "day"
    sort: str = "name"
    descending: bool = True
    # How many rows of the table stand before the page.
    skipped: int = 0
    person: str = ""
    model: str = ""
    provider: str = ""
    _start: str = ""
    _end: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether it is narrowed to a person or a model."""
        return bool(self.person or self.model)

    @rx.var
    def export_query(self) -> str:
        """What is shown, as the query of the CSV's address."""
        parts = {
            "from": self.view.start, "to": self.view.end,
            "person": self.person, "model": self.model, "provider": self.provider,
        }  # fmt: skip
        return urlencode({name: value for name, value in parts.items() if value})

    def _range(self) -> tuple[date, date]:
        today = datetime.now(UTC).date()
        if self.preset == "month":
            return today.replace(day=1), today
        if self.preset:
            return today - timedelta(days=int(self.preset) - 1), today
        return _day(self._start), _day(self._end)

    async def _show(self) -> Any:
        try:
            filters = UsageFilters(*self._range(), self.person, self.model, self.provider)
            async with unit_of_work(writes=False) as session:
                self.view = await usage_admin.overview(
                    session, current_actor(), filters,
                    by=cast("By", self.by), sort=cast("Column", self.sort),
                    descending=self.descending, cursor=str(self.skipped),
                )  # fmt: skip
        except AppError as error:
            return tell(error)
        # By a name of its own: `items` of a var is what dictionaries have.
        self.rows, self.loaded = self.view.items, True
        return None

    def _show_table(self, by: str) -> None:
        self.by, self.skipped = by, 0
        self.sort, self.descending = FIRST.get(by, BUSIEST)

    @rx.event
    @admin
    async def load_all_usage(self) -> Any:
        """on_load of the page: the last thirty days, everybody's."""
        self.person = self.model = self.provider = ""
        self.preset = "30"
        self._show_table("day")
        return await self._show()

    @rx.event
    @admin
    async def show_preset(self, preset: str) -> Any:
        """Show so many days up to today, or this month."""
        if preset not in PRESETS:
            return None
        self.preset, self.skipped = preset, 0
        return await self._show()

    @rx.event
    @admin
    async def show_range(self, start: str, end: str) -> Any:
        """Show the days from `start` to `end`, both included, as ISO dates."""
        before = (self.preset, self._start, self._end, self.skipped)
        self.preset, self._start, self._end, self.skipped = "", start[:10], end[:10], 0
        problem = await self._show()
        if problem is not None:
            self.preset, self._start, self._end, self.skipped = before
        return problem

    @rx.event
    @admin
    async def show_by(self, by: str) -> Any:
        """Show the table by day, model, person or provider."""
        if by not in get_args(By):
            return None
        self._show_table(by)
        return await self._show()

    @rx.event
    @admin
    async def sort_by(self, column: str) -> Any:
        """Sort the table by a column: the largest first, and the other way the next time."""
        if column not in get_args(Column):
            return None
        is_again = column == self.sort
        self.descending = not self.descending if is_again else column != "name"
        self.sort, self.skipped = column, 0
        return await self._show()

    @rx.event
    @admin
    async def turn_page(self, forward: bool) -> Any:
        """Show the next page of the table, or the one before."""
        skipped = max(0, self.skipped + (PAGE if forward else -PAGE))
        if skipped < self.view.groups:
            self.skipped = skipped
        return await self._show()

    @rx.event
    @admin
    async def narrow_to(self, key: str, detail: str) -> Any:
        """Narrow everything to one row of the table, and show what is in it."""
        if self.by == "day":
            self.preset, self._start, self._end = "", key[:10], key[:10]
            self._show_table("person")
        elif self.by == "person":
            self.person = key[:36]
            self._show_table("model")
        elif self.by == "model":
            self.model, self.provider = key[:200], detail[:100]
            self._show_table("person")
        return await self._show()

    @rx.event
    @admin
    async def widen(self, what: str) -> Any:
        """Let go of the person or the model."""
        if what == "person":
            self.person = ""
        elif what == "model":
            self.model = self.provider = ""
        self.skipped = 0
        return await self._show()
