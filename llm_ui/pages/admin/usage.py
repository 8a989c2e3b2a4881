"""All users' usage: totals, a chart by day, and a table by day, model, user or provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.insights import figures
from llm_ui.components.text import day, number, short_number, t
from llm_ui.schemas.insights.figures import UsedBy
from llm_ui.states.insights.usage import PAGE, PRESETS
from llm_ui.states.insights.usage import AdminUsageState as State

ROUTE = "/admin/usage"
TABLES = ("day", "model", "person", "provider")
Row = rx.Var[UsedBy]


def _range() -> rx.Component:
    def preset(name: str) -> tuple[Any, Any, Any, str]:
        label = t("own_usage.days", count=int(name)) if name.isdigit() else t("usage.month")
        return label, State.preset == name, State.show_preset(name), f"usage-{name}"

    presets = [preset(name) for name in PRESETS]
    return figures.day_range(presets, State.view, State.show_range, ends=("start", "end"))


def _chips() -> rx.Component:
    """The active filters; clicking one removes it."""

    def chip(what: str, name: Any) -> rx.Component:
        return ui.button(
            rx.el.span(t(f"usage.by_{what}"), ": ", class_name="lu-only__what"),
            rx.el.strong(name, class_name="lu-truncate"),
            ui.icon("x", 14),
            small=True,
            class_name="lu-only",
            aria_label=t("usage.widen", name=name),
            on_click=State.widen(what),
            data_testid=f"widen-{what}",
        )

    person = rx.cond(State.view.person_name != "", State.view.person_name, t("usage.gone"))
    return rx.cond(
        State.filtered,
        rx.el.div(
            rx.cond(State.person != "", chip("person", person)),
            rx.cond(State.model != "", chip("model", State.model + " · " + State.provider)),
            class_name="lu-onlys",
        ),
    )


def _stats() -> rx.Component:
    total = State.view.total
    read = t(
        "usage.read_note",
        input=short_number(total.input_tokens),
        cached=short_number(total.cached_tokens),
    )
    written = t(
        "usage.written_note",
        output=short_number(total.output_tokens),
        reasoning=short_number(total.reasoning_tokens),
    )
    estimates = rx.cond(
        total.estimated > 0, t("usage.estimated", count=total.estimated), t("own_usage.exact")
    )
    return rx.el.div(
        ui.stat(
            t("own_usage.answers"),
            number(total.answers),
            t("usage.failed_note", count=total.failures),
            "usage-answers",
        ),
        ui.stat(t("own_usage.input"), short_number(total.input_tokens), read, "usage-input"),
        ui.stat(t("own_usage.output"), short_number(total.output_tokens), written, "usage-output"),
        ui.stat(t("own_usage.cost"), figures.costs_of(total.costs), estimates, "usage-cost"),
        class_name="lu-stats",
    )


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


def _name(row: Row) -> Any:
    gone = rx.match(
        State.by, ("person", t("usage.gone")), ("model", t("own_usage.gone")), t("usage.none")
    )
    words = rx.cond(State.by == "day", day(row.name), rx.cond(row.name != "", row.name, gone))
    # Providers can't be filtered by, and neither can rows without a name.
    leads = (row.name != "") & (State.by != "provider")
    narrow = rx.el.button(
        words,
        type="button",
        data_tip=t("usage.narrow"),
        on_click=State.narrow_to(row.key, row.detail),
        class_name="lu-table__name lu-narrow",
        data_testid="usage-narrow",
    )
    name = rx.cond(leads, narrow, rx.el.span(words, class_name="lu-table__name"))
    detail = rx.el.span(row.detail, class_name="lu-table__detail")
    return name, rx.cond(row.detail != "", detail)


def _estimated(row: Row, value: Any) -> rx.Component:
    mark = rx.el.span("≈ ", data_tip=t("usage.estimated", count=row.estimated))
    return rx.fragment(rx.cond(row.estimated > 0, mark), number(value))


VALUES: dict[str, Callable[[Row], Any]] = {
    "answers": lambda row: number(row.answers),
    "failures": lambda row: number(row.failures),
    "input_tokens": lambda row: _estimated(row, row.input_tokens),
    "cached_tokens": lambda row: number(row.cached_tokens),
    "output_tokens": lambda row: _estimated(row, row.output_tokens),
    "reasoning_tokens": lambda row: number(row.reasoning_tokens),
    "cost": lambda row: figures.costs_of(row.costs),
}
COLUMNS = (
    ui.Column("", _name, "lu-table__wide"),
    *(figures.figure(t(f"usage.{name}"), value) for name, value in VALUES.items()),
)


def _row(row: Row) -> rx.Component:
    cells = [column.of(row) for column in COLUMNS]
    return rx.el.tr(*cells, key=row.key + row.detail, data_testid="usage-row")


def _sorting() -> rx.Component:
    """Sorting on phones, which show no column headings."""
    columns = [rx.el.option(t(f"usage.{each}"), value=each) for each in ("name", *VALUES)]
    return rx.el.label(
        rx.el.span(t("usage.sort")),
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
        label, turn = t(f"usage.{which}"), State.turn_page(forward)
        return ui.icon_action(icon_name, label, turn, f"usage-{which}", disabled=~there_is)

    return rx.cond(
        view.groups > PAGE,
        rx.el.div(
            rx.el.span(
                t("usage.shown", first=first, last=last, count=view.groups),
                aria_live="polite",
            ),
            turn("chevron-left", "earlier", False, State.skipped > 0),
            turn("chevron-right", "further", True, last < view.groups),
            class_name="lu-turning",
        ),
    )


def _table() -> rx.Component:
    each = [(t(f"usage.by_{by}"), State.by == by, State.show_by(by), f"by-{by}") for by in TABLES]
    views = ui.segments(each, label=t("usage.table"), class_name=figures.PRESSED)
    name = rx.match(State.by, *[(by, t(f"usage.by_{by}")) for by in TABLES], t("usage.by_day"))
    head = [_heading("name", name), *(_heading(each, t(f"usage.{each}")) for each in VALUES)]
    table = rx.el.table(
        rx.el.thead(rx.el.tr(*head)),
        rx.el.tbody(rx.foreach(State.rows, _row)),
        aria_label=t("usage.table"),
        class_name="lu-table lu-table--stack lu-usage",
        data_testid="usage-table",
    )
    wrap = rx.el.div(
        table,
        class_name="lu-table-wrap",
        role="region",
        tab_index=0,
        aria_label=t("usage.table"),
    )
    return ui.card(
        rx.el.div(views, _sorting(), class_name="lu-card__head"),
        wrap,
        _turning(),
        class_name="lu-usage-card",
    )


def _report() -> rx.Component:
    empty = ui.card(
        ui.empty_state(t("own_usage.empty_title"), t("usage.empty_text"), test_id="no-usage")
    )
    return rx.cond(
        State.view.total.answers > 0,
        rx.fragment(_stats(), figures.plot(State.view.days), _table()),
        empty,
    )


def _waiting() -> rx.Component:
    lines = [ui.skeleton(width) for width in ("30%", "82%", "64%", "76%", "58%", "88%")]
    return rx.fragment(
        figures.waiting_stats(4),
        ui.card(rx.el.div(*lines, class_name="lu-lines__waiting lu-section")),
    )


def usage() -> rx.Component:
    """The page."""
    csv = figures.csv_link("/api/v1/admin/usage.csv?" + State.export_query)
    return admin_page(
        ROUTE,
        t("own_usage.title"),
        t("usage.subtitle"),
        rx.cond(State.loaded, rx.fragment(_range(), _chips(), _report()), _waiting()),
        extra=rx.cond(State.loaded, csv),
        test_id="all-usage-page",
    )


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, usage, ROUTE, t("own_usage.page"), State.load_all_usage)
