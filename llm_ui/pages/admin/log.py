"""The monitoring log: what happened, who did it, what went wrong."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.text import number, t, t_of, when
from llm_ui.schemas.monitoring import ErrorGroup, Fact, LogLine
from llm_ui.states.auth import AuthState
from llm_ui.states.monitoring import HOURS
from llm_ui.states.monitoring import MonitoringState as State

REST_MS = 250
LIVE_MS = 3000
LEVELS = ("info", "warning", "error")
# 0 keeps rows for ever.
KEPT_DAYS = (30, 90, 180, 365, 730, 0)
_TONES = (("warning", "warn"), ("error", "danger"))


def _choice(name: str, label: Any, value: Any, *options: Any) -> rx.Component:
    return rx.el.select(
        *options,
        value=value,
        aria_label=label,
        on_change=lambda chosen: State.narrow(name, chosen),
        class_name="lu-input lu-select lu-history__filter",
        data_testid=f"log-{name}",
    )


def _filters() -> rx.Component:
    search = rx.el.input(
        type="search",
        default_value=State.query,
        placeholder=t("log.search"),
        aria_label=t("log.search"),
        max_length=200,
        auto_complete="off",
        on_change=State.look_for.debounce(REST_MS),
        class_name="lu-input lu-history__search",
        data_testid="log-search",
        key=State.cleared.to_string(),
    )
    levels = [rx.el.option(t(f"admin.level.{each}"), value=each) for each in LEVELS]
    kinds = rx.foreach(
        State.kinds, lambda each: rx.el.option(t_of("admin.kind.", each), value=each)
    )
    times = [rx.el.option(t(f"log.since_{each}"), value=each) for each in HOURS]
    filters = rx.el.div(
        _choice(
            "level", t("admin.event_level"), State.level,
            rx.el.option(t("log.any_level"), value=""), *levels,
        ),
        _choice(
            "kind", t("admin.event_message"), State.kind,
            rx.el.option(t("log.any_kind"), value=""), kinds,
        ),
        _choice(
            "since", t("admin.event_time"), State.since,
            *times, rx.el.option(t("log.any_time"), value=""),
        ),
        rx.cond(
            State.filtered,
            ui.button(
                t("history.clear"), look="ghost", small=True, on_click=State.clear,
                data_testid="log-clear",
            ),
        ),
        class_name="lu-history__filters",
    )  # fmt: skip
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


def _entry(entry: rx.Var[LogLine]) -> rx.Component:
    facts = rx.el.details(
        rx.el.summary(t("log.details")),
        rx.el.dl(rx.foreach(entry.facts, _fact), class_name="lu-log__facts"),
        class_name="lu-log__details",
    )
    about = rx.el.td(
        rx.el.span(entry.told, class_name="lu-table__name"),
        rx.cond(entry.more != "", rx.el.span(entry.more, class_name="lu-table__detail")),
        rx.cond(
            entry.reference != "",
            rx.el.span(t("log.reference", number=entry.reference), class_name="lu-table__detail"),
        ),
        rx.cond(entry.facts.length() > 0, facts),
        class_name="lu-table__wide",
    )
    return rx.el.tr(
        rx.el.td(when(entry.created_at), class_name="lu-table__quiet"),
        rx.el.td(
            ui.badge(t_of("admin.level.", entry.level), rx.match(entry.level, *_TONES, "quiet"))
        ),
        about,
        rx.el.td(
            rx.el.span(entry.user),
            rx.cond(entry.address != "", rx.el.span(entry.address, class_name="lu-table__detail")),
        ),
        data_testid="log-row",
        key=entry.id,
    )


def _rows() -> rx.Component:
    headings = (
        (t("admin.event_time"), ""),
        (t("admin.event_level"), ""),
        (t("admin.event_message"), ""),
        (t("admin.event_user"), ""),
    )
    table = ui.table(headings, rx.foreach(State.entries, _entry), label=t("log.title"),
                     test_id="log")  # fmt: skip
    nothing = ui.empty_state(
        rx.cond(State.filtered, t("log.no_match_title"), t("admin.events_empty_title")),
        rx.cond(State.filtered, t("log.no_match_text"), t("admin.events_empty_text")),
        test_id="log-empty",
    )
    more = rx.cond(
        State.has_more,
        rx.el.div(
            ui.button(t("log.more"), on_click=State.load_more, data_testid="log-more"),
            class_name="lu-card__more",
        ),
    )
    live = rx.el.label(
        rx.el.input(
            type="checkbox",
            checked=State.live,
            on_change=State.follow,
            data_testid="log-live",
        ),
        rx.el.span(t("log.live")),
        class_name="lu-inline-tick",
    )
    return ui.card(
        rx.cond(State.entries.length() > 0, rx.fragment(table, more), nothing),
        title=t("admin.events"),
        extra=live,
    )


def _group(group: rx.Var[ErrorGroup]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(group.message, class_name="lu-table__name"),
            rx.el.span(t("log.reference", number=group.reference), class_name="lu-table__detail"),
            class_name="lu-table__wide",
        ),
        rx.el.td(number(group.count), class_name="lu-table__num"),
        rx.el.td(when(group.first_at), class_name="lu-table__quiet"),
        rx.el.td(when(group.last_at), class_name="lu-table__quiet"),
        data_testid="error-group",
        key=group.message,
    )


def _groups() -> rx.Component:
    headings = (
        (t("log.error"), ""),
        (t("log.times"), "lu-table__num"),
        (t("log.first"), ""),
        (t("log.last"), ""),
    )
    table = ui.table(headings, rx.foreach(State.groups, _group), label=t("log.errors"),
                     test_id="error-groups")  # fmt: skip
    return rx.cond(State.groups.length() > 0, ui.card(table, title=t("log.errors")))


def _keeping() -> rx.Component:
    options = [
        rx.el.option(
            t("log.keep_days", count=days) if days else t("log.keep_always"), value=str(days)
        )
        for days in KEPT_DAYS
    ]
    return rx.el.label(
        rx.el.span(t("log.keep")),
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
            rx.el.span(t("log.export")), export("csv"), export("ndjson"), class_name="lu-exports"
        ),
        class_name="lu-page__tools",
    )


def _waiting() -> rx.Component:
    lines = [ui.skeleton(width) for width in ("82%", "64%", "76%", "58%", "70%", "88%")]
    return ui.card(
        ui.waiting(*lines, label=t("app.loading"), class_name="lu-lines__waiting lu-section")
    )


def log() -> rx.Component:
    """The page."""
    clock = rx.cond(
        State.live,
        ui.timer(ms=LIVE_MS, of=State.readings.to_string(), awake=True, on_done=State.tick),
    )
    body = rx.cond(
        State.loaded, rx.fragment(_filters(), _groups(), _rows(), _foot(), clock), _waiting()
    )
    return admin_page("/admin/log", t("log.title"), t("log.subtitle"), body, test_id="log-page")


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        log,
        route="/admin/log",
        title=t("log.page"),
        on_load=[AuthState.require_admin, State.load_log],
    )
