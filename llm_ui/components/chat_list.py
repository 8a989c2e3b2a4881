"""The chats in the sidebar: by date, with a menu to rename and delete."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t, t_of
from llm_ui.schemas.views import ChatItem
from llm_ui.states.chat import ChatState

MENU = "chat-menu"
DIALOG = "rename-dialog"


def _running() -> rx.Component:
    return rx.el.span(
        class_name="lu-dot lu-dot--live",
        role="img",
        aria_label=t("chats.running"),
        title=t("chats.running"),
    )


def _title(chat: rx.Var[ChatItem]) -> rx.Var[str]:
    # A chat that a program has made and nobody has written in yet has none.
    return rx.cond(chat.title != "", chat.title, t("chat.untitled"))


def _menu_button(chat: rx.Var[ChatItem]) -> rx.Component:
    return ui.icon_button(
        "ellipsis",
        t("chats.menu", title=_title(chat)),
        small=True,
        class_name="lu-chat__menu",
        data_testid="chat-menu",
        custom_attrs={**ui.opens(MENU), "data-id": chat.id, "data-title": chat.title},
    )


@rx.memo
def chat_row(chat: rx.Var[ChatItem], current: rx.Var[bool]) -> rx.Component:
    """One chat; the first of a group of days carries the group's heading."""
    row = rx.el.div(
        ui.link(
            rx.el.span(_title(chat), class_name="lu-truncate"),
            rx.cond(chat.running, _running()),
            href="/chat/" + chat.id,
            title=_title(chat),
            class_name="lu-chat__link",
            data_testid="chat-list-item",
            custom_attrs={"aria-current": rx.cond(current, "page", "false")},
        ),
        _menu_button(chat),
        class_name=rx.cond(current, "lu-chat lu-chat--current", "lu-chat"),
    )
    heading = rx.el.h2(t_of("chats.group.", chat.heading), class_name="lu-chats__heading")
    return rx.el.li(rx.cond(chat.heading != "", heading), row)


def _menu() -> rx.Component:
    return ui.menu(
        MENU,
        ui.menu_item(
            t("chats.rename"),
            icon_name="pencil",
            data_testid="rename",
            on_click=ui.open_dialog(DIALOG),
        ),
        ui.menu_item(
            t("chats.delete"),
            icon_name="trash-2",
            danger=True,
            data_testid="delete",
            on_click=ChatState.delete_chat(ui.menu_target("id")),
        ),
        label=t("chats.title"),
    )


def _rename_dialog() -> rx.Component:
    return ui.form_dialog(
        DIALOG,
        ui.field(
            t("chats.rename_label"),
            "title",
            max_length=200,
            required=True,
            auto_complete="off",
            data_testid="rename-title",
        ),
        title=t("chats.rename_title"),
        submit=t("common.save"),
        cancel=t("common.cancel"),
        test_id="rename-dialog",
        on_submit=lambda data: [
            ChatState.rename_chat(ui.menu_target("id"), data.to(dict[str, str])["title"]),
            ui.close_dialog(DIALOG),
        ],
    )


def _skeletons() -> rx.Component:
    widths = ("72%", "88%", "56%", "80%", "64%")
    return ui.waiting(
        *[ui.skeleton(width) for width in widths],
        label=t("app.loading"),
        class_name="lu-chats__waiting",
    )


def _row(chat: rx.Var[ChatItem]) -> rx.Component:
    return rx.fragment(chat_row(chat=chat, current=chat.id == ChatState.open_chat_id), key=chat.id)


def _list() -> rx.Component:
    return rx.el.ul(rx.foreach(ChatState.chats, _row), class_name="lu-chats__list")


def _more() -> rx.Component:
    return rx.cond(
        ChatState.has_more_chats,
        ui.button(
            t("chats.more"),
            look="ghost",
            small=True,
            wide=True,
            on_click=ChatState.load_more_chats,
            data_testid="more-chats",
        ),
    )


def chat_list() -> rx.Component:
    """All of it, with what stands there before and without chats."""
    empty = ui.empty_state(t("chats.empty_title"), t("chats.empty_text"), test_id="no-chats")
    return rx.el.nav(
        rx.cond(
            ChatState.chats_loaded,
            rx.cond(ChatState.chats.length() > 0, rx.fragment(_list(), _more()), empty),
            _skeletons(),
        ),
        _menu(),
        _rename_dialog(),
        aria_label=t("chats.title"),
        class_name="lu-chats",
    )
