"""Primitives for waiting, for nothing, and for news."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.ui.buttons import icon
from llm_ui.components.ui.kit import Toast


def skeleton(width: str = "100%", height: str = "12px", *, label: Any = None) -> rx.Component:
    """The shape of a text that is on its way; one that stands alone, as a heading does, has a
    label for those who do not see it."""
    shape = rx.el.span(class_name="lu-skeleton", style={"width": width, "height": height})
    return shape if label is None else rx.fragment(rx.el.span(label, class_name="lu-sr"), shape)


def waiting(*shapes: Any, label: Any, class_name: str = "") -> rx.Component:
    """Skeletons with one word for those who do not see them."""
    word = rx.el.span(label, class_name="lu-sr")
    return rx.el.div(word, *shapes, role="status", class_name=class_name)


def empty_state(title: Any, text: Any, *extra: Any, test_id: str = "") -> rx.Component:
    """What stands where a list has nothing to show: what to do next."""
    return rx.el.div(
        rx.el.p(title, class_name="lu-empty__title"),
        rx.el.p(text),
        *extra,
        class_name="lu-empty",
        data_testid=test_id,
    )


def toast(text: Any, *actions: Any, **props: Any) -> rx.Component:
    """News with actions, among all other news: the place is the toaster's."""
    return Toast.create(rx.el.span(text, class_name="lu-toast__text"), *actions, **props)


def banner(text: Any, icon_name: str, **props: Any) -> rx.Component:
    """News at the top of the page that stays until it is over."""
    return rx.el.div(icon(icon_name, 16), text, role="status", class_name="lu-banner", **props)
