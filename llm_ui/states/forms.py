"""Forms: the data that a page submits, and the errors that are shown in the form.

In a state with several forms, their vars share a prefix, here `type_` for example: `type_problem`
is the error message, `type_field` the field it is about, and `type_number` counts how often the
form was opened, so that its fields are created from scratch each time. A form has only the vars it
needs.
"""

from __future__ import annotations

import orjson
import reflex as rx
from reflex.event import Event

from llm_ui.errors import AppError, InvalidInput
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.socket.feedback import words_of

FORM_LIMIT = 100_000


def texts_of(form: str) -> dict[str, str]:
    """The fields of a form by name. Unchecked boxes are missing.

    Raises:
        InvalidInput: it isn't a form.
    """
    try:
        fields = orjson.loads(form) if len(form) <= FORM_LIMIT else None
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict) or not all(isinstance(each, str) for each in fields.values()):
        raise InvalidInput("error.request_invalid", field="form")
    return fields


def open_form(state: rx.State, form: str, dialog: str) -> Event:
    """Open a form's dialog, with fresh fields and no errors."""
    number = f"{form}number"
    setattr(state, number, getattr(state, number) + 1)
    accept(state, form)
    return browser.show(dialog)


def accept(state: rx.State, form: str) -> None:
    """Clear a form's error."""
    setattr(state, f"{form}problem", "")
    if f"{form}field" in state.vars:
        setattr(state, f"{form}field", "")


def refuse(state: rx.State, form: str, error: AppError) -> Reply:
    """Show an error in the form, and focus the field it is about, if any."""
    setattr(state, f"{form}problem", words_of(error))
    if f"{form}field" not in state.vars:
        return None
    field = error.field if isinstance(error, InvalidInput) else ""
    setattr(state, f"{form}field", field or "")
    return browser.to_the_wrong_field()
