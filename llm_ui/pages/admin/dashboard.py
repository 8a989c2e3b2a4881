"""The administrator's dashboard: real counts, the providers' health, recent events."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.provider_result import reason_words
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
from llm_ui.schemas.monitoring import LogLine
from llm_ui.schemas.views import ProviderHealth
from llm_ui.states.admin import AdminState
from llm_ui.states.auth import AuthState

LIVE_MS = 5000
# Less than this share of the disk is worth a warning.
LOW_DISK = 0.1
_TONES = {
    "ok": "ok",
    "low": "warn",
    "down": "danger",
    "warning": "warn",
    "error": "danger",
    "critical": "danger",
}


def _tone(state: rx.Var[str]) -> rx.Var[str]:
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
        # Without prices there is no cost to speak of.
        rx.cond(
            s.cost_today.length() > 0,
            ui.stat(t("admin.cost"), cost, t("admin.cost_note"), "stat-cost"),
        ),
        ui.stat(t("admin.errors"), number(s.errors_today), errors, "stat-errors"),
        class_name="lu-stats",
    )


def _provider(provider: rx.Var[ProviderHealth]) -> rx.Component:
    name = rx.el.td(
        rx.el.strong(provider.name, class_name="lu-table__name"),
        rx.el.span(t_of("admin.type.", provider.type), class_name="lu-table__quiet"),
        class_name="lu-table__two",
    )
    detail = rx.cond(
        provider.reason != "",
        rx.el.div(
            reason_words(provider.reason, provider.detail),
            class_name="lu-table__detail",
            data_testid="provider-reason",
        ),
    )
    latency = rx.cond(provider.latency_ms >= 0, duration(provider.latency_ms), "")
    return rx.el.tr(
        name,
        rx.el.td(
            ui.badge(t_of("admin.status.", provider.status), _tone(provider.status)),
            detail,
            class_name="lu-table__wide",
        ),
        rx.el.td(t("admin.models_count", count=provider.models), class_name="lu-table__quiet"),
        rx.el.td(latency, class_name="lu-table__num"),
        data_testid="provider-row",
    )


def _providers() -> rx.Component:
    headings = (
        (t("admin.provider"), ""),
        (t("admin.provider_status"), ""),
        (t("admin.provider_models"), ""),
        (t("admin.provider_latency"), "lu-table__num"),
    )
    rows = rx.foreach(AdminState.providers, _provider)
    empty = ui.empty_state(t("admin.providers_empty_title"), t("admin.providers_empty_text"))
    return ui.card(
        rx.cond(
            AdminState.providers.length() > 0,
            ui.table(headings, rows, label=t("admin.providers"), test_id="providers"),
            empty,
        ),
        title=t("admin.providers"),
    )


def _event(event: rx.Var[LogLine]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(when(event.created_at), class_name="lu-table__quiet"),
        rx.el.td(ui.badge(t_of("admin.level.", event.level), _tone(event.level))),
        rx.el.td(
            rx.el.span(event.told, class_name="lu-table__name"),
            rx.cond(event.more != "", rx.el.span(event.more, class_name="lu-table__detail")),
            rx.cond(
                event.reference != "",
                rx.el.span(
                    t("log.reference", number=event.reference), class_name="lu-table__detail"
                ),
            ),
            class_name="lu-table__wide",
        ),
        rx.el.td(event.user, class_name="lu-table__quiet"),
        data_testid="event-row",
    )


def _events() -> rx.Component:
    headings = (
        (t("admin.event_time"), ""),
        (t("admin.event_level"), ""),
        (t("admin.event_message"), ""),
        (t("admin.event_user"), ""),
    )
    rows = rx.foreach(AdminState.events, _event)
    empty = ui.empty_state(t("admin.events_empty_title"), t("admin.events_empty_text"))
    return ui.card(
        rx.cond(
            AdminState.events.length() > 0,
            ui.table(headings, rows, label=t("admin.events"), test_id="events"),
            empty,
        ),
        title=t("admin.events"),
    )


def _clock() -> rx.Component:
    return ui.timer(
        ms=LIVE_MS, of=AdminState.readings.to_string(), awake=True, on_done=AdminState.tick
    )


def _waiting() -> rx.Component:
    cards = [
        rx.el.div(ui.skeleton("40%"), ui.skeleton("55%", "28px"), class_name="lu-card lu-stat")
        for _ in range(10)
    ]
    return ui.waiting(*cards, label=t("app.loading"), class_name="lu-stats")


def _part(name: rx.Var[str], state: rx.Var[str], detail: rx.Var[str], test_id: str) -> rx.Component:
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
    headings = ((t("admin.part"), ""), (t("admin.provider_status"), ""), (t("admin.detail"), ""))
    return ui.card(
        ui.table(headings, rows, label=t("admin.machine"), test_id="machine"),
        title=t("admin.machine"),
    )


def _foot() -> rx.Component:
    return rx.el.p(
        t("admin.version", version=AdminState.machine.version),
        class_name="lu-page__foot",
    )


def dashboard() -> rx.Component:
    """How the installation is doing."""
    refresh = ui.button(
        ui.icon("refresh-cw", 16),
        rx.el.span(t("admin.refresh"), class_name="lu-wide-only"),
        small=True,
        aria_label=t("admin.refresh"),
        on_click=AdminState.refresh,
        data_testid="refresh",
    )
    body = rx.cond(
        AdminState.loaded,
        rx.fragment(_stats(), _providers(), _machine(), _events(), _foot(), _clock()),
        _waiting(),
    )
    return admin_page("/admin", t("admin.dashboard"), t("admin.subtitle"), body, extra=refresh)


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        dashboard,
        route="/admin",
        title=t("admin.page"),
        on_load=[AuthState.require_admin, AdminState.load_dashboard],
    )
