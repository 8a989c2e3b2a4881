"""Messages: the person's as a tinted block, the model's as a column to read."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.brand import mark
from llm_ui.components.files import attached
from llm_ui.components.text import duration, number, t, when
from llm_ui.react import answer, copy_button, question
from llm_ui.schemas.views import MessageView, ModelItem
from llm_ui.states.chat import ChatState
from llm_ui.states.stream import StreamState

Message = rx.Var[MessageView]
SOURCE_PROBLEMS = (
    "empty", "kind", "large", "missing", "nothing_found", "redirects", "refused", "search",
    "slow", "status", "stopped", "unreachable",
)  # fmt: skip
ANSWER_MENU = "answer-menu"


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


def _question_labels() -> dict[str, rx.Var[str]]:
    return {
        "edit": t("message.edit"),
        "edit_label": t("message.edit_label"),
        "edit_note": t("message.edit_note"),
        "edit_send": t("message.edit_send"),
        "cancel": t("common.cancel"),
        "too_long": t("chat.too_long"),
    }


def _versions(message: Message) -> rx.Component:
    """‹ 2/3 ›: the way to what stands beside this message."""

    def way(icon_name: str, label: rx.Var[str], target: rx.Var[str], test_id: str) -> rx.Component:
        return ui.icon_button(
            icon_name,
            label,
            small=True,
            disabled=target == "",
            on_click=ChatState.show_message(target),
            data_testid=test_id,
        )

    count = rx.el.span(
        f"{message.sibling}/{message.siblings}",
        class_name="lu-versions__count",
        role="img",
        aria_label=t("message.branch", number=message.sibling, count=message.siblings),
        data_testid="version",
    )
    return rx.cond(
        (message.siblings > 1) & (message.pair == 0),
        rx.el.span(
            way("chevron-left", t("message.branch_before"), message.before_id, "version-before"),
            count,
            way("chevron-right", t("message.branch_after"), message.after_id, "version-after"),
            class_name="lu-versions",
        ),
    )


def _question(message: Message) -> rx.Component:
    return rx.el.article(
        rx.el.h2(t("message.you"), class_name="lu-sr"),
        attached(message),
        question(
            copy_button(message.content, t("message.copy"), copied_label=t("common.copied")),
            text=message.content,
            hint=when(message.created_at),
            labels=_question_labels(),
            on_edit=lambda text, key: ChatState.edit_message(message.id, text, key),
        ),
        _versions(message),
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
            on_click=ChatState.retry(message.id, "", ""),
            data_testid="retry",
        ),
        class_name="lu-error",
        data_testid="error-bubble",
    )


def _thumb(message: Message, name: str, value: int) -> rx.Component:
    chosen = message.feedback == value
    return ui.icon_button(
        f"thumbs-{'up' if value > 0 else 'down'}",
        t("message.good") if value > 0 else t("message.bad"),
        small=True,
        class_name="lu-thumb",
        on_click=ChatState.rate_answer(message.id, value),
        data_testid=name,
        custom_attrs={"aria-pressed": rx.cond(chosen, "true", "false")},
    )


def _actions(message: Message, last: rx.Var[bool]) -> rx.Component:
    done = (message.status == "done") | (message.status == "stopped")
    again = ui.icon_button(
        "rotate-cw",
        t("message.regenerate"),
        small=True,
        on_click=ChatState.retry(message.id, "", ""),
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
    written = message.content != ""
    return rx.el.div(
        _versions(message),
        rx.cond(
            written,
            copy_button(
                message.content, t("message.copy_markdown"), copied_label=t("common.copied")
            ),
        ),
        rx.cond(done & (message.pair == 0), again),
        rx.cond(
            written,
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
            custom_attrs={**ui.opens(ANSWER_MENU), "data-id": message.id},
        ),
        rx.cond(last & cut_off & written, go_on),
        _metrics(message),
        class_name="lu-actions",
    )


def _other_model(model: rx.Var[ModelItem]) -> rx.Component:
    return rx.fragment(
        ui.menu_item(
            rx.el.span(model.name, class_name="lu-truncate"),
            disabled=~model.available,
            on_click=ChatState.retry(ui.menu_target("id"), model.id, ""),
            data_testid="again-model",
        ),
        key=model.id,
    )


def answer_menu() -> rx.Component:
    """What can be done with an answer beside the buttons below it; one for all answers."""
    target = ui.menu_target("id")
    copy = rx.vars.FunctionStringVar.create("window.lu.copyPlain").call(target)

    def again(key: str, icon_name: str, variation: str) -> rx.Component:
        return ui.menu_item(
            t(key),
            icon_name=icon_name,
            on_click=ChatState.retry(target, "", variation),
            data_testid=f"again-{variation}",
        )

    return ui.menu(
        ANSWER_MENU,
        ui.menu_item(
            t("message.copy_plain"),
            icon_name="text",
            on_click=[
                rx.run_script(copy),
                rx.toast.success(t("message.copied_plain"), id="copied"),
            ],
            data_testid="copy-plain",
        ),
        ui.menu_item(
            t("message.fork"),
            icon_name="git-branch",
            on_click=ChatState.fork_chat(target),
            data_testid="fork",
        ),
        ui.menu_line(),
        again("message.again_focused", "target", "focused"),
        again("message.again_varied", "sparkles", "varied"),
        ui.menu_heading(t("message.again_model")),
        rx.foreach(ChatState.models, _other_model),
        label=t("message.more"),
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
        custom_attrs={"data-status": message.status, "data-answer": message.id},
    )


@rx.memo
def message_row(message: rx.Var[MessageView], last: rx.Var[bool]) -> rx.Component:
    """One message. Memoised: while one streams, the finished ones rest."""
    return rx.el.div(
        rx.cond(message.role == "user", _question(message), _answer(message, last)),
        class_name="lu-message",
        data_id=message.id,
    )


def _beside(message: Message) -> rx.Component:
    keep = ui.button(
        ui.icon("check", 16),
        t("message.keep"),
        small=True,
        on_click=ChatState.keep_answer(message.id),
        data_testid="keep",
    )
    return rx.el.div(_answer(message, rx.Var.create(True)), keep, class_name="lu-pair__one")


@rx.memo
def pair_row(first: rx.Var[MessageView], second: rx.Var[MessageView]) -> rx.Component:
    """Two answers to one question, side by side until one is kept."""
    return rx.el.div(
        _beside(first),
        _beside(second),
        role="group",
        aria_label=t("message.pair"),
        class_name="lu-pair",
        data_id=first.id,
        data_testid="pair",
    )
