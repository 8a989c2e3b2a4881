"""Menus: native popovers with arrow keys, which become sheets on phones (behave.js)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.ui.buttons import classes, icon, icon_button


def opens(menu_id: str) -> dict[str, Any]:
    """The attributes of a button that opens a menu."""
    return {"popoverTarget": menu_id, "aria-haspopup": "menu", "aria-expanded": "false"}


def menu(menu_id: str, *children: Any, label: Any, class_name: str = "", **props: Any) -> Any:
    """A menu; `opens(menu_id)` on a button opens it. If it contains a field, set role="dialog"."""
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
    """A menu item."""
    names = classes("lu-menu__item", "lu-menu__item--danger" if danger else "")
    props.setdefault("role", "menuitem")
    shown = icon(icon_name, 16) if icon_name else None
    return rx.el.button(shown, *children, type="button", class_name=names, **props)


def menu_heading(text: Any) -> rx.Component:
    """A heading above a group of items."""
    return rx.el.div(text, class_name="lu-menu__heading")


def menu_line() -> rx.Component:
    """A separator between groups."""
    return rx.el.div(role="separator", class_name="lu-menu__line")


def row_menu_button(
    menu_id: str, label: Any, *, id: Any, title: Any, flags: Any, test_id: str
) -> rx.Component:
    """A button that opens the shared menu of a list for one row; items whose `unless` is one of the
    row's `flags` are hidden."""
    target = {"data-id": id, "data-title": title, "data-flags": flags}
    return icon_button(
        "ellipsis",
        label,
        small=True,
        custom_attrs={**opens(menu_id), **target},
        data_testid=test_id,
    )


def row_menu_item(
    icon_name: str,
    words: Any,
    on_click: Any,
    test_id: str,
    *,
    unless: str = "",
    danger: bool = False,
) -> rx.Component:
    """An item that acts on the row whose menu was opened."""
    return menu_item(
        words,
        icon_name=icon_name,
        danger=danger,
        on_click=on_click,
        custom_attrs={"data-unless": unless} if unless else {},
        data_testid=test_id,
    )


def menu_target(part: str) -> rx.Var[str]:
    """`id` or `title` of the target whose menu was opened last, read when an event fires."""
    return rx.Var(f"window.lu.target.{part}").to(str)
