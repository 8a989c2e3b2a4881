"""Files of a project: the section on its page, and the line above the composer of its chats."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.files.files import (
    content_of,
    library_labels,
    looks_again,
    picture,
    upload_labels,
)
from llm_ui.components.layout.overlays import offer_to_undo
from llm_ui.components.text import file_size, t
from llm_ui.react import upload_box
from llm_ui.schemas.files.files import FileItem
from llm_ui.services.projects.project_files import PROJECT_FILES
from llm_ui.states.files.chat_files import ChatFilesState
from llm_ui.states.projects.project_files import ProjectFilesState

File = rx.Var[FileItem]
ALONG = "files-along"


def _state(file: File) -> rx.Component:
    """A file's size, or the reason it can't be used."""
    return rx.match(
        file.status,
        ("waiting", rx.el.span(t("files.reading"), class_name="lu-file__about")),
        ("failed", rx.el.span(file.error, class_name="lu-library__error")),
        rx.el.span(file_size(file.size), class_name="lu-file__about"),
    )


# --- on the project's page ----------------------------------------------------------------


def _row(file: File) -> rx.Component:
    return rx.el.li(
        picture(file),
        rx.el.span(
            rx.el.a(
                file.name,
                href=content_of(file),
                download=True,
                data_tip=file.name,
                class_name="lu-file__name",
            ),
            _state(file),
            class_name="lu-stack lu-grow",
        ),
        ui.icon_button(
            "x",
            t("projects.files_remove", name=file.name),
            small=True,
            on_click=ProjectFilesState.remove_file(file.id),
            data_testid="project-file-remove",
        ),
        key=file.id,
        class_name="lu-shelf__file",
        custom_attrs={"data-status": file.status},
        data_testid="project-file",
    )


def files_section() -> rx.Component:
    """The files shared by all chats of the open project, and ways to add more."""
    ways = upload_box(
        labels={
            **upload_labels(t("projects.files_drop")),
            **library_labels(
                t("projects.files_choose"), t("projects.files_taken"), t("projects.files_most")
            ),
        },
        taken=ProjectFilesState.file_ids,
        limit=PROJECT_FILES,
        on_files=ProjectFilesState.add_files,
        on_done=ProjectFilesState.look_again,
    )
    rows = rx.el.ul(
        rx.foreach(ProjectFilesState.files, _row),
        aria_label=t("projects.files"),
        class_name="lu-shelf__files",
    )
    nothing = rx.el.p(
        t("projects.files_empty"), class_name="lu-shelf__none", data_testid="no-project-files"
    )
    waiting = ui.waiting(
        ui.skeleton("72%", "16px"),
        ui.skeleton("54%", "16px"),
        label=t("app.loading"),
        class_name="lu-stack lu-gap-4 lu-pad-5",
    )
    return ui.card(
        rx.el.p(t("projects.files_text"), class_name="lu-shelf__text"),
        rx.cond(
            ProjectFilesState.files_loaded,
            rx.cond(ProjectFilesState.files.length() > 0, rows, nothing),
            waiting,
        ),
        rx.el.div(ways, class_name="lu-shelf__ways"),
        looks_again(
            ProjectFilesState.reading, ProjectFilesState.looks, ProjectFilesState.look_again
        ),
        title=t("projects.files"),
        class_name="lu-shelf",
        data_testid="project-files",
    )


def removed_toast() -> rx.Component:
    """Removing a file needs no confirmation; it can be undone for a while."""
    removed = ProjectFilesState.removed
    return rx.cond(
        removed.id != "",
        offer_to_undo(
            t("projects.files_removed", name=removed.name),
            undo=ProjectFilesState.undo_remove,
            dismiss=ProjectFilesState.dismiss_removed,
            of=removed.id,
            test_id="removed-file",
            button_id="undo-remove-file",
        ),
    )


# --- beside a chat -------------------------------------------------------------------------


def _along_row(file: File) -> rx.Component:
    return rx.el.a(
        picture(file),
        rx.el.span(
            rx.el.span(file.name, class_name="lu-file__name"),
            _state(file),
            class_name="lu-stack lu-grow",
        ),
        role="menuitem",
        href=content_of(file),
        download=True,
        key=file.id,
        class_name="lu-menu__item lu-along__file",
        data_testid="along-file",
    )


def along_line() -> rx.Component:
    """The line above the composer that lists the project's files included in the chat."""
    along = ChatFilesState.along
    words = rx.cond(
        along.ready > 0,
        t("projects.along", count=along.ready),
        t("projects.along_reading"),
    )
    button = rx.el.button(
        ui.icon("folder", 14),
        rx.el.span(words, class_name="lu-truncate"),
        ui.icon("chevron-down", 14),
        type="button",
        class_name="lu-along",
        custom_attrs=ui.opens(ALONG),
        data_testid="files-along",
    )
    menu = ui.menu(
        ALONG,
        ui.menu_heading(t("projects.along_title")),
        rx.foreach(along.files, _along_row),
        ui.menu_line(),
        ui.link(
            ui.icon("folder", 16),
            t("projects.along_manage"),
            href="/projects/" + along.project_id,
            role="menuitem",
            class_name="lu-menu__item",
            data_testid="along-manage",
        ),
        label=t("projects.along_title"),
    )
    return rx.cond(
        along.ready + along.waiting > 0,
        rx.fragment(
            rx.el.div(button, class_name="lu-along__line"),
            menu,
            looks_again(along.waiting > 0, ChatFilesState.along_looks, ChatFilesState.look_along),
        ),
    )
