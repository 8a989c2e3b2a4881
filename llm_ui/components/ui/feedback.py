"""Primitives for loading states, empty states and notifications."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.components.ui.buttons import icon
from llm_ui.components.ui.kit import Toast
from llm_ui.components.ui.tables import card


def skeleton(width: str = "100%", height: str = "12px", *, label: Any = None) -> rx.Component:
    """A placeholder for text that is loading. If it stands alone, like a heading, it needs a label
    for screen readers."""
    shape = rx.el.span(class_name="lu-skeleton", style={"width": width, "height": height})
    return shape if label is None else rx.fragment(rx.el.span(label, class_name="lu-sr"), shape)


def waiting(*shapes: Any, label: Any, class_name: str = "") -> rx.Component:
    """Skeletons with a single label for screen readers."""
    word = rx.el.span(label, class_name="lu-sr")
    return rx.el.div(word, *shapes, role="status", class_name=class_name)


def empty_state(title: Any, text: Any, *extra: Any, test_id: str = "") -> rx.Component:
    """Shown in place of an empty list, with what to do next."""
    return rx.el.div(
        rx.el.p(title, class_name="lu-empty__title"),
        rx.el.p(text),
        *extra,
        class_name="lu-empty",
        data_testid=test_id,
    )


def toast(text: Any, *actions: Any, **props: Any) -> rx.Component:
    """A notification with actions, shown in the toaster like all others."""
    return Toast.create(rx.el.span(text, class_name="lu-toast__text"), *actions, **props)


def banner(text: Any, icon_name: str, **props: Any) -> rx.Component:
    """A message at the top of the page that stays until its cause is gone."""
    return rx.el.div(icon(icon_name, 16), text, role="status", class_name="lu-banner", **props)


def waiting_card(*widths: str) -> rx.Component:
    """A card with lines that are loading."""
    lines = [skeleton(width) for width in widths]
    names = "lu-lines__waiting lu-section"
    return card(waiting(*lines, label=t("app.loading"), class_name=names))
