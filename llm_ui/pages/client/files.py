"""The library: a user's files, with storage used, search, upload and deletion."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.files.files import looks_again, opening_labels, picture, upload_labels
from llm_ui.components.layout.overlays import undo_toast
from llm_ui.components.layout.shell import shell, top_bar
from llm_ui.components.sidebar import client_sidebar
from llm_ui.components.text import file_size, listing, t, t_of, when
from llm_ui.react import upload_box
from llm_ui.react.files import FileName
from llm_ui.schemas.files.files import FileItem
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.files.files import DIALOG, FilesState

File = rx.Var[FileItem]
SEARCH_DELAY_MS = 250


def _room() -> rx.Component:
    storage = FilesState.storage
    words = t("files.quota", used=file_size(storage.used), quota=file_size(storage.quota))
    return rx.el.div(
        rx.el.meter(
            value=storage.used,
            min=0,
            max=storage.quota,
            high=storage.quota * 9 // 10,
            optimum=0,
            aria_label=words,
            class_name="lu-room__bar",
        ),
        rx.el.span(words, class_name="lu-room__words", data_testid="quota"),
        class_name="lu-room",
    )


def _search() -> rx.Component:
    return rx.el.input(
        type="search",
        placeholder=t("files.search"),
        aria_label=t("files.search"),
        auto_complete="off",
        max_length=200,
        on_change=FilesState.search_files.debounce(SEARCH_DELAY_MS),
        class_name="lu-input lu-library__search",
        data_testid="file-search",
    )


def _name(file: File) -> rx.Component:
    link = FileName.create(file=file.to(dict[str, Any]), labels=opening_labels())
    state = rx.cond(
        file.status == "waiting",
        ui.badge(t_of("files.status.", file.status), "warn"),
        rx.cond(
            file.error != "",
            rx.el.span(file.error, class_name="lu-library__error"),
            rx.cond(file.note != "", rx.el.span(file.note, class_name="lu-library__note")),
        ),
    )
    return rx.el.td(
        rx.el.div(picture(file), rx.el.div(link, state), class_name="lu-library__file"),
        class_name="lu-table__wide",
    )


def _row(file: File) -> rx.Component:
    used = rx.cond(file.used_in > 0, t("files.used_count", count=file.used_in), "")
    return rx.el.tr(
        _name(file),
        rx.el.td(file_size(file.size), class_name="lu-table__quiet lu-table__num"),
        rx.el.td(when(file.created_at), class_name="lu-table__quiet"),
        rx.el.td(used, class_name="lu-table__quiet"),
        rx.el.td(
            ui.icon_button(
                "trash-2",
                t("files.delete_label", name=file.name),
                small=True,
                on_click=FilesState.ask_delete(file.id),
                data_testid="delete-file",
            ),
            class_name="lu-library__do",
        ),
        key=file.id,
        data_testid="file-row",
    )


def _table() -> rx.Component:
    headings = (
        (t("files.name"), ""),
        (t("files.size"), "lu-table__num"),
        (t("files.date"), ""),
        (t("files.used"), ""),
        (rx.el.span(t("files.delete"), class_name="lu-sr"), ""),
    )
    more = rx.cond(
        FilesState.has_more_files,
        ui.button(
            t("files.more"),
            look="ghost",
            wide=True,
            on_click=FilesState.load_more_files,
            data_testid="more-files",
        ),
    )
    rows = rx.foreach(FilesState.files, _row)
    return ui.card(ui.table(headings, rows, label=t("files.list"), test_id="files"), more)


def _nothing() -> rx.Component:
    return ui.card(
        rx.cond(
            FilesState.wanted != "",
            ui.empty_state(
                t("files.no_match_title"), t("files.no_match_text"), test_id="no-file-matches"
            ),
            ui.empty_state(t("files.empty_title"), t("files.empty_text"), test_id="no-files"),
        )
    )


def _waiting() -> rx.Component:
    widths = ("62%", "48%", "71%", "55%")
    return ui.waiting(
        *[ui.skeleton(width, "20px") for width in widths],
        label=t("app.loading"),
        class_name="lu-card lu-stack lu-gap-5 lu-pad-5",
    )


def _question() -> rx.Component:
    doomed = FilesState.doomed
    used = t("files.delete_used", count=doomed.chat_count, titles=listing(doomed.chats))
    projects = t("files.delete_projects", names=listing(doomed.projects))
    return ui.form_dialog(
        DIALOG,
        rx.el.p(rx.cond(doomed.chat_count > 0, used, t("files.delete_unused"))),
        rx.cond(doomed.projects.length() > 0, rx.el.p(projects)),
        title=t("files.delete_title", name=doomed.name),
        submit=t("files.delete"),
        danger=True,
        test_id="delete-file-dialog",
        on_submit=[FilesState.delete_file(doomed.file_id), ui.close_dialog(DIALOG)],
    )


def library() -> rx.Component:
    """Storage used, search, upload, and the list."""
    bar = top_bar(rx.el.h1(t("files.title"), class_name="lu-bar__title lu-truncate"))
    tools = rx.el.div(
        _search(),
        upload_box(
            labels=upload_labels(t("files.drop_library")),
            on_done=FilesState.refresh_files,
        ),
        class_name="lu-library__tools lu-row lu-wrap lu-gap-3",
    )
    body = rx.cond(
        FilesState.files_loaded,
        rx.fragment(
            _room(),
            rx.cond(FilesState.files.length() > 0, _table(), _nothing()),
            looks_again(FilesState.reading, FilesState.looks, FilesState.look_again),
        ),
        _waiting(),
    )
    page = rx.el.div(
        rx.el.div(tools, body, class_name="lu-page__column lu-page__column--narrow lu-library"),
        class_name="lu-page",
        role="region",
        aria_label=t("files.title"),
        tab_index=0,
    )
    return rx.fragment(shell(client_sidebar("/files"), bar, page), _question(), undo_toast())


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        library,
        route="/files",
        title=t("files.page"),
        on_load=[AuthState.require_user, ChatState.load_chat, FilesState.load_files],
    )
