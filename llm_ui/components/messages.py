"""Messages: the person's as a tinted block, the model's as a column to read."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.brand import mark
from llm_ui.components.files import attached
from llm_ui.components.text import duration, number, t, when
from llm_ui.react import answer, copy_button
from llm_ui.schemas.views import MessageView
from llm_ui.states.chat import ChatState
from llm_ui.states.stream import StreamState

Message = rx.Var[MessageView]
SOURCE_PROBLEMS = (
    "empty", "kind", "large", "missing", "nothing_found", "redirects", "refused", "search",
    "slow", "status", "stopped", "unreachable",
)  # fmt: skip


def answer_labels() -> dict[str, Any]:
    """The words that the answer's renderer shows by itself."""
    return {
        "thinking": t("message.thinking"),
        "reasoning": t("message.reasoning"),
        "copy_code": t("message.code_copy"),
        "copied": t("message.code_copied"),
        "show_image": t("message.image_show"),
        "thought_for": t("message.thought_for", value="{value}"),
        "thinking_for": t("message.thinking_for", value="{value}"),
        "sources": t("source.title"),
        "source": t("source.number", number="{number}"),
        "reading": t("source.reading", host="{host}"),
        "searching": t("source.searching"),
        "problems": {name: t(f"source.problem.{name}") for name in SOURCE_PROBLEMS},
    }


def _question(message: Message) -> rx.Component:
    return rx.el.article(
        rx.el.h2(t("message.you"), class_name="lu-sr"),
        attached(message),
        rx.el.div(message.content, class_name="lu-question__text", title=when(message.created_at)),
        rx.el.div(
            copy_button(message.content, t("message.copy"), copied_label=t("common.copied")),
            class_name="lu-actions lu-actions--quiet",
        ),
        class_name="lu-question",
        data_testid="message-user",
    )


def _about(message: Message) -> rx.Var[str]:
    about = rx.cond(message.estimated, "~", "")
    return t(
        "metrics.tokens",
        input=about + number(message.input_tokens),
        output=about + number(message.output_tokens),
    )


def _metrics(message: Message) -> rx.Component:
    about = rx.cond(message.estimated, "~", "")
    parts = [
        (message.ttft_ms >= 0, t("metrics.ttft", value=duration(message.ttft_ms))),
        (
            message.tokens_per_second >= 0,
            t("metrics.speed", value=about + number(message.tokens_per_second)),
        ),
        ((message.output_tokens > 0) & (message.input_tokens >= 0), _about(message)),
    ]
    hint = rx.cond(message.estimated, t("metrics.title_estimated"), t("metrics.title"))
    return rx.el.p(
        *[rx.cond(known, rx.el.span(text)) for known, text in parts],
        class_name="lu-metrics",
        title=hint,
        aria_label=t("metrics.label"),
        role="note",
        data_testid="answer-metrics",
    )


def _error(message: Message) -> rx.Component:
    title = rx.cond(
        message.status == "interrupted",
        t("message.interrupted_title"),
        rx.cond(message.content == "", t("message.failed_title"), t("message.failed_part_title")),
    )
    text = rx.cond(message.error != "", message.error, t("error.interrupted"))
    return rx.el.div(
        ui.icon("circle-alert", 18),
        rx.el.div(
            rx.el.p(title, class_name="lu-error__title"),
            rx.el.p(text, class_name="lu-error__text"),
            class_name="lu-error__words",
        ),
        ui.button(
            ui.icon("rotate-cw", 16),
            t("message.retry"),
            look="danger",
            small=True,
            on_click=ChatState.retry(message.id),
            data_testid="retry",
        ),
        role="alert",
        class_name="lu-error",
        data_testid="error-bubble",
    )


def _actions(message: Message, last: rx.Var[bool]) -> rx.Component:
    done = (message.status == "done") | (message.status == "stopped")
    again = ui.icon_button(
        "rotate-cw",
        t("message.regenerate"),
        small=True,
        on_click=ChatState.retry(message.id),
        data_testid="retry",
    )
    cut_off = (
        (message.status == "stopped")
        | (message.status == "failed")
        | (message.status == "interrupted")
    )
    go_on = ui.button(
        ui.icon("play", 14),
        t("message.continue"),
        look="ghost",
        small=True,
        on_click=ChatState.continue_answer(message.id),
        data_testid="continue",
    )
    return rx.el.div(
        rx.cond(
            message.content != "",
            copy_button(message.content, t("message.copy_answer"), copied_label=t("common.copied")),
        ),
        rx.cond(last & done, again),
        rx.cond(last & cut_off & (message.content != ""), go_on),
        _metrics(message),
        class_name="lu-actions",
    )


def _answer(message: Message, last: rx.Var[bool]) -> rx.Component:
    broken = (message.status == "failed") | (message.status == "interrupted")
    return rx.el.article(
        rx.el.h2(mark(20), rx.el.span(message.model_name), class_name="lu-answer__model"),
        answer(
            text=message.content,
            reasoning=message.reasoning,
            thinking_ms=message.thinking_ms,
            sources=message.sources,
            run=message.run,
            live=message.run > 0,
            state_name=StreamState.get_full_name(),
            on_gap=ChatState.resync,
            labels=answer_labels(),
        ),
        rx.cond(
            message.status == "stopped",
            rx.el.p(t("message.stopped"), class_name="lu-note", data_testid="stopped-note"),
        ),
        rx.cond(broken, _error(message)),
        rx.cond(message.run > 0, rx.fragment(), _actions(message, last)),
        class_name="lu-answer",
        data_testid="message-assistant",
        custom_attrs={"data-status": message.status},
    )


@rx.memo
def message_row(message: rx.Var[MessageView], last: rx.Var[bool]) -> rx.Component:
    """One message. Memoised: while one streams, the finished ones rest."""
    return rx.el.div(
        rx.cond(message.role == "user", _question(message), _answer(message, last)),
        class_name="lu-message",
        data_id=message.id,
    )
