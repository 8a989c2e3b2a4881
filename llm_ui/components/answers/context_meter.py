"""The context meter: how full the context window is, and what no longer fits."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import short_number, t
from llm_ui.states.answers.model_choice import ModelChoiceState


def context_meter() -> rx.Component:
    """How full the context window is, as a ring with numbers."""
    used, window = ModelChoiceState.context.used, ModelChoiceState.context.window
    known = window > 0
    part = rx.cond(known, used * 100 / window, 0)
    words = rx.cond(
        known,
        t("chat.context", used=short_number(used), window=short_number(window)),
        t("chat.context_unknown", used=short_number(used)),
    )
    return rx.el.span(
        rx.cond(known, rx.el.span(class_name="lu-meter__ring", style={"--lu-part": part})),
        words,
        class_name="lu-meter",
        data_tip=t("chat.context_title"),
        data_testid="context-meter",
        role="img",
        aria_label=t("chat.context_label") + ": " + words,
    )


def left_out_note() -> rx.Component:
    """A note that the chat no longer fits in the model's context window."""
    left_out = ModelChoiceState.context.left_out
    note = rx.el.p(
        ui.icon("scissors", 14),
        t("chat.context_left_out", count=left_out),
        class_name="lu-dock__note",
        data_testid="left-out",
    )
    return rx.cond(left_out > 0, note)
