"""Shared parts of the statistics pages: date range, costs, chart, columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import language, locale, money, t
from llm_ui.react.usage import usage_bars
from llm_ui.schemas.accounts.account import Money

PRESSED = "lu-segment--pressed"


def day_range(
    presets: list[tuple[Any, Any, Any, str]], shown: Any, on_submit: Any, ends: tuple[str, str]
) -> rx.Component:
    """Preset date ranges (as `ui.segments` takes them), and a custom one.

    Args:
        shown: the current range: its `start` and `end`.
        on_submit: the handler that takes the two days.
        ends: the suffix of the two fields' test IDs.
    """

    def edge(name: str, label: Any, end: str) -> rx.Component:
        return rx.el.input(
            type="date",
            name=name,
            default_value=getattr(shown, name),
            required=True,
            aria_label=label,
            class_name="lu-input lu-date",
            data_testid=f"usage-{end}",
        )

    dates = rx.el.form(
        edge("start", t("own_usage.from"), ends[0]),
        rx.el.span("–", custom_attrs={"aria-hidden": "true"}),
        edge("end", t("own_usage.to"), ends[1]),
        ui.button(t("own_usage.show"), type="submit", small=True, data_testid="usage-show"),
        key=shown.start + shown.end,
        on_submit=ui.values_of(on_submit, "start", "end"),
        class_name="lu-dates",
    )
    buttons = ui.segments(presets, label=t("own_usage.range"), class_name=PRESSED)
    return rx.el.div(buttons, dates, class_name="lu-range")


def costs_of(costs: rx.Var[list[Money]]) -> rx.Component:
    """Amounts by currency; zero dollars if there are none."""

    def amount(cost: rx.Var[Money]) -> rx.Component:
        return rx.el.span(money(cost.micro, cost.currency), class_name="lu-cost")

    return rx.cond(costs.length() > 0, rx.fragment(rx.foreach(costs, amount)), money(0, "USD"))


def plot(days: Any) -> rx.Component:
    """The tokens of each day, as a chart."""
    labels = {
        "title": t("own_usage.plot"),
        "input": t("own_usage.input"),
        "output": t("own_usage.output"),
        "language": language(),
        "locale": locale(),
    }
    return ui.card(usage_bars(days=days, labels=labels), title=t("own_usage.by_day"))


def figure(label: Any, value: Callable[[Any], Any], *, heading: Any = None) -> ui.Column:
    """A column of numbers. On phones, rows are stacked without headings, so each cell has its own
    `label`."""

    def cell(row: Any) -> Any:
        return rx.el.span(label, class_name="lu-figure__label"), value(row)

    return ui.Column(label if heading is None else heading, cell, number=True)


def csv_link(address: Any) -> rx.Component:
    """The link that downloads the figures as CSV."""
    return rx.el.a(
        ui.icon("download", 16),
        "CSV",
        href=address,
        download=True,
        # A download rather than a page of the app.
        custom_attrs={"reloadDocument": True},
        aria_label=t("own_usage.csv"),
        class_name="lu-button lu-button--plain lu-button--small",
        data_testid="usage-csv",
    )


def waiting_stats(count: int) -> rx.Component:
    """Loading state of the summary cards."""
    cards = [
        rx.el.div(ui.skeleton("40%"), ui.skeleton("55%", "28px"), class_name="lu-card lu-stat")
        for _ in range(count)
    ]
    return ui.waiting(*cards, label=t("app.loading"), class_name="lu-stats")
