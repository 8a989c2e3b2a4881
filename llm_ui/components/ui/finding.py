"""Controls that narrow a list: search, filters, views."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.components.ui.buttons import button, classes

# How long to wait after the last keystroke before searching.
REST_MS = 250


def search_field(label: Any, on_change: Any, test_id: str, **props: Any) -> rx.Component:
    """A search field that searches when typing pauses."""
    props.setdefault("class_name", "lu-input lu-history__search")
    return rx.el.input(
        type="search",
        placeholder=label,
        aria_label=label,
        max_length=200,
        auto_complete="off",
        on_change=on_change.debounce(REST_MS),
        data_testid=test_id,
        **props,
    )


def filter_choice(
    label: Any, value: Any, on_change: Any, among: Any, test_id: str, **props: Any
) -> rx.Component:
    """A select above a list that filters it immediately."""
    return rx.el.select(
        *among,
        value=value,
        aria_label=label,
        on_change=on_change,
        class_name="lu-input lu-select lu-history__filter",
        data_testid=test_id,
        **props,
    )


def segments(
    each: Iterable[tuple[Any, Any, Any, str]], *, label: Any, class_name: str = ""
) -> rx.Component:
    """A row of buttons with one pressed: label, whether it is pressed, on_click, test ID."""
    shown = [
        rx.el.button(
            *(words if isinstance(words, tuple) else (words,)),
            type="button",
            on_click=on_click,
            class_name="lu-segment__item",
            custom_attrs={"aria-pressed": rx.cond(pressed, "true", "false")},
            data_testid=test_id,
        )
        for words, pressed, on_click, test_id in each
    ]
    return rx.el.div(
        *shown, role="group", aria_label=label, class_name=classes("lu-segment", class_name)
    )


def clear_button(on_click: Any, test_id: str = "clear-filters") -> rx.Component:
    """Clears the search and all filters."""
    return button(
        t("organize.clear"), look="ghost", small=True, on_click=on_click, data_testid=test_id
    )


def views(each: Iterable[tuple[Any, Any, Any, str]], *, label: Any) -> rx.Component:
    """The views of a page, as segments; their test IDs begin with "view-"."""
    shown = [(words, chosen, on_click, f"view-{name}") for words, chosen, on_click, name in each]
    return segments(shown, label=label, class_name="lu-history__shelves lu-people__views")
