"""Answer speed and failure rates: a chart over time, and a table of all groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.insights.figures import PRESSED, figure
from llm_ui.components.text import duration, language, locale, number, t
from llm_ui.react.usage import speed_lines
from llm_ui.schemas.insights.figures import SpeedOf
from llm_ui.states.insights.performance import CHOICES
from llm_ui.states.insights.performance import PerformanceState as State

ROUTE = "/admin/performance"
Row = rx.Var[SpeedOf]


def _segment(name: str, value: Any, label: Any) -> rx.Component:
    each = [
        (t(f"performance.{name}.{one}"), value == one, State.choose(name, one), f"{name}-{one}")
        for one in CHOICES[name]
    ]
    return ui.segments(each, label=label, class_name=PRESSED)


def _select(name: str, value: Any, label: Any) -> rx.Component:
    return rx.el.select(
        *ui.options(f"performance.{name}.", CHOICES[name]),
        value=value,
        aria_label=label,
        on_change=lambda chosen: State.choose(name, chosen),
        class_name="lu-input lu-select lu-filters__choice",
        data_testid=f"speed-{name}",
    )


def _choosing() -> rx.Component:
    return rx.el.div(
        _segment("span", State.span, t("performance.span")),
        rx.el.div(
            _select("measure", State.measure, t("performance.measure")),
            _select("by", State.by, t("performance.by")),
            class_name="lu-speed__selects",
        ),
        class_name="lu-range",
    )


def _group_name(name: Any) -> Any:
    nothing = rx.cond(State.by == "address", t("performance.one_address"), t("own_usage.gone"))
    return rx.cond(name != "", name, nothing)


def _plot() -> rx.Component:
    s = State
    measure = rx.match(
        s.measure,
        *[(each, t(f"performance.measure.{each}")) for each in CHOICES["measure"]],
        t("performance.measure.duration"),
    )
    labels = {
        "title": t("performance.plot", measure=measure),
        "unnamed": rx.cond(s.by == "address", t("performance.one_address"), t("own_usage.gone")),
        "time": t("admin.event_time"),
        "figures": t("performance.figures"),
        "nothing": t("performance.nothing_text"),
        "language": language(),
        "locale": locale(),
    }
    one = ui.button(
        rx.el.strong(_group_name(s.name), class_name="lu-truncate"),
        ui.icon("x", 14),
        small=True,
        class_name="lu-only",
        aria_label=t("usage.widen", name=_group_name(s.name)),
        on_click=s.look_at_all,
        data_testid="speed-all",
    )
    shares = _segment("share", s.share, t("performance.share"))
    extra = rx.cond(s.is_one, one, rx.cond(s.measure != "errors", shares))
    lines = speed_lines(
        since=s.view.since,
        width_s=s.view.width_s,
        points=s.view.points,
        unit=s.view.unit,
        lines=s.view.lines,
        labels=labels,
    )
    return ui.card(lines, title=measure, extra=extra, class_name="lu-speed")


def _value(value: rx.Var[float | None]) -> rx.Component:
    shown = rx.cond(
        State.view.unit == "ms", duration(value), t("performance.per_second", value=number(value))
    )
    return rx.cond(value.is_none(), "–", shown)


def _group(row: Row) -> Any:
    name = rx.el.button(
        _group_name(row.name),
        type="button",
        data_tip=t("performance.look_at"),
        on_click=State.look_at(row.name, row.detail),
        class_name="lu-table__name lu-narrow",
        data_testid="speed-look-at",
    )
    detail = rx.el.span(row.detail, class_name="lu-table__detail")
    return name, rx.cond(row.detail != "", detail)


def _error_rate(row: Row) -> rx.Component:
    percent = t("performance.percent", value=number(row.error_rate))
    return rx.cond(row.error_rate.is_none(), "–", percent)


def _figure(name: str, value: Callable[[Row], Any]) -> ui.Column:
    return figure(t(f"performance.{name}"), value)


FIGURES = (
    _figure("measured", lambda row: number(row.measured)),
    _figure("p50", lambda row: _value(row.p50)),
    _figure("p95", lambda row: _value(row.p95)),
    _figure("p99", lambda row: _value(row.p99)),
    _figure("answers", lambda row: number(row.answers)),
    _figure("failures", lambda row: number(row.failures)),
    _figure("error_rate", _error_rate),
)


def _table() -> rx.Component:
    by = rx.match(
        State.by,
        *[(each, t(f"performance.by.{each}")) for each in CHOICES["by"]],
        t("performance.by.model"),
    )
    table = ui.data_table(
        State.rows,
        (ui.Column(by, _group, "lu-table__wide"), *FIGURES),
        label=t("performance.table"),
        key=lambda row: row.name + row.detail,
        test_id="speed-table",
        row_id="speed-row",
    )
    more = rx.cond(
        State.view.groups > State.rows.length(),
        rx.el.p(
            t("performance.busiest", count=State.rows.length(), all=State.view.groups),
            class_name="lu-speed__note",
        ),
    )
    note = rx.el.p(t("performance.note"), class_name="lu-speed__note")
    return ui.card(table, more, note, title=t("performance.table"), class_name="lu-usage-card")


def _report() -> rx.Component:
    empty = ui.card(
        ui.empty_state(
            t("performance.nothing_title"), t("performance.nothing_text"), test_id="no-speed"
        )
    )
    return rx.cond(State.rows.length() > 0, rx.fragment(_plot(), _table()), empty)


def performance() -> rx.Component:
    """The page."""
    words = t("admin.refresh")
    refresh = ui.action(
        ui.wide_only(words),
        State.look_again,
        "speed-refresh",
        icon_name="refresh-cw",
        aria_label=words,
    )
    waiting = ui.waiting_card("30%", "82%", "64%", "76%", "58%", "70%", "88%")
    body = rx.cond(State.loaded, rx.fragment(_choosing(), _report()), waiting)
    return admin_page(
        ROUTE,
        t("performance.title"),
        t("performance.subtitle"),
        body,
        extra=refresh,
        test_id="speed-page",
    )


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, performance, ROUTE, t("performance.page"), State.load_performance)
