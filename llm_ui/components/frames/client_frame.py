"""The frame of the client's pages: sidebar with chats, top bar and content."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.layout.overlays import undo_toast
from llm_ui.components.layout.shell import shell, top_bar
from llm_ui.components.sidebar import client_sidebar


def client_page(
    title: Any,
    subtitle: Any,
    *body: Any,
    extra: Any = None,
    test_id: str = "",
    place: str = "",
) -> rx.Component:
    """A client page; `place` is its address if the sidebar links to it."""
    heading = rx.el.h1(title, class_name="lu-bar__title lu-truncate")
    page = rx.el.div(
        rx.el.div(
            rx.el.p(subtitle, class_name="lu-quiet"),
            *body,
            class_name="lu-page__column lu-page__column--narrow",
        ),
        class_name="lu-page",
        role="region",
        aria_label=title,
        tab_index=0,
        data_testid=test_id,
    )
    return rx.fragment(shell(client_sidebar(place), top_bar(heading, extra), page), undo_toast())
