"""The frame of the admin pages: sidebar, top bar and content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from llm_ui.components.layout.shell import shell, top_bar
from llm_ui.components.sidebar import admin_sidebar
from llm_ui.states.auth_state import AuthState


def admin_page(
    route: str, title: Any, subtitle: Any, *body: Any, extra: Any = None, test_id: str = ""
) -> rx.Component:
    """An admin page; `route` is its own route, `extra` is placed in the top bar."""
    heading = rx.el.h1(title, class_name="lu-bar__title lu-truncate")
    page = rx.el.div(
        rx.el.div(
            rx.el.p(subtitle, class_name="lu-quiet"),
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


def add_page(
    app: rx.App, page: Callable[[], rx.Component], route: str, title: Any, on_load: Any
) -> None:
    """Add an admin page; `on_load` loads its data."""
    app.add_page(page, route=route, title=title, on_load=[AuthState.require_admin, on_load])
