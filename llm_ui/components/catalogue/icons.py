"""Selectable icons of models and their types."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.services.catalogue.model_checks import ICONS


def model_icon(name: rx.Var[str], size: int = 18) -> rx.Component:
    """One of ICONS, by name."""
    return rx.match(name, *[(each, ui.icon(each, size)) for each in ICONS], ui.icon(ICONS[0], size))


def icon_choice(name: str, chosen: Any, *, none: Any, test_id: str = "") -> rx.Component:
    """A row of radio buttons to choose one of ICONS, or no custom icon.

    Args:
        name: the field's name.
        none: the label for no icon.
    """

    def one(value: str, label: Any, face: Any) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio",
                name=name,
                value=value,
                default_checked=chosen == value,
                aria_label=label,
                class_name="lu-icons__input",
                data_testid=f"{test_id}-{value}",
            ),
            rx.el.span(face, class_name="lu-icons__face"),
            data_tip=label,
        )

    icons = [one(each, t(f"icon.{each.replace('-', '_')}"), ui.icon(each, 18)) for each in ICONS]
    return rx.el.fieldset(
        rx.el.legend(t("projects.icon"), class_name="lu-field__label"),
        rx.el.div(one("", none, ui.icon("ban", 18)), *icons, class_name="lu-icons__row"),
        class_name="lu-icons lu-icons--tight",
    )
