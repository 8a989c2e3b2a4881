"""The account at the foot of the sidebar: colours, language, administration, sign out."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.style import LiteralColorMode, set_color_mode

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.react import sign_out_button
from llm_ui.states.auth import AuthState

MENU = "user-menu"
# The mode that was chosen ("system" among them), not the one that it comes down to.
_CHOSEN = rx.style.color_mode
_LANGUAGES = {"en": "English", "de": "Deutsch"}


def _choice(label: Any, checked: rx.Var[bool], test_id: str, **props: Any) -> rx.Component:
    state = {"aria-checked": rx.cond(checked, "true", "false")}
    return rx.el.button(
        label,
        type="button",
        role="menuitemradio",
        class_name="lu-segment__item",
        custom_attrs=state,
        data_testid=test_id,
        **props,
    )


def _theme(mode: LiteralColorMode, icon_name: str) -> rx.Component:
    label = {"system": "user.theme_system", "light": "user.theme_light", "dark": "user.theme_dark"}
    return _choice(
        rx.fragment(ui.icon(icon_name, 16), t(label[mode])),
        mode == _CHOSEN,
        f"theme-{mode}",
        on_click=set_color_mode(mode),
    )


def _themes() -> rx.Component:
    return rx.el.div(
        _theme("system", "monitor"),
        _theme("light", "sun"),
        _theme("dark", "moon"),
        role="group",
        aria_label=t("user.theme"),
        class_name="lu-segment",
    )


def _language(tag: str) -> rx.Component:
    return _choice(
        _LANGUAGES[tag],
        t("app.language") == tag,
        f"language-{tag}",
        lang=tag,
        on_click=rx.run_script(f"window.lu.language('{tag}')"),
    )


def _languages() -> rx.Component:
    return rx.el.div(
        *[_language(tag) for tag in _LANGUAGES],
        role="group",
        aria_label=t("user.language"),
        class_name="lu-segment",
    )


def _admin_link() -> rx.Component:
    return rx.cond(
        AuthState.is_admin,
        ui.link(
            ui.icon("gauge", 16),
            t("user.admin"),
            href="/admin",
            role="menuitem",
            class_name="lu-menu__item",
            data_testid="admin-link",
        ),
    )


def _menu() -> rx.Component:
    return ui.menu(
        MENU,
        rx.el.div(AuthState.email, class_name="lu-menu__heading lu-truncate"),
        ui.menu_line(),
        ui.menu_heading(t("user.theme")),
        _themes(),
        ui.menu_heading(t("user.language")),
        _languages(),
        ui.menu_line(),
        _admin_link(),
        sign_out_button(t("user.sign_out")),
        label=t("user.menu", name=AuthState.username),
        class_name="lu-user-menu",
    )


def user_menu() -> rx.Component:
    """The button with the person's name, and its menu."""
    initial = rx.el.span(
        AuthState.username[:1].upper(), class_name="lu-avatar", custom_attrs={"aria-hidden": "true"}
    )
    return rx.fragment(
        rx.el.button(
            initial,
            rx.el.span(AuthState.username, class_name="lu-truncate lu-user__name"),
            ui.icon("chevrons-up-down", 16),
            type="button",
            class_name="lu-user",
            title=t("user.menu", name=AuthState.username),
            data_testid="user-menu",
            custom_attrs=ui.opens(MENU),
        ),
        _menu(),
    )
