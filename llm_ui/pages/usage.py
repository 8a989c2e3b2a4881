"""What a person used: tokens and cost by day and by model."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.frame import client_page
from llm_ui.components.text import day, locale, money, number, short_number, t
from llm_ui.react.usage import usage_bars
from llm_ui.schemas.account import Money, UsageDay, UsageModel
from llm_ui.states.auth import AuthState
from llm_ui.states.chat import ChatState
from llm_ui.states.usage import UsageState

PRESETS = (7, 30, 90, 365)


def _preset(days: int) -> rx.Component:
    chosen = UsageState.days == days
    return rx.el.button(
        t("usage.days", count=days),
        type="button",
        class_name="lu-segment__item",
        custom_attrs={"aria-pressed": rx.cond(chosen, "true", "false")},
        on_click=UsageState.show_days(days),
        data_testid=f"usage-{days}",
    )


def _range() -> rx.Component:
    report = UsageState.report
    presets = rx.el.div(
        *[_preset(days) for days in PRESETS],
        role="group",
        aria_label=t("usage.range"),
        class_name="lu-segment lu-segment--pressed",
    )
    dates = rx.el.form(
        rx.el.input(
            type="date", name="start", default_value=report.start, required=True,
            aria_label=t("usage.from"), class_name="lu-input lu-date", data_testid="usage-from",
        ),
        rx.el.span("–", custom_attrs={"aria-hidden": "true"}),
        rx.el.input(
            type="date", name="end", default_value=report.end, required=True,
            aria_label=t("usage.to"), class_name="lu-input lu-date", data_testid="usage-to",
        ),
        ui.button(t("usage.show"), type="submit", small=True, data_testid="usage-show"),
        key=report.start + report.end,
        on_submit=lambda data: UsageState.show_range(
            data.to(dict[str, str])["start"], data.to(dict[str, str])["end"]
        ),
        class_name="lu-dates",
    )  # fmt: skip
    return rx.el.div(presets, dates, class_name="lu-range")


def _money(cost: rx.Var[Money]) -> rx.Component:
    return rx.el.span(money(cost.micro, cost.currency), class_name="lu-cost")


def _costs(costs: rx.Var[list[Money]]) -> rx.Component:
    return rx.cond(costs.length() > 0, rx.fragment(rx.foreach(costs, _money)), money(0, "USD"))


def _stats() -> rx.Component:
    report = UsageState.report
    tokens = t(
        "admin.tokens_note",
        input=short_number(report.input_tokens),
        output=short_number(report.output_tokens),
    )
    return rx.el.div(
        ui.stat(
            t("usage.answers"), number(report.answers), t("usage.answers_note"), "usage-answers"
        ),
        ui.stat(
            t("usage.tokens"),
            short_number(report.input_tokens + report.output_tokens),
            tokens,
            "usage-tokens",
        ),
        ui.stat(
            t("usage.cost"),
            _costs(report.costs),
            rx.cond(report.is_estimated, t("usage.estimated"), t("usage.exact")),
            "usage-cost",
        ),
        class_name="lu-stats",
    )  # fmt: skip


def _plot() -> rx.Component:
    labels = {
        "title": t("usage.plot"),
        "input": t("usage.input"),
        "output": t("usage.output"),
        "language": t("app.language"),
        "locale": locale(),
    }
    return ui.card(usage_bars(days=UsageState.report.days, labels=labels), title=t("usage.by_day"))


_FIGURES = (
    ("usage.answers", "lu-table__num"),
    ("usage.input", "lu-table__num"),
    ("usage.output", "lu-table__num"),
    ("usage.cost", "lu-table__num"),
)


def _figures(each: rx.Var[UsageDay] | rx.Var[UsageModel]) -> list[rx.Component]:
    # Stacked on phones, the figures have no headings above them: each carries its own.
    def figure(key: str, value: rx.Var[str] | rx.Component) -> rx.Component:
        return rx.el.td(
            rx.el.span(t(key), class_name="lu-figure__label"), value, class_name="lu-table__num"
        )

    return [
        figure("usage.answers", number(each.answers)),
        figure("usage.read", number(each.input_tokens)),
        figure("usage.written", number(each.output_tokens)),
        figure("usage.cost", _costs(each.costs)),
    ]


def _headings(first: str) -> list[tuple[rx.Var[str], str]]:
    return [(t(first), ""), *((t(key), name) for key, name in _FIGURES)]


def _model(model: rx.Var[UsageModel]) -> rx.Component:
    name = rx.el.td(
        rx.el.strong(
            rx.cond(model.name != "", model.name, t("usage.gone")), class_name="lu-table__name"
        ),
        rx.el.span(model.provider, class_name="lu-table__quiet"),
        class_name="lu-table__wide",
    )
    return rx.el.tr(name, *_figures(model), data_testid="usage-model")


def _day(each: rx.Var[UsageDay]) -> rx.Component:
    name = rx.el.td(rx.el.strong(day(each.day), class_name="lu-table__name"))
    return rx.el.tr(name, *_figures(each), data_testid="usage-day")


def _report() -> rx.Component:
    models = ui.card(
        ui.table(
            _headings("usage.model"),
            rx.foreach(UsageState.report.models, _model),
            label=t("usage.by_model"),
            test_id="usage-models",
        ),
        title=t("usage.by_model"),
    )
    days = ui.card(
        ui.table(
            _headings("usage.day"),
            rx.foreach(UsageState.used_days, _day),
            label=t("usage.by_day"),
            test_id="usage-days",
        ),
        title=t("usage.days_used"),
    )
    empty = ui.card(
        ui.empty_state(
            t("usage.empty_title"),
            t("usage.empty_text"),
            ui.link_button(t("chat.new"), href="/chat"),
            test_id="no-usage",
        )
    )
    return rx.cond(
        UsageState.report.answers > 0, rx.fragment(_stats(), _plot(), models, days), empty
    )


def _waiting() -> rx.Component:
    cards = [
        rx.el.div(ui.skeleton("40%"), ui.skeleton("55%", "28px"), class_name="lu-card lu-stat")
        for _ in range(3)
    ]
    return ui.waiting(*cards, label=t("app.loading"), class_name="lu-stats")


def _csv() -> rx.Component:
    report = UsageState.report
    address = (
        "/api/v1/usage/csv?from=" + report.start + "&to=" + report.end + "&zone=" + UsageState.zone
    )
    return rx.cond(
        UsageState.loaded,
        rx.el.a(
            ui.icon("download", 16),
            "CSV",
            href=address,
            download=True,
            # A file to load, not a page to go to.
            custom_attrs={"reloadDocument": True},
            aria_label=t("usage.csv"),
            class_name="lu-button lu-button--plain lu-button--small",
            data_testid="usage-csv",
        ),
    )


def own_usage() -> rx.Component:
    """A range, its sums, a plot, and the tables behind them."""
    return client_page(
        t("usage.title"),
        t("usage.subtitle"),
        rx.cond(UsageState.loaded, rx.fragment(_range(), _report()), _waiting()),
        extra=_csv(),
        test_id="usage-page",
        place="/usage",
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        own_usage,
        route="/usage",
        title=t("usage.page"),
        on_load=[AuthState.require_user, ChatState.load_beside, UsageState.load_usage],
    )
