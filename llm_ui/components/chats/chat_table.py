"""Chats as rows of a page, with their tags, their date and the sidebar's menu."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.chats.chat_list import chat_title, menu_button
from llm_ui.components.text import t
from llm_ui.react import relative_time
from llm_ui.schemas.chats.views import ChatItem


def chat_line(chat: rx.Var[ChatItem], *before: Any) -> rx.Component:
    """One chat; `before` is placed to its left."""
    words = rx.el.span(
        rx.cond(
            chat.pinned,
            rx.el.span(
                ui.icon("pin", 14),
                role="img",
                aria_label=t("chats.pinned"),
                data_tip=t("chats.pinned"),
                class_name="lu-line__pin",
            ),
        ),
        rx.el.span(chat_title(chat), class_name="lu-truncate"),
        class_name="lu-line__title",
    )
    tags = rx.foreach(chat.tags, lambda tag: rx.el.span(tag, class_name="lu-badge lu-badge--quiet"))
    return rx.el.li(
        *before,
        ui.link(
            words,
            rx.cond(
                chat.tags.length() > 0,
                rx.el.span(tags, class_name="lu-line__tags lu-row lu-wrap lu-gap-1"),
            ),
            href="/chat/" + chat.id,
            class_name="lu-line__link",
            data_testid="chat-line",
        ),
        rx.el.span(relative_time(chat.updated_at), class_name="lu-line__when"),
        menu_button(chat),
        class_name="lu-line lu-chat",
        key=chat.id,
    )


def chat_lines(chats: Any, render: Any, *, label: Any, test_id: str = "") -> rx.Component:
    """The list of chats."""
    return rx.el.ul(
        rx.foreach(chats, render), class_name="lu-lines", aria_label=label, data_testid=test_id
    )


def more_button(has_more: Any, on_click: Any) -> rx.Component:
    """The button that loads the next page, while there is one."""
    return rx.cond(
        has_more,
        ui.button(
            t("common.more"), look="ghost", small=True, on_click=on_click, data_testid="more"
        ),
    )


def list_waiting() -> rx.Component:
    """The list's loading state."""
    widths = ("62%", "48%", "71%", "55%", "66%")
    return ui.waiting(
        *[ui.skeleton(width, "16px") for width in widths],
        label=t("app.loading"),
        class_name="lu-lines__waiting",
    )
