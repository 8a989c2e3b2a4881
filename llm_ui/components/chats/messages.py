"""Messages: questions as tinted blocks, answers as a text column."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.answers.answers import answer_of
from llm_ui.components.answers.versions import Message, versions
from llm_ui.components.files.files import attached
from llm_ui.components.text import t, when
from llm_ui.react import copy_button, question
from llm_ui.schemas.chats.views import MessageView
from llm_ui.states.chats.branches import BranchesState
from llm_ui.states.chats.editing import EditingState


def _question_labels() -> dict[str, rx.Var[str]]:
    return {
        "edit": t("message.edit"),
        "edit_label": t("message.edit_label"),
        "edit_note": t("message.edit_note"),
        "edit_send": t("message.edit_send"),
        "cancel": t("common.cancel"),
        "too_long": t("chat.too_long"),
    }


def _question(message: Message) -> rx.Component:
    return rx.el.article(
        rx.el.h2(t("message.you"), class_name="lu-sr"),
        attached(message),
        question(
            copy_button(message.content, t("message.copy"), copied_label=t("common.copied")),
            text=message.content,
            bare=message.files.length() > 0,
            hint=when(message.created_at),
            labels=_question_labels(),
            on_edit=lambda text, key: EditingState.edit_message(message.id, text, key),
        ),
        versions(message),
        class_name="lu-question",
        data_testid="message-user",
    )


@rx.memo
def message_row(message: rx.Var[MessageView], last: rx.Var[bool]) -> rx.Component:
    """One message. Memoised, so that finished messages aren't rendered again while one streams."""
    return rx.el.div(
        rx.cond(message.role == "user", _question(message), answer_of(message, last)),
        class_name="lu-message",
        data_id=message.id,
    )


def _beside(message: Message) -> rx.Component:
    keep = ui.button(
        ui.icon("check", 16),
        t("message.keep"),
        small=True,
        on_click=BranchesState.keep_answer(message.id),
        data_testid="keep",
    )
    return rx.el.div(answer_of(message, rx.Var.create(True)), keep, class_name="lu-pair__one")


@rx.memo
def pair_row(first: rx.Var[MessageView], second: rx.Var[MessageView]) -> rx.Component:
    """A comparison: two answers side by side until one is kept."""
    return rx.el.div(
        _beside(first),
        _beside(second),
        role="group",
        aria_label=t("message.pair"),
        class_name="lu-pair",
        data_id=first.id,
        data_testid="pair",
    )
