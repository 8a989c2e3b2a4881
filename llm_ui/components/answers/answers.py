"""An answer: its text, its status, and its actions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.answers.answer_menu import ANSWER_MENU
from llm_ui.components.answers.image_answers import IMAGE_MENU, images_of
from llm_ui.components.answers.versions import Message, versions
from llm_ui.components.layout.brand import mark
from llm_ui.components.text import duration, number, t
from llm_ui.enums import FinishReason
from llm_ui.react import answer, copy_button
from llm_ui.states.answers.following import FollowingState
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chats.editing import EditingState
from llm_ui.states.socket.stream import StreamState
from llm_ui.wire.finish import CUT

SOURCE_PROBLEMS = (
    "empty",
    "kind",
    "large",
    "missing",
    "no_room",
    "nothing_found",
    "redirects",
    "refused",
    "search",
    "slow",
    "status",
    "stopped",
    "unreachable",
)


def answer_labels() -> dict[str, Any]:
    """Labels that the answer component displays itself."""
    return {
        "thinking": t("message.thinking"),
        "reasoning": t("message.reasoning"),
        "copy_code": t("message.code_copy"),
        "copied": t("message.code_copied"),
        "code_fold": t("message.code_fold"),
        "code_save": t("message.code_save"),
        "code_wrap": t("message.code_wrap"),
        "footnote": t("message.footnote", name="{name}"),
        "show_image": t("message.image_show"),
        "thought_for": t("message.thought_for", value="{value}"),
        "thinking_for": t("message.thinking_for", value="{value}"),
        "waiting": {
            "queued": t("message.queued"),
            "asked": t("message.waiting_for", model="{model}"),
            "reading": t("message.waiting_reads", model="{model}", tokens="{tokens}"),
        },
        "sources": t("source.title"),
        "passage": t("source.passage", first="{first}", of="{of}"),
        "passages": t("source.passages", first="{first}", last="{last}", of="{of}"),
        "some_passages": t("source.some_passages", used="{used}", of="{of}"),
        "more_sources": t("source.more"),
        "source": t("source.number", number="{number}"),
        "reading": t("source.reading", host="{host}"),
        "searching": t("source.searching"),
        "problems": {name: t(f"source.problem.{name}") for name in SOURCE_PROBLEMS},
    }


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
        (
            (message.files.length() > 0) & (message.duration_ms >= 0),
            t("image_answers.took", value=duration(message.duration_ms)),
        ),
    ]
    hint = rx.cond(message.estimated, t("metrics.title_estimated"), t("metrics.title"))
    return rx.el.p(
        *[rx.cond(known, rx.el.span(text)) for known, text in parts],
        class_name="lu-metrics",
        data_tip=hint,
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
            rx.cond(
                AuthState.is_admin & message.error_code.startswith("provider_"),
                ui.link(t("message.look_provider"), href="/admin/providers", class_name="lu-link"),
            ),
            class_name="lu-grow",
        ),
        ui.button(
            ui.icon("rotate-cw", 16),
            t("message.retry"),
            look="danger",
            small=True,
            on_click=EditingState.retry(message.id, "", ""),
            data_testid="retry",
        ),
        class_name="lu-error",
        data_testid="error-bubble",
    )


def _cut_short(message: Message) -> rx.Component:
    """Why an answer is incomplete; the button to continue it is below."""
    words = [(reason, t(f"message.cut_{reason}")) for reason in CUT]
    return rx.el.p(
        ui.icon("scissors", 14),
        rx.match(message.finish_reason, *words, ""),
        class_name="lu-note lu-row lu-gap-2",
        data_testid="cut-note",
    )


def _thumb(message: Message, name: str, value: int) -> rx.Component:
    chosen = message.feedback == value
    return ui.icon_button(
        f"thumbs-{'up' if value > 0 else 'down'}",
        t("message.good") if value > 0 else t("message.bad"),
        small=True,
        class_name="lu-thumb",
        on_click=EditingState.rate_answer(message.id, value),
        data_testid=name,
        custom_attrs={"aria-pressed": rx.cond(chosen, "true", "false")},
    )


def _actions(message: Message, last: rx.Var[bool]) -> rx.Component:
    done = (message.status == "done") | (message.status == "stopped")
    again = ui.icon_button(
        "rotate-cw",
        t("message.retry"),
        small=True,
        on_click=EditingState.retry(message.id, "", ""),
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
        on_click=FollowingState.continue_answer(message.id),
        data_testid="continue",
    )
    cut_short = message.truncated & (message.finish_reason != FinishReason.TOO_LONG)
    written = message.content != ""
    is_image = message.modes.contains("image")
    menu = rx.cond(is_image, IMAGE_MENU, ANSWER_MENU)
    return rx.el.div(
        versions(message),
        rx.cond(
            written,
            copy_button(
                message.content, t("message.copy_markdown"), copied_label=t("common.copied")
            ),
        ),
        rx.cond(done & (message.pair == 0), again),
        rx.cond(
            written | (message.files.length() > 0),
            rx.fragment(
                _thumb(message, "good", 1),
                _thumb(message, "bad", -1),
            ),
        ),
        ui.icon_button(
            "ellipsis",
            t("message.more"),
            small=True,
            data_testid="answer-more",
            custom_attrs={**ui.opens(menu), "data-id": message.id},
        ),
        rx.cond(last & ((cut_off & written) | cut_short), go_on),
        _metrics(message),
        class_name="lu-actions",
    )


def answer_of(message: Message, last: rx.Var[bool]) -> rx.Component:
    """An answer with everything below it; `last` if it is the last message."""
    broken = (message.status == "failed") | (message.status == "interrupted")
    is_image = message.modes.contains("image")
    return rx.el.article(
        rx.el.h2(mark(20), rx.el.span(message.model_name), class_name="lu-answer__model"),
        rx.cond(is_image, images_of(message), _words(message)),
        rx.cond(
            message.status == "stopped",
            rx.el.p(
                t("message.stopped"),
                class_name="lu-note",
                data_testid="stopped-note",
            ),
        ),
        rx.cond(message.truncated, _cut_short(message)),
        rx.cond(broken, _error(message)),
        rx.cond(
            message.run > 0,
            # Shown by the page itself while the connection to the server is lost.
            rx.el.p(t("message.offline"), class_name="lu-note lu-away", data_testid="away"),
            _actions(message, last),
        ),
        class_name="lu-answer",
        data_testid="message-assistant",
        custom_attrs={"data-status": message.status, "data-answer": message.id},
    )


def _words(message: Message) -> rx.Component:
    return answer(
        text=message.content,
        reasoning=message.reasoning,
        thinking_ms=message.thinking_ms,
        sources=message.sources,
        run=message.run,
        live=message.run > 0,
        state_name=StreamState.get_full_name(),
        on_gap=FollowingState.resync,
        on_wait=FollowingState.look_waiting,
        labels=answer_labels(),
    )
