"""Charts: usage by day, and answer speed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link
from llm_ui.schemas.accounts.account import UsageDay
from llm_ui.schemas.insights.figures import SpeedLine

_FILES = link("scale.js", "bars.jsx", "lines.jsx")


class UsageBars(rx.Component):
    """A chart of tokens per day as stacked bars: input at the bottom, output on top.

    Labels: title, input, output, language, and locale for the days.
    """

    library = _FILES["bars.jsx"]
    tag = "UsageBars"

    days: rx.Var[list[UsageDay]]
    labels: rx.Var[dict[str, Any]]


def usage_bars(**props: Any) -> rx.Component:
    """The usage chart."""
    return UsageBars.create(**props)


class SpeedLines(rx.Component):
    """A line chart over time, with gaps where nothing was measured, and the same data as a table.

    Labels: title, unnamed, time, figures, nothing, language, and locale for the times.
    """

    library = _FILES["lines.jsx"]
    tag = "SpeedLines"

    since: rx.Var[str]
    width_s: rx.Var[int]
    points: rx.Var[int]
    unit: rx.Var[str]
    lines: rx.Var[list[SpeedLine]]
    labels: rx.Var[dict[str, Any]]


def speed_lines(**props: Any) -> rx.Component:
    """The speed chart."""
    return SpeedLines.create(**props)
