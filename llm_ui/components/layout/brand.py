"""The logo and the name."""

from __future__ import annotations

import reflex as rx

from llm_ui.components.text import t


def mark(size: int = 28) -> rx.Component:
    """The logo: three lines of text, and the caret that writes the next word."""
    return rx.el.svg(
        rx.el.rect(width="32", height="32", rx="9", class_name="lu-mark__ground"),
        rx.el.path(d="M8 10h11M8 16h7M8 22h4", class_name="lu-mark__lines"),
        rx.el.rect(
            x="18.5", y="13.5", width="4.5", height="11", rx="2.25", class_name="lu-mark__caret"
        ),
        view_box="0 0 32 32",
        width=str(size),
        height=str(size),
        class_name="lu-mark",
        custom_attrs={"aria-hidden": "true"},
    )


def brand() -> rx.Component:
    """Logo and name in a row."""
    return rx.el.span(mark(24), rx.el.span(t("app.name")), class_name="lu-brand")
