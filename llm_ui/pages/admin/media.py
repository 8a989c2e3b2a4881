"""The administrator's page of media: who makes images, with which models."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.media_form import (
    delete_question,
    model_dialog,
    provider_dialog,
    type_dialog,
)
from llm_ui.components.provider_result import fact, facts, test_line
from llm_ui.components.text import t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.media import MediaModelItem, MediaProviderItem, MediaTypeItem
from llm_ui.services.media_views import ICONS
from llm_ui.states.auth import AuthState
from llm_ui.states.media import MediaState

S = MediaState
Provider = rx.Var[MediaProviderItem]
Model = rx.Var[MediaModelItem]


def _icon(name: Any, size: int) -> rx.Component:
    """The icon of a type, which is known in the browser only."""
    return rx.match(name, *((each, ui.icon(each, size)) for each in ICONS), ui.icon("image", size))


def _model(model: Model) -> rx.Component:
    about = facts(
        rx.el.span(rx.el.code(model.name, class_name="lu-address__url")),
        fact(model.size != "", model.size),
        fact(model.quality != "", model.quality),
        fact(model.style != "", model.style),
        fact(model.n > 1, t("media.images_each", count=model.n)),
    )
    return rx.el.li(
        rx.el.span(_icon(model.icon, 18), class_name="lu-media__icon"),
        rx.el.div(
            rx.el.p(model.display_name, class_name="lu-media__name"),
            about,
            class_name="lu-address__words",
        ),
        rx.el.div(
            ui.icon_button(
                "pencil", t("providers.edit_named", name=model.display_name), small=True,
                on_click=S.open_model(model.id), data_testid="media-model-edit",
            ),
            ui.icon_button(
                "trash-2", t("providers.delete_named", name=model.display_name), small=True,
                on_click=S.ask_to_delete("model", model.id), data_testid="media-model-delete",
            ),
            settings.switch(
                t("media.offer_named", name=model.display_name), model.is_active,
                on_click=S.switch_model(model.id, ~model.is_active),
                data_testid="media-model-switch",
            ),
            class_name="lu-address__actions",
        ),
        key=model.id,
        class_name="lu-address",
        data_testid="media-model",
    )  # fmt: skip


def _head(provider: Provider) -> rx.Component:
    return rx.el.div(
        rx.el.h2(provider.name, class_name="lu-provider__name"),
        rx.el.div(
            ui.icon_button(
                "pencil", t("providers.edit_named", name=provider.name), small=True,
                on_click=S.open_provider(provider.id), data_testid="media-edit",
            ),
            ui.icon_button(
                "trash-2", t("providers.delete_named", name=provider.name), small=True,
                on_click=S.ask_to_delete("provider", provider.id), data_testid="media-delete",
            ),
            settings.switch(
                t("providers.use_named", name=provider.name), provider.is_active,
                on_click=S.switch_provider(provider.id, ~provider.is_active),
                data_testid="media-switch",
            ),
            class_name="lu-address__actions",
        ),
        facts(
            rx.el.span(t_of("media.api.", provider.type)),
            rx.el.span(rx.el.code(provider.base_url, class_name="lu-address__url")),
            fact(provider.key_stored, t("providers.key_note")),
            fact(~provider.is_active, t("providers.off")),
        ),
        class_name="lu-provider__head",
    )  # fmt: skip


def _models(provider: Provider) -> rx.Component:
    return rx.cond(
        provider.models.length() > 0,
        rx.el.ul(rx.foreach(provider.models, _model), class_name="lu-addresses"),
        rx.el.p(t("media.no_models"), class_name="lu-notice", data_testid="media-no-models"),
    )


def _result(provider: Provider) -> rx.Component:
    close = ui.icon_button("x", t("common.close"), small=True, on_click=S.dismiss_result)
    return rx.el.div(
        rx.cond(
            S.result_id == provider.id,
            rx.el.div(test_line(S.result), close, class_name="lu-provider__result"),
        ),
        role="status",
        data_testid="media-result",
    )


def _provider(provider: Provider) -> rx.Component:
    test = ui.button(
        ui.icon("plug-zap", 16),
        rx.cond(S.busy_id == provider.id, t("providers.testing"), t("providers.test_short")),
        small=True,
        disabled=S.busy_id != "",
        aria_label=t("providers.test_named", name=provider.name),
        on_click=S.test_saved(provider.id),
        data_testid="media-test-saved",
    )
    add = ui.button(
        ui.icon("plus", 16),
        t("media.add_model"),
        small=True,
        aria_label=t("media.add_model_named", name=provider.name),
        on_click=S.new_model(provider.id),
        data_testid="media-add-model",
    )
    return rx.el.li(
        _head(provider),
        _models(provider),
        _result(provider),
        rx.el.div(add, test, class_name="lu-provider__actions"),
        key=provider.id,
        class_name="lu-card lu-provider",
        data_testid="media-card",
    )


def _add(test_id: str = "add-media") -> rx.Component:
    return ui.button(
        ui.icon("plus", 16), t("providers.add"), look="primary", small=True,
        on_click=S.new_provider, data_testid=test_id,
    )  # fmt: skip


def _type(kind: rx.Var[MediaTypeItem]) -> rx.Component:
    name = t_of("media.type.", kind.name)
    return rx.el.li(
        rx.el.span(_icon(kind.icon, 18), class_name="lu-media__icon"),
        rx.el.div(
            rx.el.p(name, class_name="lu-media__name"),
            rx.el.p(
                rx.cond(kind.description != "", kind.description, t("media.no_description")),
                class_name="lu-media__about",
            ),
            class_name="lu-address__words",
        ),
        rx.el.div(
            ui.icon_button(
                "pencil", t("providers.edit_named", name=name), small=True,
                on_click=S.open_type(kind.id), data_testid="media-type-edit",
            ),
            class_name="lu-address__actions",
        ),
        key=kind.id,
        class_name="lu-address",
        data_testid="media-type",
    )  # fmt: skip


def _types() -> rx.Component:
    return rx.cond(
        S.types.length() > 0,
        rx.el.section(
            rx.el.h2(t("media.types"), class_name="lu-media__title"),
            rx.el.p(t("media.types_text"), class_name="lu-media__about"),
            rx.el.ul(rx.foreach(S.types, _type), class_name="lu-addresses"),
            class_name="lu-card lu-media__types",
        ),
    )


def _list() -> rx.Component:
    empty = ui.card(
        ui.empty_state(
            t("media.empty_title"), t("media.empty_text"), _add("first-media"),
            test_id="no-media",
        )
    )  # fmt: skip
    cards = rx.el.ul(rx.foreach(S.providers, _provider), class_name="lu-providers")
    return rx.el.div(
        rx.cond(S.providers.length() > 0, cards, empty), _types(), class_name="lu-providers"
    )


def _waiting() -> rx.Component:
    shapes = [
        rx.el.div(
            ui.skeleton("30%", "18px"), ui.skeleton("55%"), ui.skeleton("100%", "56px"),
            class_name="lu-card lu-provider",
        )
        for _ in range(2)
    ]  # fmt: skip
    return ui.waiting(*shapes, label=t("app.loading"), class_name="lu-providers")


def media() -> rx.Component:
    """Every provider of media with its models, and the types there are."""
    return rx.fragment(
        admin_page(
            "/admin/media",
            t("media.title"),
            t("media.subtitle"),
            rx.cond(S.loaded, _list(), _waiting()),
            extra=_add(),
            test_id="media-page",
        ),
        provider_dialog(),
        model_dialog(),
        type_dialog(),
        delete_question(),
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        media,
        route="/admin/media",
        title=t("media.page"),
        on_load=[AuthState.require_admin, S.load_media],
    )
