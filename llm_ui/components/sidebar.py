"""The sidebars, which are drawers on phones: the one of the client pages, with the chats, and the
one of the admin pages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.chats.chat_list import chat_list
from llm_ui.components.chats.palette import palette
from llm_ui.components.layout.brand import brand
from llm_ui.components.layout.user_menu import user_menu
from llm_ui.components.text import t

# Client pages other than the chat: icon, label, address.
PLACES: tuple[tuple[str, Any, str], ...] = (
    ("folder", t("projects.title"), "/projects"),
    ("history", t("organize.title"), "/history"),
    ("notebook-pen", t("prompts.title"), "/prompts"),
    ("files", t("files.title"), "/files"),
    ("chart-column", t("own_usage.title"), "/usage"),
)
# The admin pages: groups of icon, label, address.
OFFICES: tuple[tuple[tuple[str, Any, str], ...], ...] = (
    (("gauge", t("admin.dashboard"), "/admin"),),
    (
        ("server", t("providers.title"), "/admin/providers"),
        ("bot", t("models.title"), "/admin/models"),
        ("image", t("media.title"), "/admin/media"),
    ),
    (
        ("users", t("users.title"), "/admin/people"),
        ("key-round", t("api_keys.title"), "/admin/keys"),
    ),
    (
        ("chart-column", t("own_usage.title"), "/admin/usage"),
        ("activity", t("performance.title"), "/admin/performance"),
    ),
    (
        ("list-checks", t("jobs.title"), "/admin/jobs"),
        ("scroll-text", t("audit.title"), "/admin/log"),
    ),
)


def _head(home: str) -> rx.Component:
    return rx.el.div(
        ui.link(brand(), href=home, class_name="lu-side__home"),
        ui.icon_button(
            "panel-left-close",
            t("sidebar.hide"),
            custom_attrs={"data-lu": "side-shut"},
            data_testid="hide-sidebar",
        ),
        class_name="lu-side__head",
    )


def _sidebar(home: str, *middle: Any) -> rx.Component:
    return rx.fragment(
        rx.el.div(class_name="lu-scrim", custom_attrs={"data-lu": "drawer-shut"}),
        rx.el.aside(
            _head(home),
            *middle,
            rx.el.div(user_menu(), class_name="lu-side__foot"),
            id="sidebar",
            aria_label=t("sidebar.label"),
            class_name="lu-side",
        ),
    )


def client_sidebar(current: str = "") -> rx.Component:
    """New chat, the chats by date, the account; `current` is the page's own place."""
    new = ui.link_button(
        ui.icon("square-pen", 16), t("chat.new"), href="/chat", data_testid="new-chat"
    )
    search = ui.button(
        ui.icon("search", 16),
        rx.el.span(t("palette.open")),
        rx.el.kbd(t("shortcuts.ctrl"), " K", class_name="lu-kbd lu-not-mac"),
        rx.el.kbd("⌘ K", class_name="lu-kbd lu-only-mac"),
        look="ghost",
        class_name="lu-side__search",
        aria_label=t("palette.open"),
        data_testid="search",
        custom_attrs={"data-lu": "palette"},
    )
    places = [
        rx.el.ul(
            *[_entry(*place, place[2] == current) for place in PLACES], class_name="lu-entries"
        )
    ]
    return _sidebar(
        "/chat",
        rx.el.div(new, search, class_name="lu-side__new"),
        rx.el.nav(*places, aria_label=t("sidebar.places"), class_name="lu-side__places"),
        chat_list(),
        palette(),
    )


def _entry(icon_name: str, label: Any, href: str, current: bool = False) -> rx.Component:
    return rx.el.li(
        ui.link(
            ui.icon(icon_name, 16),
            label,
            href=href,
            class_name="lu-entry lu-entry--current" if current else "lu-entry",
            custom_attrs={"aria-current": "page"} if current else {},
        )
    )


def admin_sidebar(current: str) -> rx.Component:
    """The admin pages; `current` is the page's route."""
    groups = [
        rx.el.ul(
            *[_entry(*each, current=each[2] == current) for each in group], class_name="lu-entries"
        )
        for group in OFFICES
    ]
    return _sidebar(
        "/admin",
        rx.el.nav(
            rx.el.h2(t("admin.section"), class_name="lu-chats__heading"),
            *groups,
            rx.el.ul(_entry("arrow-left", t("admin.back"), "/chat"), class_name="lu-entries"),
            aria_label=t("admin.section"),
            class_name="lu-chats",
        ),
    )
