"""The plot of what was used, day by day."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link
from llm_ui.schemas.account import UsageDay

_FILES = link("bars.jsx")


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
