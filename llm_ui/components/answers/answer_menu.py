"""The menu of an answer, for actions without a button below it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.schemas.chats.views import ModelItem
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.chats.branches import BranchesState
from llm_ui.states.chats.editing import EditingState

ANSWER_MENU = "answer-menu"


def _other_model(model: rx.Var[ModelItem]) -> rx.Component:
    return rx.fragment(
        ui.menu_item(
            rx.el.span(model.name, class_name="lu-truncate"),
            rx.el.span(model.provider, class_name="lu-menu__aside lu-truncate"),
            disabled=~model.available,
            on_click=EditingState.retry(ui.menu_target("id"), model.id, ""),
            data_testid="again-model",
        ),
        key=model.id,
    )


def answer_menu() -> rx.Component:
    """The menu, shared by all answers."""
    target = ui.menu_target("id")
    copy: rx.Var[Any] = rx.vars.FunctionStringVar.create("window.lu.copyPlain").call(target)

    def again(key: str, icon_name: str, variation: str) -> rx.Component:
        return ui.menu_item(
            t(key),
            icon_name=icon_name,
            on_click=EditingState.retry(target, "", variation),
            data_testid=f"again-{variation}",
        )

    return ui.menu(
        ANSWER_MENU,
        ui.menu_item(
            t("message.copy_plain"),
            icon_name="text",
            on_click=[
                rx.run_script(copy),
                rx.toast.success(t("message.copied_plain"), id="copied"),
            ],
            data_testid="copy-plain",
        ),
        ui.menu_item(
            t("message.fork"),
            icon_name="git-branch",
            on_click=BranchesState.fork_chat(target),
            data_testid="fork",
        ),
        ui.menu_line(),
        again("message.again_focused", "target", "focused"),
        again("message.again_varied", "sparkles", "varied"),
        ui.menu_heading(t("message.again_model")),
        rx.foreach(ModelChoiceState.models, _other_model),
        label=t("message.more"),
    )
