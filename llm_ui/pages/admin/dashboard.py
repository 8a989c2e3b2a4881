"""The administrator's dashboard: live counts, the providers' health, recent events."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.provider_result import reason_words
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.insights.figures import waiting_stats
from llm_ui.components.text import (
    duration,
    file_size,
    money,
    number,
    short_number,
    span,
    t,
    t_of,
    when,
)
from llm_ui.schemas.audit.audit_log import LogLine
from llm_ui.schemas.chats.views import ProviderHealth
from llm_ui.states.admin_state import AdminState

Provider = rx.Var[ProviderHealth]
LIVE_MS = 5000
# Warn if less than this fraction of the disk is free.
LOW_DISK = 0.1
_TONES = {
    "ok": "ok",
    "low": "warn",
    "down": "danger",
    "warning": "warn",
    "error": "danger",
    "critical": "danger",
}


def _tone(state: rx.Var[str] | str) -> rx.Var[str]:
    return rx.match(state, *_TONES.items(), "quiet")


def _stats() -> rx.Component:
    s = AdminState.stats
    cost = rx.foreach(s.cost_today, lambda each: rx.el.span(money(each.micro, each.currency)))
    errors = rx.cond(
        s.errors_today + s.failed_answers_today > 0,
        t("admin.errors_note_some", count=s.failed_answers_today),
        t("admin.errors_note_none"),
    )
    tokens = t(
        "admin.tokens_note",
        input=short_number(s.input_tokens_today),
        output=short_number(s.output_tokens_today),
    )
    return rx.el.div(
        ui.stat(
            t("admin.users"),
            number(s.users),
            t("admin.users_note", count=s.active_users_today),
            "stat-users",
        ),
        ui.stat(t("admin.online"), number(s.online), t("admin.online_note"), "stat-online"),
        ui.stat(
            t("admin.running"),
            number(s.running),
            t("admin.running_note", count=s.waiting),
            "stat-running",
        ),
        ui.stat(t("admin.speed"), number(s.tokens_per_second), t("admin.speed_note"), "stat-speed"),
        ui.stat(
            t("admin.chats"),
            number(s.chats),
            t("admin.chats_note", count=s.messages),
            "stat-chats",
        ),
        ui.stat(
            t("admin.answers"),
            number(s.answers_today),
            t("admin.answers_note", count=s.active_users_today),
            "stat-answers",
        ),
        ui.stat(
            t("admin.tokens"),
            short_number(s.input_tokens_today + s.output_tokens_today),
            tokens,
            "stat-tokens",
        ),
        # Without prices, there are no costs to show.
        rx.cond(
            s.cost_today.length() > 0,
            ui.stat(t("admin.cost"), cost, t("admin.cost_note"), "stat-cost"),
        ),
        ui.stat(t("admin.errors"), number(s.errors_today), errors, "stat-errors"),
        class_name="lu-stats",
    )


def _provider_name(provider: Provider) -> Any:
    kind = t_of("admin.type.", provider.type)
    return (
        rx.el.strong(provider.name, class_name="lu-table__name"),
        rx.el.span(kind, class_name="lu-table__quiet"),
    )


def _provider_state(provider: Provider) -> Any:
    why = rx.el.div(
        reason_words(provider.reason, provider.detail),
        class_name="lu-table__detail",
        data_testid="provider-reason",
    )
    state = ui.badge(t_of("admin.status.", provider.status), _tone(provider.status))
    return state, rx.cond(provider.reason != "", why)


def _latency(provider: Provider) -> rx.Component:
    return rx.cond(provider.latency_ms >= 0, duration(provider.latency_ms), "")


PROVIDER_COLUMNS = (
    ui.Column(t("admin.provider"), _provider_name, "lu-table__two"),
    ui.Column(t("admin.provider_status"), _provider_state, "lu-table__wide"),
    ui.Column(
        t("admin.provider_models"),
        lambda provider: t("admin.models_count", count=provider.models),
        "lu-table__quiet",
    ),
    ui.Column(t("admin.provider_latency"), _latency, number=True),
)


def _providers() -> rx.Component:
    table = ui.data_table(
        AdminState.providers,
        PROVIDER_COLUMNS,
        key="name",
        label=t("admin.providers"),
        test_id="providers",
        row_id="provider-row",
    )
    empty = ui.empty_state(t("admin.providers_empty_title"), t("admin.providers_empty_text"))
    shown = rx.cond(AdminState.providers.length() > 0, table, empty)
    return ui.card(shown, title=t("admin.providers"))


def _level(event: rx.Var[LogLine]) -> rx.Component:
    return ui.badge(t_of("admin.level.", event.log_level), _tone(event.log_level))


def _told(event: rx.Var[LogLine]) -> Any:
    def detail(words: rx.Var[str]) -> rx.Component:
        return rx.el.span(words, class_name="lu-table__detail")

    reference = detail(t("audit.reference", number=event.reference))
    return (
        rx.el.span(event.told, class_name="lu-table__name"),
        rx.cond(event.more != "", detail(event.more)),
        rx.cond(event.reference != "", reference),
    )


EVENT_COLUMNS = (
    ui.Column(t("admin.event_time"), lambda event: when(event.created_at), "lu-table__quiet"),
    ui.Column(t("admin.event_level"), _level),
    ui.Column(t("admin.event_message"), _told, "lu-table__wide"),
    ui.Column(t("admin.event_user"), lambda event: event.user, "lu-table__quiet"),
)


def _events() -> rx.Component:
    table = ui.data_table(
        AdminState.events,
        EVENT_COLUMNS,
        label=t("admin.events"),
        test_id="events",
        row_id="event-row",
    )
    empty = ui.empty_state(t("admin.events_empty_title"), t("admin.events_empty_text"))
    return ui.card(rx.cond(AdminState.events.length() > 0, table, empty), title=t("admin.events"))


def _clock() -> rx.Component:
    return ui.timer(
        ms=LIVE_MS, of=AdminState.readings.to_string(), awake=True, on_done=AdminState.tick
    )


def _part(
    name: rx.Var[str] | str, state: rx.Var[str] | str, detail: rx.Var[str], test_id: str
) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.el.span(name, class_name="lu-table__name")),
        rx.el.td(ui.badge(t_of("admin.status.", state), _tone(state))),
        rx.el.td(detail, class_name="lu-table__wide lu-table__quiet"),
        data_testid=test_id,
    )


def _machine() -> rx.Component:
    m = AdminState.machine
    free_share = m.disk_free / rx.cond(m.disk_total > 0, m.disk_total, 1)
    rows = rx.fragment(
        _part(
            m.database,
            "ok",
            t("admin.database_detail", ms=number(m.database_ms), size=file_size(m.database_bytes)),
            "machine-database",
        ),
        _part(
            "Redis",
            m.redis,
            rx.match(
                m.redis,
                ("ok", t("admin.redis_detail", ms=number(m.redis_ms))),
                ("off", t("admin.redis_off")),
                t("admin.redis_down"),
            ),
            "machine-redis",
        ),
        _part(
            t("admin.disk"),
            rx.cond(free_share < LOW_DISK, "low", "ok"),
            t("admin.disk_detail", free=file_size(m.disk_free), total=file_size(m.disk_total)),
            "machine-disk",
        ),
        _part(
            t("admin.worker"),
            "ok",
            t("admin.worker_detail", memory=file_size(m.memory), time=span(m.uptime_s)),
            "machine-worker",
        ),
    )
    headings = [(t(key), "") for key in ("admin.part", "admin.provider_status", "admin.detail")]
    table = ui.table(headings, rows, label=t("admin.machine"), test_id="machine")
    return ui.card(table, title=t("admin.machine"))


def _foot() -> rx.Component:
    return rx.el.p(
        t("admin.version", version=AdminState.machine.version),
        class_name="lu-page__foot",
    )


def dashboard() -> rx.Component:
    """The state of the installation."""
    words = t("admin.refresh")
    refresh = ui.action(
        ui.wide_only(words),
        AdminState.refresh,
        "refresh",
        icon_name="refresh-cw",
        aria_label=words,
    )
    body = rx.cond(
        AdminState.loaded,
        rx.fragment(_stats(), _providers(), _machine(), _events(), _foot(), _clock()),
        waiting_stats(10),
    )
    return admin_page("/admin", t("admin.dashboard"), t("admin.subtitle"), body, extra=refresh)


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, dashboard, "/admin", t("admin.page"), AdminState.load_dashboard)
