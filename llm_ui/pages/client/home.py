"""The index and 404 pages."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.layout.brand import mark
from llm_ui.components.text import t


def index() -> rx.Component:
    """Redirects the bare address to the chats."""
    return rx.el.div(ui.go(to="/chat"), mark(40), class_name="lu-lone")


def not_found() -> rx.Component:
    """The 404 page."""
    return rx.el.main(
        mark(40),
        rx.el.h1(t("app.not_found_title"), class_name="lu-lone__title"),
        rx.el.p(t("app.not_found_text")),
        ui.link_button(t("app.to_chats"), href="/chat", look="primary"),
        class_name="lu-lone",
        data_testid="not-found",
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(index, route="/", title=t("app.name"))
    app.add_page(not_found, route="404", title=t("app.not_found_title"))
