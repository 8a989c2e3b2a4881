"""The frame of the administrator's pages: their sidebar, a bar, a column."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.shell import shell, top_bar
from llm_ui.components.sidebar import admin_sidebar


def admin_page(
    route: str, title: Any, subtitle: Any, *body: Any, extra: Any = None, test_id: str = ""
) -> rx.Component:
    """A page of the administrator's; `route` is its own, `extra` stands in the bar."""
    heading = rx.el.h1(title, class_name="lu-bar__title lu-truncate")
    page = rx.el.div(
        rx.el.div(
            rx.el.p(subtitle, class_name="lu-page__subtitle"),
            *body,
            class_name="lu-page__column",
        ),
        class_name="lu-page",
        role="region",
        aria_label=title,
        tab_index=0,
        data_testid=test_id,
    )
    return shell(admin_sidebar(route), top_bar(heading, extra), page)
