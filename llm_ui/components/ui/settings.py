"""Primitives for settings pages: rows, selects, switches, longer texts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.ui import dialogs
from llm_ui.components.ui.buttons import classes
from llm_ui.components.ui.tables import card

dialog = dialogs.dialog


def setting(title: Any, text: Any, *control: Any, **props: Any) -> rx.Component:
    """A row: title and description, with the control at its end."""
    words = rx.el.div(
        rx.el.div(title, class_name="lu-setting__title"),
        rx.el.p(text, class_name="lu-setting__text") if text is not None else None,
        class_name="lu-setting__words",
    )
    return rx.el.div(
        words,
        rx.el.div(*control, class_name="lu-setting__control"),
        class_name="lu-setting",
        **props,
    )


def choice(options: Any, *, label: Any, **props: Any) -> rx.Component:
    """A native select; `options` are rx.el.option."""
    names = classes("lu-input lu-choice", props.pop("class_name", ""))
    return rx.el.select(options, aria_label=label, class_name=names, **props)


def switch(label: Any, on: rx.Var[bool], **props: Any) -> rx.Component:
    """A switch that takes effect immediately."""
    attrs = {"aria-checked": rx.cond(on, "true", "false")}
    return rx.el.button(
        rx.el.span(class_name="lu-switch__knob"),
        type="button",
        role="switch",
        aria_label=label,
        class_name="lu-switch",
        custom_attrs=attrs,
        **props,
    )


def tick(label: Any, name: str, **props: Any) -> rx.Component:
    """A checkbox in a form."""
    box = rx.el.input(type="checkbox", id=name, name=name, class_name="lu-tick__box", **props)
    return rx.el.div(box, rx.el.label(label, html_for=name), class_name="lu-tick")


def trouble(text: rx.Var[str], test_id: str = "") -> rx.Component:
    """The error message of a form, inside the form."""
    return rx.el.div(
        rx.cond(text != "", rx.el.p(text, class_name="lu-trouble")),
        role="alert",
        data_testid=test_id,
    )


def section(title: Any, *children: Any, text: Any = None, **props: Any) -> rx.Component:
    """A card whose content is a padded column."""
    intro = rx.el.p(text, class_name="lu-quiet") if text is not None else None
    inner = rx.el.div(intro, *children, class_name="lu-section")
    return card(inner, title=title, **props)
