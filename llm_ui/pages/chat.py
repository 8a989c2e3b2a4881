"""The chat page: one page for a new chat and for every existing one."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.answers.model_picker import model_picker
from llm_ui.components.answers.second_model import second_model_picker
from llm_ui.components.chats.chat_settings import settings_button, settings_dialog
from llm_ui.components.chats.conversation import conversation
from llm_ui.components.layout.overlays import undo_toast
from llm_ui.components.layout.shell import shell, top_bar
from llm_ui.components.sidebar import client_sidebar
from llm_ui.components.text import t
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.sidebar import SidebarState


def _title() -> rx.Component:
    title = rx.cond(ChatState.chat_title != "", ChatState.chat_title, t("chat.untitled"))
    waiting = ui.skeleton("160px", "14px", label=t("app.loading"))
    shown = rx.cond(SidebarState.chats_loaded, title, waiting)
    return rx.el.h1(shown, class_name="lu-bar__title lu-truncate", data_testid="chat-title")


def _project() -> rx.Component:
    """The project of the chat, or of the one to come, as a link."""
    name = ChatState.chat_project_name
    return rx.cond(
        name != "",
        ui.link(
            ui.icon("folder", 14),
            rx.el.span(name, class_name="lu-truncate"),
            href="/projects/" + ChatState.chat_project_id,
            data_tip=t("projects.in", name=name),
            class_name="lu-badge lu-bar__project",
            data_testid="chat-project",
        ),
    )


def _new() -> rx.Component:
    return ui.link(
        ui.icon("square-pen", 18),
        href="/chat",
        aria_label=t("chat.new"),
        data_tip=t("chat.new"),
        class_name="lu-icon-button lu-bar__new",
    )


def chat() -> rx.Component:
    """Sidebar, title and model, conversation, composer."""
    names = rx.el.div(_title(), _project(), model_picker(), class_name="lu-bar__names")
    bar = top_bar(names, second_model_picker(), settings_button(), _new())
    return rx.fragment(
        shell(client_sidebar(), bar, conversation()), settings_dialog(), undo_toast()
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        chat,
        route="/chat/[[chat_id]]",
        title=rx.cond(
            ChatState.chat_title != "", ChatState.chat_title + " · LLM UI", t("chat.page")
        ),
        on_load=[AuthState.require_user, ChatState.load_chat],
    )
