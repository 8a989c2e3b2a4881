"""The Providers admin page, which shows where models come from."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.model_files import files_button, files_dialog
from llm_ui.components.catalogue.ollama_models import stored_button, stored_dialog
from llm_ui.components.catalogue.provider_addresses import addresses
from llm_ui.components.catalogue.provider_form import (
    address_dialog,
    address_question,
    delete_question,
    provider_dialog,
)
from llm_ui.components.catalogue.provider_result import (
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
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.text import duration, t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.providers import ConnectionTest, ProviderItem
from llm_ui.states.catalogue.provider_addresses import ProviderAddressState
from llm_ui.states.catalogue.providers import AIProviderState

Provider = rx.Var[ProviderItem]
S = AIProviderState
A = ProviderAddressState


# --- a provider -----------------------------------------------------------------------------


def _head(provider: Provider) -> rx.Component:
    origin = rx.cond(provider.origin != "admin", t_of("providers.origin.", provider.origin), "")
    edit, delete = (t(f"providers.{what}_named", name=provider.name) for what in ("edit", "delete"))
    trash = ui.icon_action("trash-2", delete, S.ask_to_delete(provider.id), "provider-delete")
    actions = rx.el.div(
        ui.icon_action("pencil", edit, S.open_provider(provider.id), "provider-edit"),
        rx.cond(provider.is_deletable, trash),
        settings.switch(
            t("providers.use_named", name=provider.name),
            provider.is_active,
            on_click=S.switch_provider(provider.id, ~provider.is_active),
            data_testid="provider-switch",
        ),
        class_name="lu-address__actions",
    )
    return rx.el.div(
        rx.el.h2(provider.name, class_name="lu-provider__name"),
        actions,
        facts(
            rx.el.span(t_of("admin.type.", provider.type)),
            fact(provider.origin != "admin", origin),
            rx.el.span(rx.el.code(provider.api_url, class_name="lu-address__url")),
        ),
        class_name="lu-provider__head",
    )


def _models(provider: Provider) -> rx.Component:
    count = provider.models
    listed = t("providers.models_listed", count=count, time=when(provider.synced_at))
    words = rx.cond(provider.synced_at != "", listed, t("admin.models_count", count=count))
    link = ui.link(words, href="/admin/models?provider=" + provider.id, class_name="lu-link")
    return rx.el.span(link, data_testid="provider-models")


def _state(provider: Provider) -> rx.Component:
    def badge(word: str, *tone: str) -> rx.Component:
        return ui.badge(t(f"providers.{word}"), *tone, data_testid="provider-status")

    # The provider responds, but not at its own address.
    is_partly = (provider.status == "ok") & (provider.reason != "")
    is_on = rx.cond(is_partly, badge("partly", "warn"), status(provider))
    latency, headers = provider.latency_ms, provider.headers.length()
    about = facts(
        fact(provider.since != "", t("providers.since", time=when(provider.since))),
        fact(latency >= 0, t("providers.latency", time=duration(latency))),
        _models(provider),
        fact(provider.key_stored, t("providers.key_note")),
        fact(headers > 0, t("providers.headers_note", count=headers)),
        fact(provider.limit > 0, t("providers.limit_note", count=provider.limit)),
    )
    return rx.el.div(
        rx.cond(provider.is_active, is_on, badge("off")),
        rx.cond(provider.is_active, about),
        class_name="lu-provider__state",
    )


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
    def ask(what: str, icon_name: str, during: str, on_click: Any, test_id: str, off: Any) -> Any:
        is_busy = (S.busy_id == provider.id) & (S.busy_with == what)
        return ui.action(
            rx.cond(is_busy, t(f"providers.{during}"), t(f"providers.{what}_short")),
            on_click,
            test_id,
            icon_name=icon_name,
            disabled=off,
            aria_label=t(f"providers.{what}_named", name=provider.name),
        )

    busy, off = S.busy_id != "", ~provider.is_active
    test, sync = S.test_saved(provider.id), S.sync_provider(provider.id)
    return rx.el.div(
        ask("test", "plug-zap", "testing", test, "test-saved", busy),
        ask("sync", "refresh-cw", "syncing", sync, "sync-now", busy | off),
        ui.action(
            t("providers.address_add"),
            A.new_address(provider.id),
            "address-add",
            icon_name="plus",
            aria_label=t("providers.address_add_named", name=provider.name),
        ),
        stored_button(provider),
        files_button(provider),
        class_name="lu-provider__actions",
    )


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
    return ui.action(t("providers.add"), S.new_provider, test_id, icon_name="plus", look="primary")


def _list() -> rx.Component:
    more = ui.button(t("common.more"), on_click=S.load_more, data_testid="more-providers")
    empty = ui.empty_state(
        t("providers.empty_title"),
        t("providers.empty_text"),
        _add("first-provider"),
        test_id="no-providers",
    )
    cards = rx.el.ul(rx.foreach(S.items, _provider), class_name="lu-providers")
    some = rx.fragment(cards, rx.cond(S.has_more, more))
    return rx.cond(S.items.length() > 0, some, ui.card(empty))


def _waiting() -> rx.Component:
    shapes = [
        rx.el.div(
            ui.skeleton("30%", "18px"),
            ui.skeleton("55%"),
            ui.skeleton("70%"),
            class_name="lu-card lu-provider",
        )
        for _ in range(3)
    ]
    return ui.waiting(*shapes, label=t("app.loading"), class_name="lu-providers")


def providers() -> rx.Component:
    """All providers with their status and actions."""
    page = admin_page(
        "/admin/providers",
        t("providers.title"),
        t("providers.subtitle"),
        rx.cond(S.loaded, _list(), _waiting()),
        extra=_add(),
        test_id="providers-page",
    )
    questions = (delete_question(), address_dialog(), address_question())
    return rx.fragment(page, provider_dialog(), *questions, stored_dialog(), files_dialog())


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, providers, "/admin/providers", t("providers.page"), S.load_providers)
