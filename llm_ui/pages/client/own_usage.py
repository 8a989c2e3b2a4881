"""A user's own usage: tokens and costs by day and by model."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.frames.client_frame import client_page
from llm_ui.components.insights import figures
from llm_ui.components.text import day, number, short_number, t
from llm_ui.schemas.accounts.account import UsageDay, UsageModel
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.insights.own_usage import UsageState

PRESETS = (7, 30, 90, 365)


def _range() -> rx.Component:
    def preset(days: int) -> tuple[Any, Any, Any, str]:
        words, show = t("own_usage.days", count=days), UsageState.show_days(days)
        return words, UsageState.days == days, show, f"usage-{days}"

    presets = [preset(each) for each in PRESETS]
    return figures.day_range(presets, UsageState.report, UsageState.show_range, ends=("from", "to"))


def _stats() -> rx.Component:
    report = UsageState.report
    tokens = t(
        "admin.tokens_note",
        input=short_number(report.input_tokens),
        output=short_number(report.output_tokens),
    )
    return rx.el.div(
        ui.stat(
            t("own_usage.answers"),
            number(report.answers),
            t("own_usage.answers_note"),
            "usage-answers",
        ),
        ui.stat(
            t("own_usage.tokens"),
            short_number(report.input_tokens + report.output_tokens),
            tokens,
            "usage-tokens",
        ),
        ui.stat(
            t("own_usage.cost"),
            figures.costs_of(report.costs),
            rx.cond(report.is_estimated, t("own_usage.estimated"), t("own_usage.exact")),
            "usage-cost",
        ),
        class_name="lu-stats",
    )


FIGURES = (
    figures.figure(t("own_usage.answers"), lambda each: number(each.answers)),
    figures.figure(
        t("own_usage.read"),
        lambda each: number(each.input_tokens),
        heading=t("own_usage.input"),
    ),
    figures.figure(
        t("own_usage.written"),
        lambda each: number(each.output_tokens),
        heading=t("own_usage.output"),
    ),
    figures.figure(t("own_usage.cost"), lambda each: figures.costs_of(each.costs)),
)


def _model(model: rx.Var[UsageModel]) -> Any:
    name = rx.cond(model.name != "", model.name, t("own_usage.gone"))
    return (
        rx.el.strong(name, class_name="lu-table__name"),
        rx.el.span(model.provider, class_name="lu-table__quiet"),
    )


def _day(each: rx.Var[UsageDay]) -> rx.Component:
    return rx.el.strong(day(each.day), class_name="lu-table__name")


def _report() -> rx.Component:
    models = ui.data_table(
        UsageState.report.models,
        (ui.Column(t("own_usage.model"), _model, "lu-table__wide"), *FIGURES),
        label=t("own_usage.by_model"),
        key=lambda model: model.provider + model.name,
        test_id="usage-models",
        row_id="usage-model",
    )
    days = ui.data_table(
        UsageState.used_days,
        (ui.Column(t("own_usage.day"), _day), *FIGURES),
        label=t("own_usage.by_day"),
        key="day",
        test_id="usage-days",
        row_id="usage-day",
    )
    empty = ui.card(
        ui.empty_state(
            t("own_usage.empty_title"),
            t("own_usage.empty_text"),
            ui.link_button(t("chat.new"), href="/chat"),
            test_id="no-usage",
        )
    )
    shown = rx.fragment(
        _stats(),
        figures.plot(UsageState.report.days),
        ui.card(models, title=t("own_usage.by_model")),
        ui.card(days, title=t("own_usage.days_used")),
    )
    return rx.cond(UsageState.report.answers > 0, shown, empty)


def _csv() -> rx.Component:
    report = UsageState.report
    address = (
        "/api/v1/usage.csv?from=" + report.start + "&to=" + report.end + "&zone=" + UsageState.zone
    )
    return rx.cond(UsageState.loaded, figures.csv_link(address))


def own_usage() -> rx.Component:
    """A date range with its totals, a chart, and the tables behind it."""
    return client_page(
        t("own_usage.title"),
        t("own_usage.subtitle"),
        rx.cond(UsageState.loaded, rx.fragment(_range(), _report()), figures.waiting_stats(3)),
        extra=_csv(),
        test_id="usage-page",
        place="/usage",
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        own_usage,
        route="/usage",
        title=t("own_usage.page"),
        on_load=[AuthState.require_user, ChatState.load_beside, UsageState.load_usage],
    )
