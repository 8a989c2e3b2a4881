"""Parts of a project's page: what its models are told, and where a chat in it begins."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.composer import chat_composer
from llm_ui.components.text import t
from llm_ui.schemas.finding import ProjectView
from llm_ui.states.chat import ChatState


def instructions_card(project: rx.Var[ProjectView], dialog: str) -> rx.Component:
    """The project's instructions where everybody sees them, with the way to change them."""
    has_some = project.system_prompt != ""
    edit = ui.button(
        ui.icon("pencil", 14),
        rx.cond(has_some, t("projects.told_edit"), t("projects.told_add")),
        look="ghost",
        small=True,
        on_click=rx.run_script(f"window.lu.show('{dialog}')"),
        data_testid="edit-instructions",
    )
    return ui.card(
        rx.el.p(t("projects.told_text"), class_name="lu-note"),
        rx.cond(
            has_some,
            rx.el.p(
                project.system_prompt,
                class_name="lu-told",
                dir="auto",
                tab_index=0,
                role="group",
                aria_label=t("projects.prompt"),
                data_testid="project-instructions",
            ),
            rx.el.p(t("projects.told_none"), class_name="lu-told lu-told--none"),
        ),
        edit,
        title=t("projects.told"),
        class_name="lu-project__told",
    )


def project_composer(project: rx.Var[ProjectView]) -> rx.Component:
    """A question written here begins a chat in the project."""
    words = rx.cond(
        ChatState.model_name != "",
        t("projects.ask", model=ChatState.model_name, name=project.name),
        t("chat.placeholder"),
    )
    return rx.el.div(
        chat_composer(
            disabled=ChatState.model_id == "",
            placeholder=words,
            draft=ChatState.current_input,
            draft_key="project:" + project.id,
            input_label=t("projects.new_chat"),
        ),
        class_name="lu-project__ask",
        data_testid="project-ask",
    )
