"""The model that answers next: a button with its name, and a menu grouped by provider."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.icons import model_icon
from llm_ui.components.text import t
from llm_ui.schemas.views import ModelItem
from llm_ui.states.chat import ChatState

MENU = "model-menu"
SEARCH_FROM = 9


@rx.memo
def model_row(model: rx.Var[ModelItem], current: rx.Var[bool], first: rx.Var[bool]) -> rx.Component:
    """One model; the first of a provider carries the provider's name."""
    words = rx.el.span(
        rx.el.span(model.name, class_name="lu-model__name"),
        rx.cond(
            model.description != "",
            rx.el.span(model.description, class_name="lu-model__text"),
        ),
        class_name="lu-model__words",
    )
    item = rx.el.button(
        rx.el.span(model_icon(model.icon, 18), class_name="lu-model__icon"),
        words,
        rx.cond(
            model.available,
            rx.cond(current, ui.icon("check", 16)),
            ui.badge(t("model.unavailable"), "warn"),
        ),
        type="button",
        role="menuitemradio",
        class_name="lu-menu__item lu-model",
        disabled=~model.available,
        on_click=ChatState.select_model(model.id),
        data_testid="model-option",
        custom_attrs={
            "aria-checked": rx.cond(current, "true", "false"),
            "data-words": model.name + " " + model.provider + " " + model.description,
            "data-model": model.id,
        },
    )
    return rx.fragment(rx.cond(first, ui.menu_heading(model.provider)), item)


def _row(model: rx.Var[ModelItem], index: rx.Var[int]) -> rx.Component:
    before = ChatState.models[index - 1].provider
    first = (index == 0) | (before != model.provider)
    row = model_row(model=model, current=model.id == ChatState.model_id, first=first)
    return rx.fragment(row, key=model.id)


def _search() -> rx.Component:
    return rx.cond(
        ChatState.models.length() >= SEARCH_FROM,
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder=t("model.search"),
                aria_label=t("model.search"),
                class_name="lu-input lu-model__search",
                data_testid="model-search",
                custom_attrs={"data-filter": ""},
            ),
            class_name="lu-model__search-box",
        ),
    )


def _menu() -> rx.Component:
    return ui.menu(
        MENU,
        _search(),
        rx.el.div(rx.foreach(ChatState.models, _row), role="menu", aria_label=t("model.choose")),
        rx.el.p(
            t("model.no_match"),
            class_name="lu-menu__heading",
            hidden=True,
            custom_attrs={"data-none": ""},
        ),
        label=t("model.choose"),
        class_name="lu-model-menu",
        role="dialog",
    )


def model_picker() -> rx.Component:
    """The button and its menu; nothing when there is no model."""
    is_gone = (ChatState.model_name == "") & (ChatState.model_gone != "")
    none = rx.cond(is_gone, t("model.gone_short", name=ChatState.model_gone), t("model.choose"))
    shown = rx.cond(ChatState.model_name != "", ChatState.model_name, none)
    button = rx.el.button(
        rx.cond(is_gone, ui.icon("circle-alert", 16)),
        rx.el.span(shown, class_name="lu-truncate"),
        ui.icon("chevron-down", 16),
        type="button",
        class_name="lu-button lu-button--ghost lu-picker",
        aria_label=rx.cond(
            is_gone,
            t("model.gone", name=ChatState.model_gone),
            t("model.current", name=shown),
        ),
        data_testid="model-picker",
        custom_attrs=ui.opens(MENU),
    )
    return rx.cond(ChatState.models.length() > 0, rx.fragment(button, _menu()))
