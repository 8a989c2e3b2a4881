"""Buttons, and links that look like them."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from llm_ui.reflex_internals import router_link

Look = Literal["primary", "plain", "ghost", "danger"]
TestId = str


def classes(*names: str) -> str:
    """Class names in one string, empty ones left out."""
    return " ".join(name for name in names if name)


def icon(name: str, size: int = 18, **props: Any) -> rx.Component:
    """A Lucide icon that screen readers skip."""
    attrs = {"aria-hidden": "true"}
    return rx.icon(name, size=size, class_name="lu-icon", custom_attrs=attrs, **props)


def button(
    *children: Any,
    look: Look = "plain",
    small: bool = False,
    wide: bool = False,
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A button with text."""
    names = classes(
        "lu-button",
        f"lu-button--{look}",
        "lu-button--small" if small else "",
        "lu-button--wide" if wide else "",
        class_name,
    )
    props.setdefault("type", "button")
    return rx.el.button(*children, class_name=names, **props)


def link_button(*children: Any, href: Any, look: Look = "plain", **props: Any) -> rx.Component:
    """A link that looks like a button and stays within the app."""
    names = classes("lu-button", f"lu-button--{look}", props.pop("class_name", ""))
    return router_link(*children, to=href, class_name=names, **props)


def link(*children: Any, href: Any, **props: Any) -> rx.Component:
    """A link within the app: no reload."""
    return router_link(*children, to=href, **props)


def icon_button(
    name: str, label: Any, *, small: bool = False, class_name: str = "", **props: Any
) -> rx.Component:
    """A button that shows an icon; its label is read out and shown as a tooltip."""
    names = classes("lu-icon-button", "lu-icon-button--small" if small else "", class_name)
    props.setdefault("type", "button")
    return rx.el.button(
        icon(name, 16 if small else 18), aria_label=label, data_tip=label, class_name=names, **props
    )


def action(words: Any, on_click: Any, test_id: str, *, icon_name: str = "", **props: Any) -> Any:
    """A small button for a single action."""
    shown = [icon(icon_name, 16)] if icon_name else []
    return button(*shown, words, small=True, on_click=on_click, data_testid=test_id, **props)


def icon_action(name: str, label: Any, on_click: Any, test_id: str, **props: Any) -> rx.Component:
    """A small icon button for a single action."""
    return icon_button(name, label, small=True, on_click=on_click, data_testid=test_id, **props)


def wide_only(words: Any) -> rx.Component:
    """Text hidden on phones: the button that contains it has it as its label."""
    return rx.el.span(words, class_name="lu-wide-only")


def unseen(words: Any) -> rx.Component:
    """Text for screen readers only."""
    return rx.el.span(words, class_name="lu-sr")
