"""Temporary chats: the switch before one starts, and the note inside one."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.states.chat_state import ChatState
from llm_ui.states.chats.chat_settings import ChatSettingsState


def temporary_switch() -> rx.Component:
    """The switch on an empty chat: whether the chat will be temporary."""
    return rx.el.div(
        rx.el.button(
            ui.icon("hourglass", 16),
            t("chat.temporary"),
            type="button",
            role="switch",
            aria_checked=rx.cond(ChatState.temporary, "true", "false"),
            on_click=ChatSettingsState.toggle_temporary,
            class_name="lu-button lu-button--ghost lu-button--small lu-temporary__switch",
            data_testid="temporary-switch",
        ),
        rx.cond(
            ChatState.temporary,
            rx.el.p(t("chat.temporary_text"), class_name="lu-note", role="status"),
        ),
        class_name="lu-temporary",
    )


def temporary_note() -> rx.Component:
    """The note shown in a temporary chat."""
    note = rx.el.p(
        ui.icon("hourglass", 14),
        t("chat.temporary_note"),
        class_name="lu-dock__note",
        data_testid="temporary-note",
    )
    return rx.cond(ChatState.temporary & (ChatState.open_chat_id != ""), note)
