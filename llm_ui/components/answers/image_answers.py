"""Image answers: while they are being created, when done, and their actions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.react import making, pictures
from llm_ui.schemas.chats.views import ImageModelItem, MessageView
from llm_ui.states.answers.modes import ModesState
from llm_ui.states.chats.branches import BranchesState
from llm_ui.states.chats.editing import EditingState

IMAGE_MENU = "image-menu"
Message = rx.Var[MessageView]


def _labels() -> dict[str, Any]:
    return {
        "enlarge": t("image_answers.enlarge"),
        "download": t("image_answers.download"),
        "close": t("common.close"),
        "gone": t("image_answers.gone"),
        "previous": t("image_answers.previous"),
        "next": t("image_answers.next"),
        "actual": t("image_answers.actual"),
        "place": t("image_answers.place", number="{number}", count="{count}"),
    }


def images_of(message: Message) -> rx.Component:
    """The content of an image answer, finished or in progress."""
    files = message.files.to(list[dict[str, Any]])
    made = pictures(files, alt=message.prompt, labels=_labels())
    return rx.cond(
        message.run > 0,
        making(t("image_answers.making"), since=message.created_at),
        rx.cond(message.status == "done", made),
    )


def _other_model(model: rx.Var[ImageModelItem]) -> rx.Component:
    return rx.fragment(
        ui.menu_item(
            rx.el.span(model.name, class_name="lu-truncate"),
            on_click=EditingState.retry(ui.menu_target("id"), model.id, ""),
            data_testid="again-image-model",
        ),
        key=model.id,
    )


def image_menu() -> rx.Component:
    """The menu of images, for actions without a button below; shared by all of them."""
    return ui.menu(
        IMAGE_MENU,
        ui.menu_item(
            t("message.fork"),
            icon_name="git-branch",
            on_click=BranchesState.fork_chat(ui.menu_target("id")),
            data_testid="image-fork",
        ),
        rx.cond(ModesState.image_models.length() > 0, ui.menu_heading(t("message.again_model"))),
        rx.foreach(ModesState.image_models, _other_model),
        label=t("message.more"),
    )
