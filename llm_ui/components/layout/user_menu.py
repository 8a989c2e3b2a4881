"""The account menu at the foot of the sidebar: theme, language, administration, sign out."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.style import LiteralColorMode, set_color_mode

from llm_ui.components import ui
from llm_ui.components.text import language, t
from llm_ui.i18n import LANGUAGES, Language
from llm_ui.react import sign_out_button
from llm_ui.states.accounts.account import AccountState
from llm_ui.states.auth_state import AuthState

MENU = "user-menu"
# The selected mode (which may be "system"), not the one it resolves to.
_CHOSEN: rx.Var[str] = rx.style.color_mode


def _choice(label: Any, checked: rx.Var[bool] | bool, test_id: str, **props: Any) -> rx.Component:
    state = {"aria-checked": rx.cond(checked, "true", "false")}
    return rx.el.button(
        label,
        type="button",
        class_name="lu-segment__item",
        custom_attrs=state,
        data_testid=test_id,
        **props,
    )


def _theme(mode: LiteralColorMode, icon_name: str, role: str, prefix: str) -> rx.Component:
    label = {
        "system": "user_menu.theme_system",
        "light": "user_menu.theme_light",
        "dark": "user_menu.theme_dark",
    }
    return _choice(
        rx.fragment(ui.icon(icon_name, 16), t(label[mode])),
        mode == _CHOSEN,
        f"{prefix}theme-{mode}",
        role=role,
        on_click=[set_color_mode(mode), AccountState.keep_theme(mode)],
    )


def _choices(*items: rx.Component, label: Any, role: str) -> rx.Component:
    group = "radiogroup" if role == "radio" else "group"
    return rx.el.div(*items, role=group, aria_label=label, class_name="lu-segment")


def themes(role: str = "menuitemradio", prefix: str = "") -> rx.Component:
    """Light, dark or system theme; `prefix` distinguishes the test IDs from the menu's."""
    return _choices(
        _theme("system", "monitor", role, prefix),
        _theme("light", "sun", role, prefix),
        _theme("dark", "moon", role, prefix),
        label=t("user_menu.theme"),
        role=role,
    )


def _language(each: Language, role: str, prefix: str) -> rx.Component:
    return _choice(
        each.name,
        language() == each.code,
        f"{prefix}language-{each.code}",
        role=role,
        lang=each.code,
        dir=each.direction,
        on_click=AccountState.choose_language(each.code),
    )


def languages(role: str = "menuitemradio", prefix: str = "") -> rx.Component:
    """The available languages; see `themes`."""
    return _choices(
        *[_language(each, role, prefix) for each in LANGUAGES.values()],
        label=t("user_menu.language"),
        role=role,
    )


def _account_link() -> rx.Component:
    return ui.link(
        ui.icon("circle-user", 16),
        t("user_menu.account"),
        href="/account",
        role="menuitem",
        class_name="lu-menu__item",
        data_testid="account-link",
    )


def _admin_link() -> rx.Component:
    return rx.cond(
        AuthState.is_admin,
        ui.link(
            ui.icon("gauge", 16),
            t("user_menu.admin"),
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
        ui.menu_heading(t("user_menu.theme")),
        themes(),
        ui.menu_heading(t("user_menu.language")),
        languages(),
        ui.menu_line(),
        _account_link(),
        _admin_link(),
        sign_out_button(t("user_menu.sign_out")),
        label=t("user_menu.menu", name=AuthState.username),
        class_name="lu-user-menu",
    )


def user_menu() -> rx.Component:
    """The button with the user's name, and its menu."""
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
            aria_label=t("user_menu.menu", name=AuthState.username),
            data_tip=t("user_menu.menu", name=AuthState.username),
            data_testid="user-menu",
            custom_attrs=ui.opens(MENU),
        ),
        _menu(),
    )
