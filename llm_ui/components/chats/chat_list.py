"""The chats in the sidebar: pinned ones, then by date, with a menu of actions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t, t_of
from llm_ui.react import chat_window
from llm_ui.schemas.chats.finding import ProjectItem
from llm_ui.schemas.chats.views import ChatItem
from llm_ui.states.chat_state import ChatState
from llm_ui.states.sidebar import SidebarState

MENU = "chat-menu"
RENAME = "rename-dialog"
MOVE = "move-dialog"
TAGS = "tags-dialog"
# The response is a download: the page stays.
TAKE = "window.location.assign(`/api/v1/chats/${window.lu.target.id}/export`)"


def _running() -> rx.Component:
    return rx.el.span(
        class_name="lu-dot lu-dot--live",
        role="img",
        aria_label=t("chats.running"),
        data_tip=t("chats.running"),
    )


def chat_title(chat: rx.Var[ChatItem]) -> rx.Var[str]:
    """The title, with a fallback for empty chats created over the API, which have none."""
    return rx.cond(chat.title != "", chat.title, t("chat.untitled"))


def menu_button(chat: rx.Var[ChatItem]) -> rx.Component:
    """The button that opens the menu of a chat (`chat_menu`, one per page)."""
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
    """One chat; the first of a group of days includes the group's heading."""
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
        _item("pin", "chats.pin", "pin", SidebarState.pin_chat(chat_id, True), "pinned"),
        _item("pin-off", "chats.unpin", "unpin", SidebarState.pin_chat(chat_id, False), "unpinned"),
        _item("pencil", "chats.rename", "rename", ui.edit_dialog(RENAME)),
        _item("folder-input", "chats.move", "move", ui.edit_dialog(MOVE)),
        _item("tag", "chats.tags", "tags", ui.edit_dialog(TAGS)),
        _item(
            "archive",
            "chats.archive",
            "archive",
            SidebarState.archive_chat(chat_id, True),
            "archived",
        ),
        _item(
            "archive-restore",
            "chats.unarchive",
            "unarchive",
            SidebarState.archive_chat(chat_id, False),
            "unarchived",
        ),
        _item("download", "chats.download", "download", rx.run_script(TAKE)),
        ui.menu_line(),
        ui.menu_item(
            t("chats.delete"),
            icon_name="trash-2",
            danger=True,
            data_testid="delete",
            on_click=SidebarState.delete_chat(chat_id),
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
    return _dialog(RENAME, t("chats.rename_title"), field, SidebarState.rename_chat, "title")


def _tags_dialog() -> rx.Component:
    field = ui.field(
        t("chats.tags_label"),
        "tags",
        hint=t("chats.tags_hint"),
        max_length=900,
        auto_complete="off",
        data_testid="tags-field",
    )
    return _dialog(TAGS, t("chats.tags_title"), field, SidebarState.tag_chat, "tags")


def project_options(none: Any) -> list[Any]:
    """The options for selecting a project; `none` is the label for no project."""

    def option(project: rx.Var[ProjectItem]) -> rx.Component:
        return rx.el.option(project.name, value=project.id)

    return [rx.el.option(none, value=""), rx.foreach(SidebarState.projects, option)]


def _move_dialog() -> rx.Component:
    field = ui.select_field(
        t("chats.move_label"),
        "project",
        *project_options(t("chats.no_project")),
        hint=rx.cond(SidebarState.projects.length() == 0, t("chats.move_hint"), ""),
        data_testid="move-project",
    )
    return _dialog(MOVE, t("chats.move_title"), field, SidebarState.move_chat, "project")


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
        rx.foreach(SidebarState.chats, _row),
        start=SidebarState.chats_start,
        count=SidebarState.chats.length(),
        total=SidebarState.chats_total,
        label=t("chats.title"),
        on_window=SidebarState.load_chats,
    )


def chat_list() -> rx.Component:
    """The whole list, including its loading and empty states."""
    empty = ui.empty_state(t("chats.empty_title"), t("chats.empty_text"), test_id="no-chats")
    return rx.el.nav(
        rx.cond(
            SidebarState.chats_loaded,
            rx.cond(SidebarState.chats.length() > 0, _list(), empty),
            _skeletons(),
        ),
        chat_menu(),
        aria_label=t("chats.title"),
        class_name="lu-chats",
    )
