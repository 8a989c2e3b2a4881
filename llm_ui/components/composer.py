"""Where a question is written: what every page's composer has in common."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.react import composer
from llm_ui.states.chat import ChatState


def chat_composer(*children: rx.Component, **props: Any) -> rx.Component:
    """A composer whose questions ChatState takes; one that it refuses comes back into it.

    Args:
        children: what stands in and around it.
        props: those of the page, above all `draft_key`, `disabled` and `placeholder`.
    """
    return composer(
        *children,
        on_send=ChatState.send_message,
        refused=ChatState.refused_key,
        ack=ChatState.accepted_key,
        send_label=t("chat.send"),
        stop_label=t("chat.stop"),
        too_long_label=t("chat.too_long"),
        pending_label=t("chat.pending"),
        **props,
    )
