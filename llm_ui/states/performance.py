"""The page of how fast answers come."""

from __future__ import annotations

from typing import Any, cast, get_args

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.figures import Apart, Measure, Share, Span, SpeedOf, SpeedView
from llm_ui.services import performance
from llm_ui.states.access import admin, current_actor
from llm_ui.states.feedback import tell

CHOICES: dict[str, tuple[Any, ...]] = {
    "span": get_args(Span),
    "measure": get_args(Measure),
    "by": get_args(Apart),
    "share": tuple(str(each) for each in get_args(Share)),
}


class PerformanceState(rx.State):
    """A measure over time; `is_one` says whether it is that of the group `name`, `detail`."""

    loaded: bool = False
    view: SpeedView = SpeedView()
    rows: list[SpeedOf] = []
    span: str = "day"
    measure: str = "time_to_first_token"
    by: str = "model"
    share: str = "95"
    is_one: bool = False
    name: str = ""
    detail: str = ""

    async def _show(self) -> Any:
        only = (self.name, self.detail) if self.is_one else None
        try:
            async with unit_of_work(writes=False) as session:
                self.view = await performance.view(
                    session, current_actor(),
                    span=cast("Span", self.span), measure=cast("Measure", self.measure),
                    by=cast("Apart", self.by), share=cast("Share", int(self.share)), only=only,
                )  # fmt: skip
        except AppError as error:
            return tell(error)
        # By a name of its own: `items` of a var is what dictionaries have.
        self.rows, self.loaded = self.view.items, True
        return None

    def _widen(self) -> None:
        self.is_one, self.name, self.detail = False, "", ""

    @rx.event
    @admin
    async def load_performance(self) -> Any:
        """on_load of the page: the last day's first tokens."""
        self.span, self.measure, self.by, self.share = "day", "time_to_first_token", "model", "95"
        self._widen()
        return await self._show()

    @rx.event
    @admin
    async def look_again(self) -> Any:
        """Read everything anew."""
        return await self._show()

    @rx.event
    @admin
    async def choose(self, name: str, value: str) -> Any:
        """Set one of span, measure, by and share."""
        if value not in CHOICES.get(name, ()):
            return None
        setattr(self, name, value)
        if name == "by":
            self._widen()
        return await self._show()

    @rx.event
    @admin
    async def look_at(self, name: str, detail: str) -> Any:
        """Show the percentiles of one group."""
        self.is_one, self.name, self.detail = True, name[:500], detail[:100]
        return await self._show()

    @rx.event
    @admin
    async def look_at_all(self) -> Any:
        """Show a line for each group again."""
        self._widen()
        return await self._show()
