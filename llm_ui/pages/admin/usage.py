"""What everybody used: sums, a plot by day, and one table by day, model, person or provider."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.text import day, locale, money, number, short_number, t
from llm_ui.react.usage import usage_bars
from llm_ui.schemas.account import Money
from llm_ui.schemas.figures import UsedBy
from llm_ui.states.auth import AuthState
from llm_ui.states.usage_admin import PAGE, PRESETS
from llm_ui.states.usage_admin import AdminUsageState as State

ROUTE = "/admin/usage"
TABLES = ("day", "model", "person", "provider")
COLUMNS = (
    "answers", "failures", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
    "cost",
)  # fmt: skip


def _pressed(label: Any, chosen: Any, on_click: Any, test_id: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        class_name="lu-segment__item",
        custom_attrs={"aria-pressed": rx.cond(chosen, "true", "false")},
        on_click=on_click,
        data_testid=test_id,
    )


def _range() -> rx.Component:
    view = State.view

    def preset(name: str) -> rx.Component:
        label = t("usage.days", count=int(name)) if name.isdigit() else t("usage_all.month")
        chosen = State.preset == name
        return _pressed(label, chosen, State.show_preset(name), f"usage-{name}")

    def edge(name: str, value: Any, label: Any) -> rx.Component:
        return rx.el.input(
            type="date",
            name=name,
            default_value=value,
            required=True,
            aria_label=label,
            class_name="lu-input lu-date",
            data_testid=f"usage-{name}",
        )

    dates = rx.el.form(
        edge("start", view.start, t("usage.from")),
        rx.el.span("–", custom_attrs={"aria-hidden": "true"}),
        edge("end", view.end, t("usage.to")),
        ui.button(t("usage.show"), type="submit", small=True, data_testid="usage-show"),
        key=view.start + view.end,
        on_submit=lambda data: State.show_range(
            data.to(dict[str, str])["start"], data.to(dict[str, str])["end"]
        ),
        class_name="lu-dates",
    )
    presets = rx.el.div(
        *[preset(name) for name in PRESETS],
        role="group",
        aria_label=t("usage.range"),
        class_name="lu-segment lu-segment--pressed",
    )
    return rx.el.div(presets, dates, class_name="lu-range")


def _chips() -> rx.Component:
    """What it is narrowed to; a press lets go of it."""

    def chip(what: str, name: Any) -> rx.Component:
        return ui.button(
            rx.el.span(t(f"usage_all.by_{what}"), ": ", class_name="lu-only__what"),
            rx.el.strong(name, class_name="lu-truncate"),
            ui.icon("x", 14),
            small=True,
            class_name="lu-only",
            aria_label=t("usage_all.widen", name=name),
            on_click=State.widen(what),
            data_testid=f"widen-{what}",
        )

    person = rx.cond(State.view.person_name != "", State.view.person_name, t("usage_all.gone"))
    return rx.cond(
        State.filtered,
        rx.el.div(
            rx.cond(State.person != "", chip("person", person)),
            rx.cond(State.model != "", chip("model", State.model + " · " + State.provider)),
            class_name="lu-onlys",
        ),
    )


def _costs(costs: rx.Var[list[Money]]) -> rx.Component:
    def amount(cost: rx.Var[Money]) -> rx.Component:
        return rx.el.span(money(cost.micro, cost.currency), class_name="lu-cost")

    return rx.cond(costs.length() > 0, rx.fragment(rx.foreach(costs, amount)), money(0, "USD"))


def _stats() -> rx.Component:
    total = State.view.total
    read = t(
        "usage_all.read_note",
        input=short_number(total.input_tokens),
        cached=short_number(total.cached_tokens),
    )
    written = t(
        "usage_all.written_note",
        output=short_number(total.output_tokens),
        reasoning=short_number(total.reasoning_tokens),
    )
    estimates = rx.cond(
        total.estimated > 0, t("usage_all.estimated", count=total.estimated), t("usage.exact")
    )
    return rx.el.div(
        ui.stat(
            t("usage.answers"),
            number(total.answers),
            t("usage_all.failed_note", count=total.failures),
            "usage-answers",
        ),
        ui.stat(t("usage.input"), short_number(total.input_tokens), read, "usage-input"),
        ui.stat(t("usage.output"), short_number(total.output_tokens), written, "usage-output"),
        ui.stat(t("usage.cost"), _costs(total.costs), estimates, "usage-cost"),
        class_name="lu-stats",
    )


def _plot() -> rx.Component:
    labels = {
        "title": t("usage.plot"),
        "input": t("usage.input"),
        "output": t("usage.output"),
        "language": t("app.language"),
        "locale": locale(),
    }
    return ui.card(usage_bars(days=State.view.days, labels=labels), title=t("usage.by_day"))


# --- the table --------------------------------------------------------------------------


def _heading(column: str, label: Any) -> rx.Component:
    chosen = State.sort == column
    down = State.descending
    return rx.el.th(
        rx.el.button(
            label,
            rx.cond(
                chosen,
                rx.cond(down, ui.icon("arrow-down", 12), ui.icon("arrow-up", 12)),
            ),
            type="button",
            on_click=State.sort_by(column),
            class_name="lu-sort",
            data_testid=f"sort-{column}",
        ),
        scope="col",
        class_name="" if column == "name" else "lu-table__num",
        custom_attrs={
            "aria-sort": rx.cond(chosen, rx.cond(down, "descending", "ascending"), "none")
        },
    )


def _name(row: rx.Var[UsedBy]) -> rx.Component:
    gone = rx.match(
        State.by, ("person", t("usage_all.gone")), ("model", t("usage.gone")), t("usage_all.none")
    )
    words = rx.cond(State.by == "day", day(row.name), rx.cond(row.name != "", row.name, gone))
    # Providers lead nowhere, and so does what has no name to go by.
    leads = (row.name != "") & (State.by != "provider")
    return rx.el.td(
        rx.cond(
            leads,
            rx.el.button(
                words,
                type="button",
                data_tip=t("usage_all.narrow"),
                on_click=State.narrow_to(row.key, row.detail),
                class_name="lu-table__name lu-narrow",
                data_testid="usage-narrow",
            ),
            rx.el.span(words, class_name="lu-table__name"),
        ),
        rx.cond(row.detail != "", rx.el.span(row.detail, class_name="lu-table__detail")),
        class_name="lu-table__wide",
    )


def _row(row: rx.Var[UsedBy]) -> rx.Component:
    # Stacked on phones, the figures have no headings above them: each carries its own.
    def figure(column: str, value: Any) -> rx.Component:
        label = t(f"usage_all.{column}")
        return rx.el.td(
            rx.el.span(label, class_name="lu-figure__label"), value, class_name="lu-table__num"
        )

    def tokens(value: Any) -> rx.Component:
        mark = rx.el.span("≈ ", data_tip=t("usage_all.estimated", count=row.estimated))
        return rx.fragment(rx.cond(row.estimated > 0, mark), number(value))

    return rx.el.tr(
        _name(row),
        figure("answers", number(row.answers)),
        figure("failures", number(row.failures)),
        figure("input_tokens", tokens(row.input_tokens)),
        figure("cached_tokens", number(row.cached_tokens)),
        figure("output_tokens", tokens(row.output_tokens)),
        figure("reasoning_tokens", number(row.reasoning_tokens)),
        figure("cost", _costs(row.costs)),
        key=row.key + row.detail,
        data_testid="usage-row",
    )


def _sorting() -> rx.Component:
    """The headings' sorting where there are none: on phones."""
    columns = [rx.el.option(t(f"usage_all.{each}"), value=each) for each in ("name", *COLUMNS)]
    return rx.el.label(
        rx.el.span(t("usage_all.sort")),
        rx.el.select(
            *columns,
            value=State.sort,
            on_change=State.sort_by,
            class_name="lu-input lu-select",
            data_testid="usage-sort",
        ),
        class_name="lu-inline-choice lu-narrow-only",
    )


