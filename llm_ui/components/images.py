"""Answers that are images: while one is made, when it is there, and what can be done with it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.react import making, pictures
from llm_ui.schemas.media import ImageModelItem
from llm_ui.schemas.views import MessageView
from llm_ui.states.chat import ChatState

IMAGE_MENU = "image-menu"
Message = rx.Var[MessageView]


def _labels() -> dict[str, Any]:
    return {
        "enlarge": t("image.enlarge"),
        "download": t("image.download"),
        "close": t("common.close"),
        "gone": t("image.gone"),
        "previous": t("image.previous"),
        "next": t("image.next"),
        "actual": t("image.actual"),
        "place": t("image.place", number="{number}", count="{count}"),
    }


def images_of(message: Message) -> rx.Component:
    """What stands in an answer that is an image, or is to become one."""
    files = message.files.to(list[dict[str, Any]])
    made = pictures(files, alt=message.prompt, labels=_labels())
    return rx.cond(
        message.run > 0,
        making(t("image.making"), since=message.created_at),
        rx.cond(message.status == "done", made),
    )


def _other_model(model: rx.Var[ImageModelItem]) -> rx.Component:
    return rx.fragment(
        ui.menu_item(
            rx.el.span(model.name, class_name="lu-truncate"),
            on_click=ChatState.retry(ui.menu_target("id"), model.id, ""),
            data_testid="again-image-model",
        ),
        key=model.id,
    )


def image_menu() -> rx.Component:
    """What can be done with an image beside the buttons below it; one for all of them."""
    return ui.menu(
        IMAGE_MENU,
        ui.menu_item(
            t("message.fork"),
            icon_name="git-branch",
            on_click=ChatState.fork_chat(ui.menu_target("id")),
            data_testid="image-fork",
        ),
        rx.cond(ChatState.image_models.length() > 0, ui.menu_heading(t("message.again_model"))),
        rx.foreach(ChatState.image_models, _other_model),
        label=t("message.more"),
    )
