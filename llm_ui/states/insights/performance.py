"""The Performance page: how fast answers are."""

from __future__ import annotations

from typing import cast, get_args

import reflex as rx

from llm_ui.schemas.insights.figures import Apart, Measure, Share, Span, SpeedOf, SpeedView
from llm_ui.services.insights import performance
from llm_ui.states.handlers import handler, read

CHOICES: dict[str, tuple[str, ...]] = {
    "span": get_args(Span),
    "measure": get_args(Measure),
    "by": get_args(Apart),
    "share": tuple(str(each) for each in get_args(Share)),
}


class PerformanceState(rx.State):
    """A measure over time. `is_one` says whether it is limited to the group identified by `name`
    and `detail`."""

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

    async def _show(self) -> None:
        only = (self.name, self.detail) if self.is_one else None
        self.view = await read(
            performance.view,
            span=cast("Span", self.span),
            measure=cast("Measure", self.measure),
            by=cast("Apart", self.by),
            share=cast("Share", int(self.share)),
            only=only,
        )
        # A separate var, as `items` of a var means a dictionary's items.
        self.rows, self.loaded = self.view.items, True

    def _widen(self) -> None:
        self.is_one, self.name, self.detail = False, "", ""

    @handler("admin")
    async def load_performance(self) -> None:
        """on_load of the page: time to first token over the last day."""
        self.span, self.measure, self.by, self.share = "day", "time_to_first_token", "model", "95"
        self._widen()
        await self._show()

    @handler("admin")
    async def look_again(self) -> None:
        """Reload everything."""
        await self._show()

    @handler("admin")
    async def choose(self, name: str, value: str) -> None:
        """Set one of span, measure, by and share."""
        if value not in CHOICES.get(name, ()):
            return
        setattr(self, name, value)
        if name == "by":
            self._widen()
        await self._show()

    @handler("admin")
    async def look_at(self, name: str, detail: str) -> None:
        """Show the percentiles of one group."""
        self.is_one, self.name, self.detail = True, name[:500], detail[:100]
        await self._show()

    @handler("admin")
    async def look_at_all(self) -> None:
        """Show one line per group again."""
        self._widen()
        await self._show()
