"""The chats in the sidebar: pinned ones, then by date, with a menu for what can be done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t, t_of
from llm_ui.react import chat_window
from llm_ui.schemas.finding import ProjectItem
from llm_ui.schemas.views import ChatItem
from llm_ui.states.chat import ChatState

MENU = "chat-menu"
RENAME = "rename-dialog"
MOVE = "move-dialog"
TAGS = "tags-dialog"
# The answer is a file: the page stays.
TAKE = "window.location.assign(`/api/v1/chats/${window.lu.target.id}/export`)"


def _running() -> rx.Component:
    return rx.el.span(
        class_name="lu-dot lu-dot--live",
        role="img",
        aria_label=t("chats.running"),
        data_tip=t("chats.running"),
    )


def chat_title(chat: rx.Var[ChatItem]) -> rx.Var[str]:
    """A chat that a program has made and nobody has written in yet has none."""
    return rx.cond(chat.title != "", chat.title, t("chat.untitled"))


def menu_button(chat: rx.Var[ChatItem]) -> rx.Component:
    """What opens the menu of a chat, which `chat_menu` puts on the page once."""
    flags = rx.cond(chat.pinned, "pinned ", "") + rx.cond(chat.archived, "archived ", "")
    return ui.icon_button(
        "ellipsis",
        t("chats.menu", title=chat_title(chat)),
        small=True,
        class_name="lu-chat__menu",
        data_testid="chat-menu",
        custom_attrs={
            **ui.opens(MENU),
            "data-id": chat.id,
            "data-title": chat.title,
            "data-flags": flags,
            "data-project": chat.project_id,
            "data-tags": chat.tags.join(", "),
        },
    )


@rx.memo
def chat_row(chat: rx.Var[ChatItem], current: rx.Var[bool]) -> rx.Component:
    """One chat; the first of a group of days carries the group's heading."""
    row = rx.el.div(
        ui.link(
            rx.cond(chat.branched, ui.icon("git-branch", 14)),
            rx.el.span(chat_title(chat), class_name="lu-truncate"),
            rx.cond(chat.running, _running()),
            href="/chat/" + chat.id,
            data_tip=chat_title(chat),
            class_name="lu-chat__link",
            data_testid="chat-list-item",
            custom_attrs={"aria-current": rx.cond(current, "page", "false")},
        ),
        menu_button(chat),
        class_name=rx.cond(current, "lu-chat lu-chat--current", "lu-chat"),
    )
    heading = rx.el.h2(t_of("chats.group.", chat.heading), class_name="lu-chats__heading")
    return rx.el.li(rx.cond(chat.heading != "", heading), row)


def _item(icon_name: str, label: str, test_id: str, action: Any, unless: str = "") -> rx.Component:
    attrs = {"data-unless": unless} if unless else {}
    return ui.menu_item(
        t(label), icon_name=icon_name, data_testid=test_id, on_click=action, custom_attrs=attrs
    )


def _menu() -> rx.Component:
    chat_id = ui.menu_target("id")
    return ui.menu(
        MENU,
        _item("pin", "chats.pin", "pin", ChatState.pin_chat(chat_id, True), "pinned"),
        _item("pin-off", "chats.unpin", "unpin", ChatState.pin_chat(chat_id, False), "unpinned"),
        _item("pencil", "chats.rename", "rename", ui.open_dialog(RENAME)),
        _item("folder-input", "chats.move", "move", ui.open_dialog(MOVE)),
        _item("tag", "chats.tags", "tags", ui.open_dialog(TAGS)),
        _item(
            "archive", "chats.archive", "archive", ChatState.archive_chat(chat_id, True), "archived"
        ),
        _item(
            "archive-restore",
            "chats.unarchive",
            "unarchive",
            ChatState.archive_chat(chat_id, False),
            "unarchived",
        ),
        _item("download", "chats.download", "download", rx.run_script(TAKE)),
        ui.menu_line(),
        ui.menu_item(
            t("chats.delete"),
            icon_name="trash-2",
            danger=True,
            data_testid="delete",
            on_click=ChatState.delete_chat(chat_id),
        ),
        label=t("chats.title"),
        class_name="lu-chat-menu",
    )


def _dialog(dialog_id: str, title: Any, field: rx.Component, handler: Any, name: str) -> Any:
    return ui.form_dialog(
        dialog_id,
        field,
        title=title,
        submit=t("common.save"),
        cancel=t("common.cancel"),
        test_id=dialog_id,
        on_submit=lambda data: [
            handler(ui.menu_target("id"), data.to(dict[str, str])[name]),
            ui.close_dialog(dialog_id),
        ],
    )


def _rename_dialog() -> rx.Component:
    field = ui.field(
        t("chats.rename_label"),
        "title",
        max_length=200,
        required=True,
        auto_complete="off",
        data_testid="rename-title",
    )
    return _dialog(RENAME, t("chats.rename_title"), field, ChatState.rename_chat, "title")


def _tags_dialog() -> rx.Component:
    field = ui.field(
        t("chats.tags_label"),
        "tags",
        hint=t("chats.tags_hint"),
        max_length=900,
        auto_complete="off",
        data_testid="tags-field",
    )
    return _dialog(TAGS, t("chats.tags_title"), field, ChatState.tag_chat, "tags")


def project_options(none: Any) -> list[Any]:
    """The options of a field to choose a project in; `none` stands for no project."""

    def option(project: rx.Var[ProjectItem]) -> rx.Component:
        return rx.el.option(project.name, value=project.id)

    return [rx.el.option(none, value=""), rx.foreach(ChatState.projects, option)]


def _move_dialog() -> rx.Component:
    field = ui.select_field(
        t("chats.move_label"),
        "project",
        *project_options(t("chats.no_project")),
        hint=rx.cond(ChatState.projects.length() == 0, t("chats.move_hint"), ""),
        data_testid="move-project",
    )
    return _dialog(MOVE, t("chats.move_title"), field, ChatState.move_chat, "project")


def chat_menu() -> rx.Component:
    """The menu of all chats on a page, and the dialogs it opens."""
    return rx.fragment(_menu(), _rename_dialog(), _move_dialog(), _tags_dialog())


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
    return chat_window(
        rx.foreach(ChatState.chats, _row),
        start=ChatState.chats_start,
        count=ChatState.chats.length(),
        total=ChatState.chats_total,
        label=t("chats.title"),
        on_window=ChatState.load_chats,
    )


def chat_list() -> rx.Component:
    """All of it, with what stands there before and without chats."""
    empty = ui.empty_state(t("chats.empty_title"), t("chats.empty_text"), test_id="no-chats")
    return rx.el.nav(
        rx.cond(
            ChatState.chats_loaded,
            rx.cond(ChatState.chats.length() > 0, _list(), empty),
            _skeletons(),
        ),
        chat_menu(),
        aria_label=t("chats.title"),
        class_name="lu-chats",
    )
