"""Fields and dialogs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.ui.buttons import button


def field(label: Any, name: str, *, hint: Any = None, **props: Any) -> rx.Component:
    """A labelled input, its hint tied to it."""
    hint_id = f"{name}-hint"
    attrs = {"aria-describedby": hint_id} if hint is not None else {}
    return rx.el.div(
        rx.el.label(label, html_for=name, class_name="lu-field__label"),
        rx.el.input(id=name, name=name, class_name="lu-input", custom_attrs=attrs, **props),
        rx.el.p(hint, id=hint_id, class_name="lu-field__hint") if hint is not None else None,
        class_name="lu-field",
    )


def _labelled(label: Any, name: str, hint: Any, control: Any, **props: Any) -> rx.Component:
    hint_id = f"{name}-hint"
    attrs = {"aria-describedby": hint_id} if hint is not None else {}
    return rx.el.div(
        rx.el.label(label, html_for=name, class_name="lu-field__label"),
        control(id=name, name=name, custom_attrs=attrs, **props),
        rx.el.p(hint, id=hint_id, class_name="lu-field__hint") if hint is not None else None,
        class_name="lu-field",
    )


def text_field(label: Any, name: str, *, hint: Any = None, **props: Any) -> rx.Component:
    """A labelled field of several lines, its hint tied to it."""
    props.setdefault("class_name", "lu-input lu-area")
    return _labelled(label, name, hint, rx.el.textarea, **props)


def select_field(
    label: Any, name: str, *options: Any, hint: Any = None, **props: Any
) -> rx.Component:
    """A labelled choice of one among `options` (rx.el.option)."""

    def control(**given: Any) -> rx.Component:
        return rx.el.select(*options, class_name="lu-input lu-select", **given)

    return _labelled(label, name, hint, control, **props)


def fields_of(form_id: str) -> rx.Var:
    """A form's fields as one JSON object, read when an event fires. Names may begin with a
    word and a dash, which are left out: ids are names, and a page may have several forms."""
    return rx.Var(f"window.lu.fields('{form_id}')").to(str)


def close_dialog(dialog_id: str) -> rx.event.EventSpec:
    """Shut a dialog from an event."""
    return rx.run_script(f"window.lu.shut('{dialog_id}')")


def open_dialog(dialog_id: str) -> rx.event.EventSpec:
    """Open a dialog, its first field filled with the title of the menu's target."""
    return rx.run_script(f"window.lu.open('{dialog_id}')")


def form_dialog(
    dialog_id: str,
    *fields: Any,
    title: Any,
    submit: Any,
    cancel: Any,
    on_submit: Any,
    test_id: str = "",
    danger: bool = False,
) -> rx.Component:
    """A native dialog around a form: focus stays within, Escape closes it."""
    actions = rx.el.div(
        button(cancel, on_click=close_dialog(dialog_id)),
        button(
            submit,
            look="danger" if danger else "primary",
            type="submit",
            data_testid=f"{test_id}-submit",
        ),
        class_name="lu-dialog__actions",
    )
    heading = rx.el.h2(title, id=f"{dialog_id}-title", class_name="lu-dialog__title")
    return rx.el.dialog(
        rx.el.form(heading, *fields, actions, on_submit=on_submit),
        id=dialog_id,
        class_name="lu-dialog",
        custom_attrs={"aria-labelledby": f"{dialog_id}-title"},
        data_testid=test_id,
    )


def menu_target(part: str) -> rx.Var:
    """`id` or `title` of the thing whose menu was opened last, read when an event fires."""
    return rx.Var(f"window.lu.target.{part}").to(str)
