"""Primitives for pages where something is set: rows, choices, switches, longer texts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.ui.buttons import button, classes
from llm_ui.components.ui.data import card


def setting(title: Any, text: Any, *control: Any, **props: Any) -> rx.Component:
    """A row: what it is and what it does, and the control at its end."""
    words = rx.el.div(
        rx.el.div(title, class_name="lu-setting__title"),
        rx.el.p(text, class_name="lu-setting__text") if text is not None else None,
        class_name="lu-setting__words",
    )
    return rx.el.div(
        words, rx.el.div(*control, class_name="lu-setting__control"), class_name="lu-setting",
        **props,
    )  # fmt: skip


def choice(options: Any, *, label: Any, **props: Any) -> rx.Component:
    """A native choice of one; `options` are rx.el.option."""
    names = classes("lu-input lu-choice", props.pop("class_name", ""))
    return rx.el.select(options, aria_label=label, class_name=names, **props)


def switch(label: Any, on: rx.Var[bool], **props: Any) -> rx.Component:
    """Something that is on or off, at once."""
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
    """A box in a form that is ticked or not."""
    box = rx.el.input(type="checkbox", id=name, name=name, class_name="lu-tick__box", **props)
    return rx.el.div(box, rx.el.label(label, html_for=name), class_name="lu-tick")


def trouble(text: rx.Var[str], when: Any = True, test_id: str = "") -> rx.Component:
    """What is wrong with a form, in the form."""
    return rx.el.div(
        rx.cond(when & (text != ""), rx.el.p(text, class_name="lu-trouble")),
        role="alert",
        data_testid=test_id,
    )


def section(title: Any, *children: Any, text: Any = None, **props: Any) -> rx.Component:
    """A card whose content stands in a column with room around it."""
    intro = rx.el.p(text, class_name="lu-section__text") if text is not None else None
    inner = rx.el.div(intro, *children, class_name="lu-section")
    return card(inner, title=title, **props)


def dialog(
    dialog_id: str, *children: Any, title: Any, wide: bool = False, test_id: str = ""
) -> rx.Component:
    """A native dialog with a heading: focus stays within, Escape closes it."""
    return rx.el.dialog(
        rx.el.h2(title, id=f"{dialog_id}-title", class_name="lu-dialog__title"),
        *children,
        id=dialog_id,
        class_name=classes("lu-dialog", "lu-dialog--wide" if wide else ""),
        custom_attrs={"aria-labelledby": f"{dialog_id}-title"},
        data_testid=test_id,
    )


def confirm(
    dialog_id: str,
    text: Any,
    *,
    title: Any,
    yes: Any,
    no: Any,
    on_yes: Any,
    test_id: str = "",
) -> rx.Component:
    """Asks once before something goes for good."""
    shut = rx.run_script(f"document.getElementById('{dialog_id}').close()")
    return dialog(
        dialog_id,
        rx.el.p(text, class_name="lu-dialog__text"),
        rx.el.div(
            button(no, on_click=shut),
            button(yes, look="danger", on_click=on_yes, data_testid=f"{test_id}-yes"),
            class_name="lu-dialog__actions",
        ),
        title=title,
        test_id=test_id,
    )
