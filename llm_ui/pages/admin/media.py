"""The Media admin page: image models."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.icons import model_icon
from llm_ui.components.catalogue.media_form import add_dialog, delete_question
from llm_ui.components.catalogue.model_form import model_dialog
from llm_ui.components.catalogue.provider_result import fact, facts
from llm_ui.components.chats.chat_table import list_waiting, more_button
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.text import t
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.models import ModelRow
from llm_ui.states.catalogue.models import AIModelState

ROUTE = "/admin/media"
S = AIModelState
Model = rx.Var[ModelRow]


def _about(model: Model) -> rx.Component:
    return facts(
        rx.el.span(model.provider),
        rx.el.span(rx.el.code(model.upstream, class_name="lu-address__url")),
        fact(~model.is_available, t("models.gone")),
        fact(~model.provider_is_active, t("models.provider_off")),
        fact(model.visibility == "admins", t("models.seen.admins")),
        fact(model.visibility == "chosen", t("models.seen.chosen", count=model.readers)),
    )


def _acts(model: Model) -> rx.Component:
    edit, delete = (t(f"providers.{each}_named", name=model.name) for each in ("edit", "delete"))
    return rx.el.div(
        ui.icon_action("pencil", edit, S.open_model(model.id), "media-model-edit"),
        rx.cond(
            model.is_removable,
            ui.icon_action("trash-2", delete, S.ask_to_remove(model.id), "media-model-delete"),
        ),
        settings.switch(
            t("models.use_named", name=model.name),
            model.is_active,
            on_click=S.switch_model(model.id, ~model.is_active),
            data_testid="media-model-switch",
        ),
        class_name="lu-address__actions",
    )


def _model(model: Model) -> rx.Component:
    return rx.el.li(
        rx.el.span(model_icon(model.icon, 18), class_name="lu-media__icon"),
        rx.el.div(
            rx.el.p(model.name, class_name="lu-media__name"),
            _about(model),
            class_name="lu-address__words",
        ),
        _acts(model),
        key=model.id,
        class_name="lu-address",
        data_testid="media-model",
    )


def _add() -> rx.Component:
    return ui.action(
        t("media.add_model"),
        S.new_model,
        "media-add-model",
        icon_name="plus",
        look="primary",
        disabled=S.media_providers.length() == 0,
    )


def _list() -> rx.Component:
    models = rx.el.ul(rx.foreach(S.items, _model), class_name="lu-addresses")
    none = ui.empty_state(
        t("media.empty_title"),
        t("media.empty_text"),
        ui.link_button(t("providers.title"), href="/admin/providers"),
        test_id="no-media",
    )
    return rx.fragment(
        ui.card(rx.cond(S.items.length() > 0, models, none)),
        more_button(S.has_more, S.load_more),
    )


def media() -> rx.Component:
    """All image models."""
    page = admin_page(
        ROUTE,
        t("media.title"),
        t("media.subtitle"),
        rx.cond(S.loaded & S.on_media, _list(), list_waiting()),
        extra=_add(),
        test_id="media-page",
    )
    return rx.fragment(page, model_dialog(), add_dialog(), delete_question())


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, media, ROUTE, t("media.page"), S.load_media)
