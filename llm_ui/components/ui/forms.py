"""Form fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.components.ui.buttons import icon


def _labelled(label: Any, name: str, hint: Any, control: Any, **props: Any) -> rx.Component:
    hint_id = f"{name}-hint"
    attrs = {"aria-describedby": hint_id} if hint is not None else {}
    return rx.el.div(
        rx.el.label(label, html_for=name, class_name="lu-field__label"),
        control(id=name, name=name, custom_attrs=attrs, **props),
        rx.el.p(hint, id=hint_id, class_name="lu-field__hint") if hint is not None else None,
        class_name="lu-field",
    )


def field(label: Any, name: str, *, hint: Any = None, **props: Any) -> rx.Component:
    """An input with a label and an associated hint."""
    return _labelled(label, name, hint, rx.el.input, class_name="lu-input", **props)


def text_field(label: Any, name: str, *, hint: Any = None, **props: Any) -> rx.Component:
    """A text area with a label and an associated hint."""
    props.setdefault("class_name", "lu-input lu-area")
    return _labelled(label, name, hint, rx.el.textarea, **props)


def select_field(
    label: Any, name: str, *options: Any, hint: Any = None, **props: Any
) -> rx.Component:
    """A select with a label; `options` are rx.el.option."""

    def control(**given: Any) -> rx.Component:
        return rx.el.select(*options, class_name="lu-input lu-select", **given)

    return _labelled(label, name, hint, control, **props)


def options(prefix: str, values: Iterable[str], *, any_of: str = "") -> list[rx.Component]:
    """The options of a select, labeled by the text `prefix` + value, preceded by an empty one if
    `any_of` has the key of its label."""
    first = [rx.el.option(t(any_of), value="")] if any_of else []
    return first + [rx.el.option(t(f"{prefix}{each}"), value=each) for each in values]


def fields(*each: Any) -> rx.Component:
    """The fields of a form, stacked."""
    return rx.el.div(*each, class_name="lu-fields")


def halves(*each: Any) -> rx.Component:
    """Two fields side by side, if there is room."""
    return rx.el.div(*each, class_name="lu-halves")


def more(summary: Any, *each: Any, is_open: Any, test_id: str) -> rx.Component:
    """The less common fields of a form, collapsed by default."""
    return rx.el.details(
        rx.el.summary(icon("chevron-right", 16), summary, data_testid=test_id),
        fields(*each),
        open=is_open,
        class_name="lu-more",
    )


class Fields:
    """The fields of one form. Their names are prefixed with the name of the form, which
    distinguishes the forms of a page, and also serve as test IDs. The field with an error is
    marked."""

    def __init__(self, form: str, refused: rx.Var[str] | None = None, **props: Any) -> None:
        """`refused` is the name of the field with an error; `props` apply to each field."""
        self._form, self._refused, self._props = form, refused, props

    def _given(self, name: str, value: Any, props: dict[str, Any]) -> dict[str, Any]:
        full = f"{self._form}-{name}"
        given = {"data_testid": full, **self._props, **props}
        if value is not None:
            given["default_value"] = value
        if self._refused is not None:
            given["aria_invalid"] = rx.cond(self._refused == name, "true", "false")
        return {"name": full, **given}

    def line(self, name: str, label: Any, value: Any = None, **props: Any) -> rx.Component:
        """A single-line field, with its initial value."""
        return field(label, **self._given(name, value, {"auto_complete": "off", **props}))

    def text(self, name: str, label: Any, value: Any = None, **props: Any) -> rx.Component:
        """A multi-line field."""
        given = {"class_name": "lu-input lu-writing", **props}
        return text_field(label, **self._given(name, value, given))

    def choice(self, name: str, label: Any, among: Any, value: Any = None, **props: Any) -> Any:
        """A select."""
        given = self._given(name, value, props)
        return select_field(label, given.pop("name"), *among, **given)


def fields_of(form_id: str) -> rx.Var[str]:
    """A form's fields as one JSON object, read when an event fires. A prefix (a word and a dash) is
    removed from their names: names also serve as element IDs, and a page may have several forms."""
    return rx.Var(f"window.lu.fields('{form_id}')").to(str)


def values_of(handler: Any, *names: str) -> Callable[[rx.Var[Any]], Any]:
    """Passes a form's fields to a handler, each as an argument."""
    return lambda data: handler(*[data.to(dict[str, str])[name] for name in names])
