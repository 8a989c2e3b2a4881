"""Dialogs: native ones, so that focus stays inside and Escape closes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from llm_ui.components.text import t
from llm_ui.components.ui.buttons import button, classes
from llm_ui.components.ui.forms import fields_of


def open_dialog(dialog_id: str) -> EventSpec:
    """Open a dialog from an event, with its form reset."""
    return rx.run_script(f"window.lu.show('{dialog_id}')")


def edit_dialog(dialog_id: str) -> EventSpec:
    """Open a dialog from an event, with the title of the menu's target in its first field."""
    return rx.run_script(f"window.lu.edit('{dialog_id}')")


def close_dialog(dialog_id: str) -> EventSpec:
    """Close a dialog from an event."""
    return rx.run_script(f"window.lu.shut('{dialog_id}')")


def dialog(
    dialog_id: str, *children: Any, title: Any, wide: bool = False, test_id: str = ""
) -> rx.Component:
    """A dialog with a heading."""
    return rx.el.dialog(
        rx.el.h2(title, id=f"{dialog_id}-title", class_name="lu-dialog__title"),
        *children,
        id=dialog_id,
        class_name=classes("lu-dialog", "lu-dialog--wide" if wide else ""),
        custom_attrs={"aria-labelledby": f"{dialog_id}-title"},
        data_testid=test_id,
    )


def dialog_text(*words: Any) -> rx.Component:
    """A short explanation in a dialog."""
    return rx.el.p(*words, class_name="lu-dialog__text")


def actions(*buttons: Any, aside: bool = False) -> rx.Component:
    """The buttons at the end of a dialog; with `aside`, one is set apart (lu-dialog__aside)."""
    more = "lu-dialog__actions--aside" if aside else ""
    return rx.el.div(*buttons, class_name=classes("lu-dialog__actions", more))


def cancel_button(dialog_id: str) -> rx.Component:
    """Closes a dialog without doing anything."""
    return button(t("common.cancel"), on_click=close_dialog(dialog_id))


def submit_button(label: Any, test_id: str, *, danger: bool = False) -> rx.Component:
    """Submits a form."""
    return button(label, look="danger" if danger else "primary", type="submit", data_testid=test_id)


def confirm(
    dialog_id: str,
    text: Any,
    *,
    title: Any,
    yes: Any,
    on_yes: Any,
    disabled: Any = None,
    test_id: str = "",
    yes_id: str = "",
) -> rx.Component:
    """A confirmation before something that can't be undone.

    Args:
        text: the consequences; custom paragraphs are used as they are.
        yes: the label of the button, which names the action.
        disabled: disables the button while true.
        yes_id: the button's test ID; defaults to the dialog's with "-yes".
    """
    given: dict[str, Any] = {"data_testid": yes_id or f"{test_id}-yes"}
    if disabled is not None:
        given["disabled"] = disabled
    act = button(yes, look="danger", on_click=on_yes, **given)
    about = text if isinstance(text, rx.Component) else dialog_text(text)
    return dialog(
        dialog_id, about, actions(cancel_button(dialog_id), act), title=title, test_id=test_id
    )


def form(
    *content: Any,
    buttons: Sequence[Any],
    on_submit: Any,
    problem: Any = None,
    form_id: str = "",
    number: rx.Var[int] | None = None,
    aside: bool = True,
) -> rx.Component:
    """A form that fills a dialog, with buttons at its end.

    Args:
        on_submit: the handler of the form's data; with a `form_id`, it takes all fields as one JSON
            object (`fields_of`).
        problem: the error, kept in view with the buttons when a long form is scrolled.
        number: changes each time the form is opened, to recreate its fields.
        aside: whether one of the buttons is placed apart from the others.
    """
    end = actions(*buttons, aside=aside)
    if problem is not None:
        end = rx.el.div(problem, end, class_name="lu-dialog__foot")
    given: dict[str, Any] = {"on_submit": on_submit}
    if form_id:
        given = {"id": form_id, "on_submit": lambda _: on_submit(fields_of(form_id))}
    if number is not None:
        given["key"] = number.to_string()
    return rx.el.form(*content, end, **given)


def form_dialog(
    dialog_id: str,
    *content: Any,
    title: Any,
    submit: Any = None,
    submit_id: str = "",
    danger: bool = False,
    before: Sequence[Any] = (),
    wide: bool = False,
    test_id: str = "",
    **props: Any,
) -> rx.Component:
    """A dialog around a form.

    Args:
        submit: the label of the submit button; defaults to "Save".
        submit_id: the test ID of that button; defaults to the dialog's with "-submit".
        before: content above the form.
        props: props of the `form`.
    """
    words = t("common.save") if submit is None else submit
    send = submit_button(words, submit_id or f"{test_id}-submit", danger=danger)
    filled = form(*content, buttons=(cancel_button(dialog_id), send), aside=False, **props)
    return dialog(dialog_id, *before, filled, title=title, wide=wide, test_id=test_id)