def _turning() -> rx.Component:
    view = State.view
    first, last = State.skipped + 1, State.skipped + State.rows.length()

    def turn(icon_name: str, which: str, forward: bool, there_is: Any) -> rx.Component:
        return ui.icon_button(
            icon_name,
            t(f"usage_all.{which}"),
            small=True,
            disabled=~there_is,
            on_click=State.turn_page(forward),
            data_testid=f"usage-{which}",
        )

    return rx.cond(
        view.groups > PAGE,
        rx.el.div(
            rx.el.span(
                t("usage_all.shown", first=first, last=last, count=view.groups),
                aria_live="polite",
            ),
            turn("chevron-left", "earlier", False, State.skipped > 0),
            turn("chevron-right", "further", True, last < view.groups),
            class_name="lu-turning",
        ),
    )


def _table() -> rx.Component:
    views = rx.el.div(
        *[
            _pressed(t(f"usage_all.by_{by}"), State.by == by, State.show_by(by), f"by-{by}")
            for by in TABLES
        ],
        role="group",
        aria_label=t("usage_all.table"),
        class_name="lu-segment lu-segment--pressed",
    )
    name = rx.match(
        State.by, *[(by, t(f"usage_all.by_{by}")) for by in TABLES], t("usage_all.by_day")
    )
    head = [_heading("name", name), *(_heading(each, t(f"usage_all.{each}")) for each in COLUMNS)]
    table = rx.el.table(
        rx.el.thead(rx.el.tr(*head)),
        rx.el.tbody(rx.foreach(State.rows, _row)),
        aria_label=t("usage_all.table"),
        class_name="lu-table lu-table--stack lu-usage",
        data_testid="usage-table",
    )
    wrap = rx.el.div(
        table, class_name="lu-table-wrap", role="region", tab_index=0,
        aria_label=t("usage_all.table"),
    )  # fmt: skip
    return ui.card(
        rx.el.div(views, _sorting(), class_name="lu-card__head"), wrap, _turning(),
        class_name="lu-usage-card",
    )  # fmt: skip


