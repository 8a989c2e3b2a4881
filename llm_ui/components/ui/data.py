"""Primitives that show things: badges, cards, figures, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from llm_ui.components.ui.buttons import classes


def badge(text: Any, tone: Any = "", **props: Any) -> rx.Component:
    """A short state in colour: tone is ok, warn, danger or nothing, or a Var of these."""
    return rx.el.span(text, class_name=f"lu-badge lu-badge--{tone}", **props)


def card(*children: Any, title: Any = None, extra: Any = None, **props: Any) -> rx.Component:
    """A framed part of a page, with a heading if it has a title."""
    head = (
        rx.el.div(rx.el.h2(title, class_name="lu-card__title"), extra, class_name="lu-card__head")
        if title is not None
        else None
    )
    names = classes("lu-card", props.pop("class_name", ""))
    return rx.el.section(head, *children, class_name=names, **props)


def stat(label: Any, value: Any, note: Any, test_id: str = "") -> rx.Component:
    """One figure with what it counts and a second thing worth knowing."""
    return rx.el.div(
        rx.el.span(label, class_name="lu-stat__label"),
        rx.el.strong(value, class_name="lu-stat__value", data_testid=test_id),
        rx.el.span(note, class_name="lu-stat__note"),
        class_name="lu-card lu-stat",
    )


def table(
    headings: Sequence[tuple[Any, str]], rows: Any, *, label: Any, test_id: str = ""
) -> rx.Component:
    """A table; headings come with the class of their column. Stacks on phones."""
    head = [rx.el.th(text, scope="col", class_name=name) for text, name in headings]
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*head)),
            rx.el.tbody(rows),
            aria_label=label,
            class_name="lu-table lu-table--stack",
            data_testid=test_id,
        ),
        class_name="lu-table-wrap",
    )
