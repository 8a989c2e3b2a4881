"""Parts of a project's page: its instructions, and the composer for a new chat."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.answers.composer import chat_composer
from llm_ui.components.text import t
from llm_ui.schemas.chats.finding import ProjectView
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.chat_state import ChatState


def instructions_card(project: rx.Var[ProjectView], dialog: str) -> rx.Component:
    """The project's instructions, with a button to change them."""
    has_some = project.system_prompt != ""
    edit = ui.button(
        ui.icon("pencil", 14),
        rx.cond(has_some, t("projects.told_edit"), t("projects.told_add")),
        look="ghost",
        small=True,
        on_click=ui.open_dialog(dialog),
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
            rx.el.p(t("projects.told_none"), class_name="lu-told lu-quiet"),
        ),
        edit,
        title=t("projects.told"),
        class_name="lu-project__told",
    )


def project_composer(project: rx.Var[ProjectView]) -> rx.Component:
    """A composer that starts a chat in the project."""
    words = rx.cond(
        ModelChoiceState.model_name != "",
        t("projects.ask", model=ModelChoiceState.model_name, name=project.name),
        t("chat.placeholder"),
    )
    return rx.el.div(
        chat_composer(
            disabled=ModelChoiceState.model_id == "",
            placeholder=words,
            draft=ChatState.current_input,
            draft_key="project:" + project.id,
            input_label=t("projects.new_chat"),
        ),
        class_name="lu-project__ask",
        data_testid="project-ask",
    )
