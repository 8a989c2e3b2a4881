"""The composer (message field), as used by every page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.react import composer
from llm_ui.states.chat_state import ChatState


def chat_composer(*children: rx.Component, **props: Any) -> rx.Component:
    """A composer that sends to ChatState; a refused question is put back into it.

    Args:
        children: components inside and around it.
        props: props of the page, most importantly `draft_key`, `disabled` and `placeholder`.
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
