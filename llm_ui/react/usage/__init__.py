"""The plots: what was used, day by day, and how fast answers came."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link
from llm_ui.schemas.account import UsageDay
from llm_ui.schemas.figures import SpeedLine

_FILES = link("scale.js", "bars.jsx", "lines.jsx")


class UsageBars(rx.Component):
    """Tokens per day as stacked bars: read below, written above.

    Labels: title, input, output, language, and locale for the days.
    """

    library = _FILES["bars.jsx"]
    tag = "UsageBars"

    days: rx.Var[list[UsageDay]]
    labels: rx.Var[dict[str, Any]]


def usage_bars(**props: Any) -> rx.Component:
    """The plot."""
    return UsageBars.create(**props)


class SpeedLines(rx.Component):
    """Lines over time with gaps where nothing was measured, and the same as a table.

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
    """The plot of lines."""
    return SpeedLines.create(**props)
