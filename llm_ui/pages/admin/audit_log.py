"""The audit log: what happened, who did it, what went wrong."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.text import number, t, t_of, when
from llm_ui.schemas.audit.audit_log import ErrorGroup, Fact, LogLine
from llm_ui.states.audit.audit_log import HOURS, LEVELS
from llm_ui.states.audit.audit_log import MonitoringState as State

LIVE_MS = 3000
# 0 keeps rows forever.
KEPT_DAYS = (30, 90, 180, 365, 730, 0)
Line = rx.Var[LogLine]
_TONES = (("warning", "warn"), ("error", "danger"))


def _choice(name: str, label: Any, value: Any, among: list[rx.Component]) -> rx.Component:
    return ui.filter_choice(
        label, value, lambda chosen: State.narrow(name, chosen), among, f"log-{name}"
    )


def _filters() -> rx.Component:
    search = ui.search_field(
        t("audit.search"),
        State.look_for,
        "log-search",
        default_value=State.query,
        key=State.cleared.to_string(),
    )
    levels = ui.options("admin.level.", LEVELS, any_of="audit.any_level")
    kinds = rx.foreach(
        State.kinds, lambda each: rx.el.option(t_of("admin.kind.", each), value=each)
    )
    any_kind, any_time = (
        rx.el.option(t(key), value="") for key in ("audit.any_kind", "audit.any_time")
    )
    times = ui.options("audit.since_", HOURS)
    filters = rx.el.div(
        _choice("level", t("admin.event_level"), State.level, levels),
        _choice("kind", t("admin.event_message"), State.kind, [any_kind, kinds]),
        _choice("since", t("admin.event_time"), State.since, [*times, any_time]),
        rx.cond(State.filtered, ui.clear_button(State.clear_filters, "log-clear")),
        class_name="lu-history__filters",
    )
    return rx.fragment(search, filters)


def _fact(fact: rx.Var[Fact]) -> rx.Component:
    value = rx.cond(
        fact.is_change,
        rx.fragment(
            rx.el.del_(fact.before),
            rx.el.span(" → ", custom_attrs={"aria-hidden": "true"}),
            rx.el.ins(fact.value),
        ),
        rx.el.span(fact.value),
    )
    return rx.el.div(rx.el.dt(fact.name), rx.el.dd(value), class_name="lu-log__fact")


def _level(entry: Line) -> rx.Component:
    level = entry.log_level
    return ui.badge(t_of("admin.level.", level), rx.match(level, *_TONES, "quiet"))


def _detail(words: Any) -> rx.Component:
    return rx.el.span(words, class_name="lu-table__detail")


def _about(entry: Line) -> Any:
    facts = rx.el.details(
        rx.el.summary(t("audit.details")),
        rx.el.dl(rx.foreach(entry.facts, _fact), class_name="lu-log__facts"),
        class_name="lu-log__details",
    )
    reference = _detail(t("audit.reference", number=entry.reference))
    return (
        rx.el.span(entry.told, class_name="lu-table__name"),
        rx.cond(entry.more != "", _detail(entry.more)),
        rx.cond(entry.reference != "", reference),
        rx.cond(entry.facts.length() > 0, facts),
    )


def _by(entry: Line) -> Any:
    return rx.el.span(entry.user), rx.cond(entry.address != "", _detail(entry.address))


def _rows() -> rx.Component:
    columns = (
        ui.Column(t("admin.event_time"), lambda each: when(each.created_at), "lu-table__quiet"),
        ui.Column(t("admin.event_level"), _level),
        ui.Column(t("admin.event_message"), _about, "lu-table__wide"),
        ui.Column(t("admin.event_user"), _by),
    )
    table = ui.data_table(
        State.items, columns, label=t("audit.title"), test_id="log", row_id="log-row"
    )
    nothing = ui.empty_state(
        rx.cond(State.filtered, t("audit.no_match_title"), t("admin.events_empty_title")),
        rx.cond(State.filtered, t("audit.no_match_text"), t("admin.events_empty_text")),
        test_id="log-empty",
    )
    more = ui.card_more(State.has_more, State.load_more, "log-more")
    follow = rx.el.input(
        type="checkbox", checked=State.live, on_change=State.follow, data_testid="log-live"
    )
    return ui.card(
        rx.cond(State.items.length() > 0, rx.fragment(table, more), nothing),
        title=t("admin.events"),
        extra=rx.el.label(follow, rx.el.span(t("audit.live")), class_name="lu-inline-tick"),
    )


def _groups() -> rx.Component:
    def what(group: rx.Var[ErrorGroup]) -> tuple[rx.Component, rx.Component]:
        return ui.named(group.message, t("audit.reference", number=group.reference))

    quiet = "lu-table__quiet"
    columns = (
        ui.Column(t("audit.error"), what, "lu-table__wide"),
        ui.Column(t("audit.times"), lambda group: number(group.count), number=True),
        ui.Column(t("audit.first"), lambda group: when(group.first_at), quiet),
        ui.Column(t("audit.last"), lambda group: when(group.last_at), quiet),
    )
    table = ui.data_table(
        State.groups,
        columns,
        label=t("audit.errors"),
        key="message",
        test_id="error-groups",
        row_id="error-group",
    )
    return rx.cond(State.groups.length() > 0, ui.card(table, title=t("audit.errors")))


def _keeping() -> rx.Component:
    options = [
        rx.el.option(
            t("audit.keep_days", count=days) if days else t("audit.keep_always"), value=str(days)
        )
        for days in KEPT_DAYS
    ]
    return rx.el.label(
        rx.el.span(t("audit.keep")),
        rx.el.select(
            *options,
            value=State.log_days.to_string(),
            on_change=State.keep_days,
            class_name="lu-input lu-select",
            data_testid="log-keep",
        ),
        class_name="lu-inline-choice",
    )


def _foot() -> rx.Component:
    def export(form: str) -> rx.Component:
        return rx.el.a(
            form.upper(),
            href=f"/api/v1/admin/log/export?format={form}&" + State.export_query,
            download=True,
            class_name="lu-button lu-button--plain lu-button--small",
            data_testid=f"log-export-{form}",
        )

    return rx.el.div(
        _keeping(),
        rx.el.div(
            rx.el.span(t("audit.export")), export("csv"), export("ndjson"), class_name="lu-exports"
        ),
        class_name="lu-page__tools",
    )


def log() -> rx.Component:
    """The page."""
    clock = rx.cond(
        State.live,
        ui.timer(ms=LIVE_MS, of=State.readings.to_string(), awake=True, on_done=State.tick),
    )
    shown = rx.fragment(_filters(), _groups(), _rows(), _foot(), clock)
    waiting = ui.waiting_card("82%", "64%", "76%", "58%", "70%", "88%")
    body = rx.cond(State.loaded, shown, waiting)
    return admin_page("/admin/log", t("audit.title"), t("audit.subtitle"), body, test_id="log-page")


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, log, "/admin/log", t("audit.page"), State.load_log)
