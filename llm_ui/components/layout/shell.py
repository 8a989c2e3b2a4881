"""The shell of every signed-in page: sidebar and top bar around the page's content."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t


def top_bar(*children: Any) -> rx.Component:
    """The top bar, with the buttons that bring the sidebar back."""
    return rx.el.header(
        ui.icon_button(
            "menu",
            t("sidebar.show"),
            class_name="lu-bar__drawer",
            custom_attrs={"data-lu": "drawer", "aria-controls": "sidebar"},
            data_testid="open-drawer",
        ),
        ui.icon_button(
            "panel-left-open",
            t("sidebar.show"),
            class_name="lu-bar__side",
            custom_attrs={"data-lu": "side-open", "aria-controls": "sidebar"},
            data_testid="show-sidebar",
        ),
        *children,
        class_name="lu-bar",
    )


def shell(sidebar: rx.Component, *main: Any) -> rx.Component:
    """Sidebar and page, side by side."""
    return rx.el.div(
        # A router link would change the address without moving the focus.
        rx.el.a(
            t("app.skip"),
            href="#main",
            class_name="lu-skip",
            custom_attrs={"reloadDocument": True, "data-lu": "skip"},
        ),
        sidebar,
        rx.el.main(*main, id="main", class_name="lu-main", tab_index=-1),
        class_name="lu-shell",
    )
