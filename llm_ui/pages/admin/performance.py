"""How fast answers come and how many fail: a plot over time, and a table of all groups."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.text import duration, locale, number, t
from llm_ui.react.usage import speed_lines
from llm_ui.schemas.figures import SpeedOf
from llm_ui.states.auth import AuthState
from llm_ui.states.performance import CHOICES
from llm_ui.states.performance import PerformanceState as State

ROUTE = "/admin/performance"
COLUMNS = ("measured", "p50", "p95", "p99", "answers", "failures", "error_rate")


def _segment(name: str, value: Any, label: Any) -> rx.Component:
    def choice(each: str) -> rx.Component:
        return rx.el.button(
            t(f"speed.{name}.{each}"),
            type="button",
            class_name="lu-segment__item",
            custom_attrs={"aria-pressed": rx.cond(value == each, "true", "false")},
            on_click=State.choose(name, each),
            data_testid=f"{name}-{each}",
        )

    return rx.el.div(
        *[choice(each) for each in CHOICES[name]],
        role="group",
        aria_label=label,
        class_name="lu-segment lu-segment--pressed",
    )


def _select(name: str, value: Any, label: Any) -> rx.Component:
    return rx.el.select(
        *[rx.el.option(t(f"speed.{name}.{each}"), value=each) for each in CHOICES[name]],
        value=value,
        aria_label=label,
        on_change=lambda chosen: State.choose(name, chosen),
        class_name="lu-input lu-select lu-filters__choice",
        data_testid=f"speed-{name}",
    )


def _choosing() -> rx.Component:
    return rx.el.div(
        _segment("span", State.span, t("speed.span")),
        rx.el.div(
            _select("measure", State.measure, t("speed.measure")),
            _select("by", State.by, t("speed.by")),
            class_name="lu-speed__selects",
        ),
        class_name="lu-range",
    )


def _group_name(name: Any) -> Any:
    nothing = rx.cond(State.by == "address", t("speed.one_address"), t("usage.gone"))
    return rx.cond(name != "", name, nothing)


def _plot() -> rx.Component:
    s = State
    measure = rx.match(
        s.measure,
        *[(each, t(f"speed.measure.{each}")) for each in CHOICES["measure"]],
        t("speed.measure.duration"),
    )
    labels = {
        "title": t("speed.plot", measure=measure),
        "unnamed": rx.cond(s.by == "address", t("speed.one_address"), t("usage.gone")),
        "time": t("admin.event_time"),
        "figures": t("speed.figures"),
        "nothing": t("speed.nothing_text"),
        "language": t("app.language"),
        "locale": locale(),
    }
    one = ui.button(
        rx.el.strong(_group_name(s.name), class_name="lu-truncate"),
        ui.icon("x", 14),
        small=True,
        class_name="lu-only",
        aria_label=t("usage_all.widen", name=_group_name(s.name)),
        on_click=s.look_at_all,
        data_testid="speed-all",
    )
    shares = _segment("share", s.share, t("speed.share"))
    extra = rx.cond(s.is_one, one, rx.cond(s.measure != "errors", shares))
    lines = speed_lines(
        since=s.view.since, width_s=s.view.width_s, points=s.view.points, unit=s.view.unit,
        lines=s.view.lines, labels=labels,
    )  # fmt: skip
    return ui.card(lines, title=measure, extra=extra, class_name="lu-speed")


def _value(value: rx.Var[float | None]) -> rx.Component:
    shown = rx.cond(
        State.view.unit == "ms", duration(value), t("speed.per_second", value=number(value))
    )
    return rx.cond(value.is_none(), "–", shown)


def _row(row: rx.Var[SpeedOf]) -> rx.Component:
    # Stacked on phones, the figures have no headings above them: each carries its own.
    def figure(column: str, value: Any) -> rx.Component:
        return rx.el.td(
            rx.el.span(t(f"speed.{column}"), class_name="lu-figure__label"),
            value,
            class_name="lu-table__num",
        )

    rate = rx.cond(row.error_rate.is_none(), "–", t("speed.percent", value=number(row.error_rate)))
    return rx.el.tr(
        rx.el.td(
            rx.el.button(
                _group_name(row.name),
                type="button",
                data_tip=t("speed.look_at"),
                on_click=State.look_at(row.name, row.detail),
                class_name="lu-table__name lu-narrow",
                data_testid="speed-look-at",
            ),
            rx.cond(row.detail != "", rx.el.span(row.detail, class_name="lu-table__detail")),
            class_name="lu-table__wide",
        ),
        figure("measured", number(row.measured)),
        figure("p50", _value(row.p50)),
        figure("p95", _value(row.p95)),
        figure("p99", _value(row.p99)),
        figure("answers", number(row.answers)),
        figure("failures", number(row.failures)),
        figure("error_rate", rate),
        key=row.name + row.detail,
        data_testid="speed-row",
    )


def _table() -> rx.Component:
    by = rx.match(
        State.by,
        *[(each, t(f"speed.by.{each}")) for each in CHOICES["by"]],
        t("speed.by.model"),
    )
    headings = [(by, ""), *((t(f"speed.{each}"), "lu-table__num") for each in COLUMNS)]
    table = ui.table(headings, rx.foreach(State.rows, _row), label=t("speed.table"),
                     test_id="speed-table")  # fmt: skip
    more = rx.cond(
        State.view.groups > State.rows.length(),
        rx.el.p(
            t("speed.busiest", count=State.rows.length(), all=State.view.groups),
            class_name="lu-speed__note",
        ),
    )
    note = rx.el.p(t("speed.note"), class_name="lu-speed__note")
    return ui.card(table, more, note, title=t("speed.table"), class_name="lu-usage-card")


def _report() -> rx.Component:
    empty = ui.card(
        ui.empty_state(t("speed.nothing_title"), t("speed.nothing_text"), test_id="no-speed")
    )
    return rx.cond(State.rows.length() > 0, rx.fragment(_plot(), _table()), empty)


def _waiting() -> rx.Component:
    lines = [ui.skeleton(width) for width in ("30%", "82%", "64%", "76%", "58%", "70%", "88%")]
    return ui.card(
        ui.waiting(*lines, label=t("app.loading"), class_name="lu-lines__waiting lu-section")
    )


def performance() -> rx.Component:
    """The page."""
    refresh = ui.button(
        ui.icon("refresh-cw", 16),
        rx.el.span(t("admin.refresh"), class_name="lu-wide-only"),
        small=True,
        aria_label=t("admin.refresh"),
        on_click=State.look_again,
        data_testid="speed-refresh",
    )
    body = rx.cond(State.loaded, rx.fragment(_choosing(), _report()), _waiting())
    return admin_page(
        ROUTE, t("speed.title"), t("speed.subtitle"), body, extra=refresh, test_id="speed-page"
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        performance,
        route=ROUTE,
        title=t("speed.page"),
        on_load=[AuthState.require_admin, State.load_performance],
    )
