"""The administrator's providers: where the models come from."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.gguf import files_button, files_dialog
from llm_ui.components.ollama_models import stored_button, stored_dialog
from llm_ui.components.provider_addresses import addresses
from llm_ui.components.provider_form import (
    address_dialog,
    address_question,
    delete_question,
    provider_dialog,
)
from llm_ui.components.provider_result import (
    counts,
    difference,
    fact,
    facts,
    reason_words,
    status,
    sync_line,
    test_line,
    unanswered,
)
from llm_ui.components.text import duration, t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.providers import ConnectionTest, ProviderItem
from llm_ui.states.ai_addresses import ProviderAddressState
from llm_ui.states.ai_providers import AIProviderState
from llm_ui.states.auth import AuthState

Provider = rx.Var[ProviderItem]
S = AIProviderState
A = ProviderAddressState


# --- a provider -----------------------------------------------------------------------------


def _head(provider: Provider) -> rx.Component:
    origin = rx.cond(provider.origin != "admin", t_of("providers.origin.", provider.origin), "")
    edit = ui.icon_button(
        "pencil", t("providers.edit_named", name=provider.name), small=True,
        on_click=S.open_provider(provider.id), data_testid="provider-edit",
    )  # fmt: skip
    delete = rx.cond(
        provider.is_deletable,
        ui.icon_button(
            "trash-2", t("providers.delete_named", name=provider.name), small=True,
            on_click=S.ask_to_delete(provider.id), data_testid="provider-delete",
        ),
    )  # fmt: skip
    switch = settings.switch(
        t("providers.use_named", name=provider.name),
        provider.is_active,
        on_click=S.switch_provider(provider.id, ~provider.is_active),
        data_testid="provider-switch",
    )
    return rx.el.div(
        rx.el.h2(provider.name, class_name="lu-provider__name"),
        rx.el.div(edit, delete, switch, class_name="lu-address__actions"),
        facts(
            rx.el.span(t_of("admin.type.", provider.type)),
            fact(provider.origin != "admin", origin),
            rx.el.span(rx.el.code(provider.base_url, class_name="lu-address__url")),
        ),
        class_name="lu-provider__head",
    )


def _state(provider: Provider) -> rx.Component:
    # The provider answers, but not at its own address.
    is_partly = (provider.status == "ok") & (provider.reason != "")
    badge = rx.cond(
        provider.is_active,
        rx.cond(
            is_partly,
            ui.badge(t("providers.partly"), "warn", data_testid="provider-status"),
            status(provider),
        ),
        ui.badge(t("providers.off"), data_testid="provider-status"),
    )
    about = facts(
        fact(provider.since != "", t("providers.since", time=when(provider.since))),
        fact(
            provider.latency_ms >= 0,
            t("providers.latency", time=duration(provider.latency_ms)),
        ),
        rx.el.span(
            ui.link(
                rx.cond(
                    provider.synced_at != "",
                    t(
                        "providers.models_listed",
                        count=provider.models,
                        time=when(provider.synced_at),
                    ),
                    t("admin.models_count", count=provider.models),
                ),
                href="/admin/models?provider=" + provider.id,
                class_name="lu-link",
            ),
            data_testid="provider-models",
        ),
        fact(provider.key_stored, t("providers.key_note")),
        fact(
            provider.headers.length() > 0,
            t("providers.headers_note", count=provider.headers.length()),
        ),
        fact(provider.limit > 0, t("providers.limit_note", count=provider.limit)),
    )
    return rx.el.div(badge, rx.cond(provider.is_active, about), class_name="lu-provider__state")


def _trouble(provider: Provider) -> rx.Component:
    return rx.cond(
        provider.is_active & (provider.reason != ""),
        rx.el.div(
            reason_words(provider.reason, provider.detail),
            class_name="lu-trouble",
            data_testid="provider-reason",
        ),
    )


def _last_difference(provider: Provider) -> rx.Component:
    report = provider.sync
    return rx.cond(
        report.at != "",
        rx.el.details(
            rx.el.summary(
                ui.icon("chevron-right", 16),
                rx.el.span(t("providers.changed_at", time=when(report.at))),
                counts(report),
                data_testid="last-difference",
            ),
            difference(report),
            class_name="lu-more lu-more--quiet",
        ),
    )


def _result(provider: Provider) -> rx.Component:
    def test(found: rx.Var[ConnectionTest]) -> rx.Component:
        return rx.el.div(
            rx.cond(
                S.result_tests.length() > 1,
                rx.el.code(found.address, class_name="lu-address__url"),
            ),
            test_line(found),
        )

    said = rx.match(
        S.result_kind,
        ("test", rx.el.div(rx.foreach(S.result_tests, test), class_name="lu-verdicts")),
        ("sync", sync_line(S.result_sync)),
        unanswered(),
    )
    close = ui.icon_button("x", t("common.close"), small=True, on_click=S.dismiss_result)
    return rx.el.div(
        rx.cond(
            S.result_id == provider.id, rx.el.div(said, close, class_name="lu-provider__result")
        ),
        role="status",
        data_testid="provider-result",
    )


def _actions(provider: Provider) -> rx.Component:
    is_busy = S.busy_id == provider.id
    test = ui.button(
        ui.icon("plug-zap", 16),
        rx.cond(
            is_busy & (S.busy_with == "test"), t("providers.testing"), t("providers.test_short")
        ),
        small=True,
        disabled=S.busy_id != "",
        aria_label=t("providers.test_named", name=provider.name),
        on_click=S.test_saved(provider.id),
        data_testid="test-saved",
    )
    sync = ui.button(
        ui.icon("refresh-cw", 16),
        rx.cond(
            is_busy & (S.busy_with == "sync"), t("providers.syncing"), t("providers.sync_short")
        ),
        small=True,
        disabled=(S.busy_id != "") | ~provider.is_active,
        aria_label=t("providers.sync_named", name=provider.name),
        on_click=S.sync_provider(provider.id),
        data_testid="sync-now",
    )
    add = ui.button(
        ui.icon("plus", 16),
        t("providers.address_add"),
        small=True,
        aria_label=t("providers.address_add_named", name=provider.name),
        on_click=A.new_address(provider.id),
        data_testid="address-add",
    )
    stored = stored_button(provider)
    files = files_button(provider)
    return rx.el.div(test, sync, add, stored, files, class_name="lu-provider__actions")


def _provider(provider: Provider) -> rx.Component:
    return rx.el.li(
        _head(provider),
        _state(provider),
        _trouble(provider),
        addresses(provider),
        _last_difference(provider),
        _result(provider),
        _actions(provider),
        key=provider.id,
        class_name="lu-card lu-provider",
        data_testid="provider-card",
    )


# --- the page -------------------------------------------------------------------------------


def _add(test_id: str = "add-provider") -> rx.Component:
    return ui.button(
        ui.icon("plus", 16), t("providers.add"), look="primary", small=True,
        on_click=S.new_provider, data_testid=test_id,
    )  # fmt: skip


def _list() -> rx.Component:
    more = rx.cond(
        S.has_more,
        ui.button(t("common.more"), on_click=S.load_more, data_testid="more-providers"),
    )
    empty = ui.card(
        ui.empty_state(
            t("providers.empty_title"), t("providers.empty_text"), _add("first-provider"),
            test_id="no-providers",
        )
    )  # fmt: skip
    return rx.cond(
        S.providers.length() > 0,
        rx.fragment(rx.el.ul(rx.foreach(S.providers, _provider), class_name="lu-providers"), more),
        empty,
    )


def _waiting() -> rx.Component:
    shapes = [
        rx.el.div(
            ui.skeleton("30%", "18px"), ui.skeleton("55%"), ui.skeleton("70%"),
            class_name="lu-card lu-provider",
        )
        for _ in range(3)
    ]  # fmt: skip
    return ui.waiting(*shapes, label=t("app.loading"), class_name="lu-providers")


def providers() -> rx.Component:
    """Every provider with how it is, and what can be done with it."""
    return rx.fragment(
        admin_page(
            "/admin/providers",
            t("providers.title"),
            t("providers.subtitle"),
            rx.cond(S.loaded, _list(), _waiting()),
            extra=_add(),
            test_id="providers-page",
        ),
        provider_dialog(),
        delete_question(),
        address_dialog(),
        address_question(),
        stored_dialog(),
        files_dialog(),
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        providers,
        route="/admin/providers",
        title=t("providers.page"),
        on_load=[AuthState.require_admin, S.load_providers],
    )
