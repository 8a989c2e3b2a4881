"""Menus: native popovers with arrow keys, which become sheets on phones (behave.js)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.ui.buttons import classes, icon


def opens(menu_id: str) -> dict[str, Any]:
    """The attributes of a button that opens a menu."""
    return {"popoverTarget": menu_id, "aria-haspopup": "menu", "aria-expanded": "false"}


def menu(menu_id: str, *children: Any, label: Any, class_name: str = "", **props: Any) -> Any:
    """A menu; `opens(menu_id)` on a button opens it. Give one with a field role="dialog"."""
    props.setdefault("role", "menu")
    return rx.el.div(
        *children,
        id=menu_id,
        aria_label=label,
        class_name=classes("lu-menu", class_name),
        custom_attrs={"popover": "auto"},
        **props,
    )


def menu_item(*children: Any, icon_name: str = "", danger: bool = False, **props: Any) -> Any:
    """One thing to do."""
    names = classes("lu-menu__item", "lu-menu__item--danger" if danger else "")
    props.setdefault("role", "menuitem")
    shown = icon(icon_name, 16) if icon_name else None
    return rx.el.button(shown, *children, type="button", class_name=names, **props)


def menu_heading(text: Any) -> rx.Component:
    """A quiet line above a group of items."""
    return rx.el.div(text, class_name="lu-menu__heading")


def menu_line() -> rx.Component:
    """A line between groups."""
    return rx.el.div(role="separator", class_name="lu-menu__line")
