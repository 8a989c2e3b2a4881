"""All pages, in independent groups.

`register(app)` adds them; `app_options()` is what rx.App needs for their appearance.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.layout import overlays
from llm_ui.i18n import DEFAULT_LANGUAGE, LANGUAGES
from llm_ui.pages import admin, auth, chat, client

# Imports all other stylesheets, in order.
STYLESHEET = "/styles/index.css"


def register(app: rx.App) -> None:
    """Add every page to the app."""
    for group in (client, auth, chat, admin):
        group.register(app)


def _head() -> list[rx.Component]:
    return [
        rx.el.script(src=rx.asset("boot.js")),
        rx.el.link(rel="icon", type="image/svg+xml", href=rx.asset("favicon.svg")),
        rx.el.meta(name="theme-color", content="#0b6e5f"),
    ]


def app_options() -> dict[str, Any]:
    """Keyword arguments for rx.App: styles, head, overlays. No Radix theme."""
    return {
        "stylesheets": [STYLESHEET],
        "head_components": _head(),
        "html_lang": DEFAULT_LANGUAGE,
        "html_custom_attrs": {
            "suppressHydrationWarning": True,
            # boot.js reads the available languages from here.
            "data-languages": " ".join(
                f"{each.code}:{each.direction}" for each in LANGUAGES.values()
            ),
        },
        "toaster": overlays.toaster(),
        "app_wraps": {
            (55, "ErrorBoundary"): overlays.error_boundary,
            (5, "Overlay"): overlays.overlay,
        },
    }
