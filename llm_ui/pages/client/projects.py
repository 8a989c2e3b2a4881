"""Projects: the list, and one project with its chats and files."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.chats.chat_table import chat_line, chat_lines, list_waiting, more_button
from llm_ui.components.layout.overlays import undo_toast
from llm_ui.components.layout.shell import shell, top_bar
from llm_ui.components.projects.project_files import files_section, removed_toast
from llm_ui.components.projects.project_parts import instructions_card, project_composer
from llm_ui.components.sidebar import client_sidebar
from llm_ui.components.text import t
from llm_ui.schemas.chats.finding import ProjectView
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.projects.project_files import ProjectFilesState
from llm_ui.states.projects.projects import ProjectsState
from llm_ui.states.sidebar import SidebarState

NEW = "new-project"
EDIT = "project-dialog"
FIELDS = ("name", "icon", "description", "prompt")
DELETE = "delete-project"
# In the order of services.projects.ICONS.
ICONS = (
    "folder",
    "briefcase",
    "code",
    "book-open",
    "flask-conical",
    "graduation-cap",
    "heart",
    "house",
    "lightbulb",
    "music",
    "plane",
    "star",
)


def _icon(name: rx.Var[str], size: int = 18) -> rx.Component:
    return rx.match(name, *[(each, ui.icon(each, size)) for each in ICONS], ui.icon("folder", size))


def _icon_choice(chosen: Any) -> rx.Component:
    def one(name: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio",
                name="icon",
                value=name,
                default_checked=chosen == name,
                aria_label=t(f"projects.icon_{name.replace('-', '_')}"),
                class_name="lu-icons__input",
            ),
            rx.el.span(ui.icon(name, 18), class_name="lu-icons__face"),
            data_tip=t(f"projects.icon_{name.replace('-', '_')}"),
        )

    return rx.el.fieldset(
        rx.el.legend(t("projects.icon"), class_name="lu-field__label"),
        rx.el.div(*[one(name) for name in ICONS], class_name="lu-icons__row"),
        class_name="lu-icons",
    )


def _name(**props: Any) -> rx.Component:
    return ui.field(
        t("projects.name"),
        "name",
        max_length=100,
        required=True,
        auto_complete="off",
        data_testid="project-name",
        **props,
    )


def _words(description: Any = "", prompt: Any = "") -> tuple[rx.Component, rx.Component]:
    """The fields for the description, which people read, and the instructions, which models get."""
    return (
        ui.text_field(
            t("projects.description"),
            "description",
            hint=t("projects.description_hint"),
            rows="2",
            max_length=1000,
            default_value=description,
            data_testid="project-description",
        ),
        ui.text_field(
            t("projects.prompt"),
            "prompt",
            hint=t("projects.prompt_hint"),
            rows="5",
            max_length=20_000,
            default_value=prompt,
            data_testid="project-prompt",
        ),
    )


def _new_dialog() -> rx.Component:
    return ui.form_dialog(
        NEW,
        _name(),
        _icon_choice("folder"),
        *_words(),
        title=t("projects.new"),
        submit=t("projects.create"),
        test_id=NEW,
        on_submit=lambda data: [
            ui.close_dialog(NEW),
            ProjectsState.create_project(*[data.to(dict[str, str])[each] for each in FIELDS]),
        ],
    )


def _new_button() -> rx.Component:
    return ui.button(
        ui.icon("plus", 16),
        t("projects.new"),
        look="primary",
        small=True,
        on_click=ui.open_dialog(NEW),
        data_testid="new-project-button",
    )


def _card(project: rx.Var[ProjectView]) -> rx.Component:
    return rx.el.li(
        ui.link(
            rx.el.span(_icon(project.icon, 20), class_name="lu-project__icon"),
            rx.el.span(
                rx.el.span(project.name, class_name="lu-project__name lu-truncate"),
                rx.cond(
                    project.description != "",
                    rx.el.span(project.description, class_name="lu-quiet lu-clamp-2"),
                ),
                rx.el.span(
                    t("projects.chats", count=project.chats),
                    rx.cond(
                        project.files > 0,
                        rx.fragment(" · ", t("projects.files_count", count=project.files)),
                    ),
                    class_name="lu-quiet lu-small",
                ),
                class_name="lu-project__words",
            ),
            href="/projects/" + project.id,
            class_name="lu-project",
            data_testid="project",
        ),
        key=project.id,
    )


def _page(bar: rx.Component, *body: Any, label: Any, wide: bool = False) -> rx.Component:
    column = "lu-page__column" if wide else "lu-page__column lu-page__column--narrow"
    page = rx.el.div(
        rx.el.div(*body, class_name=column),
        class_name="lu-page",
        role="region",
        aria_label=label,
        tab_index=0,
    )
    sidebar = client_sidebar("/projects")
    return rx.fragment(shell(sidebar, bar, page), undo_toast(), removed_toast())


def projects() -> rx.Component:
    """All projects."""
    title = rx.el.h1(t("projects.title"), class_name="lu-bar__title lu-truncate")
    empty = ui.empty_state(
        t("projects.empty_title"), t("projects.empty_text"), _new_button(), test_id="no-projects"
    )
    cards = rx.el.ul(
        rx.foreach(ProjectsState.items, _card),
        class_name="lu-projects",
        aria_label=t("projects.title"),
    )
    some = ProjectsState.items.length() > 0
    body = rx.cond(ProjectsState.loaded, rx.cond(some, cards, empty), list_waiting())
    bar = top_bar(title, rx.cond(some, _new_button()))
    about = rx.el.p(t("projects.subtitle"), class_name="lu-quiet")
    return _page(bar, about, body, _new_dialog(), label=t("projects.title"))


def _edit_dialog() -> rx.Component:
    project = ProjectsState.open_project
    return ui.form_dialog(
        EDIT,
        _name(default_value=project.name),
        _icon_choice(project.icon),
        *_words(project.description, project.system_prompt),
        title=t("projects.edit"),
        submit=t("common.save"),
        test_id=EDIT,
        on_submit=lambda data: ProjectsState.save_project(
            *[data.to(dict[str, str])[each] for each in FIELDS]
        ),
    )


def _delete_dialog() -> rx.Component:
    return ui.form_dialog(
        DELETE,
        rx.el.p(t("projects.delete_text")),
        title=t("projects.delete_title", name=ProjectsState.open_project.name),
        submit=t("projects.delete"),
        test_id=DELETE,
        on_submit=lambda _data: [ui.close_dialog(DELETE), ProjectsState.delete_project()],
    )


def project() -> rx.Component:
    """One project with its chats and its files."""
    this = ProjectsState.open_project
    bar = top_bar(
        ui.link(
            ui.icon("arrow-left", 18),
            href="/projects",
            aria_label=t("projects.all"),
            data_tip=t("projects.all"),
            class_name="lu-icon-button",
        ),
        rx.el.h1(
            rx.cond(
                this.name != "", this.name, ui.skeleton("120px", "16px", label=t("app.loading"))
            ),
            class_name="lu-bar__title lu-truncate",
            data_testid="project-title",
        ),
        ui.icon_button(
            "pencil",
            t("projects.edit"),
            on_click=ui.open_dialog(EDIT),
            data_testid="edit-project",
        ),
        ui.icon_button(
            "trash-2",
            t("projects.delete"),
            on_click=ui.open_dialog(DELETE),
            data_testid="delete-project-button",
        ),
    )
    head = rx.el.div(
        rx.el.span(_icon(this.icon, 24), class_name="lu-project__icon"),
        rx.el.div(
            rx.cond(this.description != "", rx.el.p(this.description)),
            rx.el.p(t("projects.chats", count=this.chats), class_name="lu-quiet"),
            class_name="lu-project__words",
        ),
        ui.link_button(
            ui.icon("square-pen", 16),
            t("projects.new_chat"),
            href="/chat?project=" + this.id,
            data_testid="new-chat-here",
        ),
        class_name="lu-project__head lu-row lu-wrap lu-gap-4",
    )
    empty = ui.empty_state(
        t("projects.no_chats_title"), t("projects.no_chats_text"), test_id="project-empty"
    )
    rows = chat_lines(
        ProjectsState.inside, chat_line, label=t("chats.title"), test_id="project-chats"
    )
    inside = rx.el.div(
        rx.el.h2(t("chats.title")),
        rx.cond(ProjectsState.inside.length() > 0, rows, empty),
        more_button(ProjectsState.has_more, ProjectsState.load_more),
        class_name="lu-project__chats",
    )
    beside = rx.el.div(
        instructions_card(this, EDIT), files_section(), class_name="lu-project__side"
    )
    body = rx.fragment(
        head,
        project_composer(this),
        rx.el.div(beside, inside, class_name="lu-project__parts lu-stack lu-gap-5"),
        ui.timer(ms=100, of=SidebarState.changes.to_string(), on_done=ProjectsState.look_again),
        rx.el.div(_edit_dialog(), key=this.id + this.updated_at),
        _delete_dialog(),
    )
    return _page(
        bar, rx.cond(ProjectsState.loaded, body, list_waiting()), label=this.name, wide=True
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    beside = [AuthState.require_user, ChatState.load_beside]
    app.add_page(
        projects,
        route="/projects",
        title=t("projects.page"),
        on_load=[*beside, ProjectsState.load_projects],
    )
    app.add_page(
        project,
        route="/projects/[folder_id]",
        title=t("projects.page"),
        on_load=[
            *beside,
            ChatState.load_in_project,
            ProjectsState.load_project,
            ProjectFilesState.load_files,
        ],
    )