def _report() -> rx.Component:
    empty = ui.card(
        ui.empty_state(t("usage.empty_title"), t("usage_all.empty_text"), test_id="no-usage")
    )
    return rx.cond(
        State.view.total.answers > 0,
        rx.fragment(_stats(), _plot(), _table()),
        empty,
    )


def _waiting() -> rx.Component:
    cards = [
        rx.el.div(ui.skeleton("40%"), ui.skeleton("55%", "28px"), class_name="lu-card lu-stat")
        for _ in range(4)
    ]
    lines = [ui.skeleton(width) for width in ("30%", "82%", "64%", "76%", "58%", "88%")]
    return rx.fragment(
        ui.waiting(*cards, label=t("app.loading"), class_name="lu-stats"),
        ui.card(rx.el.div(*lines, class_name="lu-lines__waiting lu-section")),
    )


def _csv() -> rx.Component:
    return rx.cond(
        State.loaded,
        rx.el.a(
            ui.icon("download", 16),
            "CSV",
            href="/api/v1/admin/usage.csv?" + State.export_query,
            download=True,
            # A file to load, not a page to go to.
            custom_attrs={"reloadDocument": True},
            aria_label=t("usage.csv"),
            class_name="lu-button lu-button--plain lu-button--small",
            data_testid="usage-csv",
        ),
    )


def usage() -> rx.Component:
    """The page."""
    return admin_page(
        ROUTE,
        t("usage.title"),
        t("usage_all.subtitle"),
        rx.cond(State.loaded, rx.fragment(_range(), _chips(), _report()), _waiting()),
        extra=_csv(),
        test_id="all-usage-page",
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        usage,
        route=ROUTE,
        title=t("usage.page"),
        on_load=[AuthState.require_admin, State.load_all_usage],
    )
