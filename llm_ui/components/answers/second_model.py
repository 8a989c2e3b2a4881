"""Comparisons: a second model that answers beside the first."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.schemas.chats.views import ModelItem
from llm_ui.states.answers.model_choice import ModelChoiceState

MENU = "also-menu"


def _row(model: rx.Var[ModelItem]) -> rx.Component:
    row = ui.menu_item(
        rx.el.span(model.name, class_name="lu-truncate"),
        disabled=~model.available,
        on_click=ModelChoiceState.choose_also(model.id),
        data_testid="also-option",
    )
    return rx.fragment(rx.cond(model.id != ModelChoiceState.model_id, row), key=model.id)


def second_model_picker() -> rx.Component:
    """The picker for a second model; shows the selected one with a button to remove it."""
    chosen = rx.el.span(
        rx.el.span(
            t("chat.also_with", model=ModelChoiceState.also_model_name), class_name="lu-truncate"
        ),
        ui.icon_button(
            "x",
            t("chat.also_drop", model=ModelChoiceState.also_model_name),
            small=True,
            on_click=ModelChoiceState.choose_also(""),
            data_testid="also-drop",
        ),
        class_name="lu-also",
        data_testid="also",
    )
    button = ui.icon_button(
        "columns-2", t("chat.also"), data_testid="also-picker", custom_attrs=ui.opens(MENU)
    )
    menu = ui.menu(
        MENU,
        ui.menu_heading(t("chat.also_choose")),
        rx.foreach(ModelChoiceState.models, _row),
        label=t("chat.also_choose"),
    )
    return rx.cond(
        ModelChoiceState.models.length() > 1,
        rx.fragment(rx.cond(ModelChoiceState.also_model_id != "", chosen, button), menu),
    )
