"""The model that answers next: a button with its name, and a menu grouped by provider."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.icons import model_icon
from llm_ui.components.text import t
from llm_ui.schemas.chats.views import ModelItem
from llm_ui.states.answers.model_choice import ModelChoiceState

MENU = "model-menu"
SEARCH_FROM = 9


@rx.memo
def model_row(model: rx.Var[ModelItem], current: rx.Var[bool], first: rx.Var[bool]) -> rx.Component:
    """One model; the first of each provider includes the provider's name."""
    words = rx.el.span(
        rx.el.span(model.name, class_name="lu-model__name"),
        rx.cond(
            model.description != "",
            rx.el.span(model.description, class_name="lu-quiet lu-small"),
        ),
        class_name="lu-stack lu-grow",
    )
    item = rx.el.button(
        rx.el.span(model_icon(model.icon, 18), class_name="lu-model__icon"),
        words,
        rx.cond(
            model.available,
            rx.cond(current, ui.icon("check", 16)),
            ui.badge(t("model_picker.unavailable"), "warn"),
        ),
        type="button",
        role="menuitemradio",
        class_name="lu-menu__item lu-model",
        disabled=~model.available,
        on_click=ModelChoiceState.select_model(model.id),
        data_testid="model-option",
        custom_attrs={
            "aria-checked": rx.cond(current, "true", "false"),
            "data-words": model.name + " " + model.provider + " " + model.description,
            "data-model": model.id,
        },
    )
    return rx.fragment(rx.cond(first, ui.menu_heading(model.provider)), item)


def _row(model: rx.Var[ModelItem], index: rx.Var[int]) -> rx.Component:
    before = ModelChoiceState.models[index - 1].provider
    first = (index == 0) | (before != model.provider)
    row = model_row(model=model, current=model.id == ModelChoiceState.model_id, first=first)
    return rx.fragment(row, key=model.id)


def _search() -> rx.Component:
    return rx.cond(
        ModelChoiceState.models.length() >= SEARCH_FROM,
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder=t("model_picker.search"),
                aria_label=t("model_picker.search"),
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
        rx.el.div(
            rx.foreach(ModelChoiceState.models, _row),
            role="menu",
            aria_label=t("model_picker.choose"),
        ),
        rx.el.p(
            t("model_picker.no_match"),
            class_name="lu-menu__heading",
            hidden=True,
            custom_attrs={"data-none": ""},
        ),
        label=t("model_picker.choose"),
        class_name="lu-model-menu",
        role="dialog",
    )


def model_picker() -> rx.Component:
    """The button and its menu; nothing if there are no models."""
    is_gone = (ModelChoiceState.model_name == "") & (ModelChoiceState.model_gone != "")
    none = rx.cond(
        is_gone,
        t("model_picker.gone_short", name=ModelChoiceState.model_gone),
        t("model_picker.choose"),
    )
    shown = rx.cond(ModelChoiceState.model_name != "", ModelChoiceState.model_name, none)
    button = rx.el.button(
        rx.cond(is_gone, ui.icon("circle-alert", 16)),
        rx.el.span(shown, class_name="lu-truncate"),
        ui.icon("chevron-down", 16),
        type="button",
        class_name="lu-button lu-button--ghost lu-picker",
        aria_label=rx.cond(
            is_gone,
            t("model_picker.gone", name=ModelChoiceState.model_gone),
            t("model_picker.current", name=shown),
        ),
        data_testid="model-picker",
        custom_attrs=ui.opens(MENU),
    )
    return rx.cond(ModelChoiceState.models.length() > 0, rx.fragment(button, _menu()))
