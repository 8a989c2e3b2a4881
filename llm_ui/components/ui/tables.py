"""Display primitives: badges, cards, statistics, tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.components.ui.buttons import button, classes, unseen


def badge(text: Any, tone: Any = "", **props: Any) -> rx.Component:
    """A short status in color: tone is ok, warn, danger or empty, or a Var of these."""
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
    """A number with its label and a secondary note."""
    return rx.el.div(
        rx.el.span(label, class_name="lu-stat__label"),
        rx.el.strong(value, class_name="lu-stat__value", data_testid=test_id),
        rx.el.span(note, class_name="lu-stat__note"),
        class_name="lu-card lu-stat",
    )


def table(
    headings: Sequence[tuple[Any, str]], rows: Any, *, label: Any, test_id: str = ""
) -> rx.Component:
    """A table; each heading comes with its column's class. Rows are stacked on phones."""
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


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `cell` returns a row's content: a component, text, or several of these. `css` are the cells'
    classes, or a function of the row. Columns of numbers are right-aligned; a heading that is
    `unseen` is for screen readers only.
    """

    heading: Any
    cell: Callable[[Any], Any]
    css: str | Callable[[Any], Any] = ""
    number: bool = False
    unseen: bool = False
    test_id: str = ""

    def head(self) -> tuple[Any, str]:
        """The heading and its class."""
        shown = unseen(self.heading) if self.unseen else self.heading
        return shown, "lu-table__num" if self.number else ""

    def of(self, row: Any) -> rx.Component:
        """The cell of a row."""
        shown = self.cell(row)
        names = self.css(row) if callable(self.css) else self.css
        if self.number:
            names = classes("lu-table__num", names)
        given = {"data_testid": self.test_id} if self.test_id else {}
        if not isinstance(names, str) or names:
            given["class_name"] = names
        return rx.el.td(*(shown if isinstance(shown, tuple) else (shown,)), **given)


def data_table(
    rows: rx.Var[list[Any]],
    columns: Sequence[Column],
    *,
    label: Any,
    key: str | Callable[[Any], Any] = "id",
    test_id: str = "",
    row_id: str = "",
) -> rx.Component:
    """A table of columns. `key` is the field that identifies a row, or a function of the row;
    `row_id` is the rows' test ID."""

    def line(row: Any) -> rx.Component:
        cells = [column.of(row) for column in columns]
        name = key(row) if callable(key) else getattr(row, key)
        return rx.el.tr(*cells, key=name, data_testid=row_id)

    heads = [column.head() for column in columns]
    return table(heads, rx.foreach(rows, line), label=label, test_id=test_id)


def named(name: Any, detail: Any) -> tuple[rx.Component, rx.Component]:
    """A row's name, with a smaller detail below it: the content of a cell."""
    shown = rx.el.span(name, class_name="lu-table__name")
    return shown, rx.el.span(detail, class_name="lu-table__detail")


def card_more(has_more: Any, on_click: Any, test_id: str) -> rx.Component:
    """The button that loads the next page of a list in a card, while there is one."""
    more = button(t("audit.more"), on_click=on_click, data_testid=test_id)
    return rx.cond(has_more, rx.el.div(more, class_name="lu-card__more"))
