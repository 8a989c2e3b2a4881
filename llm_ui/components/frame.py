"""The frame of the client's own pages: the chats beside them, a bar, a column."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.overlays import undo_toast
from llm_ui.components.shell import shell, top_bar
from llm_ui.components.sidebar import client_sidebar
from llm_ui.components.text import t


def client_page(
    title: Any, subtitle: Any, *body: Any, extra: Any = None, test_id: str = ""
) -> rx.Component:
    """A page of a person's own: on phones the bar leads back to the chat."""
    back = ui.link(
        ui.icon("arrow-left", 18),
        href="/chat",
        aria_label=t("app.to_chats"),
        title=t("app.to_chats"),
        class_name="lu-icon-button lu-bar__back",
        data_testid="back-to-chat",
    )
    heading = rx.el.h1(title, class_name="lu-bar__title lu-truncate")
    page = rx.el.div(
        rx.el.div(
            rx.el.p(subtitle, class_name="lu-page__subtitle"),
            *body,
            class_name="lu-page__column lu-page__column--own",
        ),
        class_name="lu-page",
        role="region",
        aria_label=title,
        tab_index=0,
        data_testid=test_id,
    )
    return rx.fragment(shell(client_sidebar(), top_bar(back, heading, extra), page), undo_toast())
