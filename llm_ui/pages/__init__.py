"""All pages, in groups that know nothing of one another.

`register(app)` adds them; `app_options()` is what rx.App needs for their look.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import overlays
from llm_ui.pages import (
    account,
    admin,
    auth,
    chat,
    client,
    files,
    history,
    projects,
    prompts,
    usage,
)
from llm_ui.react import STYLESHEET

STYLES = (
    "tokens.css",
    "base.css",
    "ui.css",
    "data.css",
    "news.css",
    "shell.css",
    "sidebar.css",
    "chat.css",
    "modes.css",
    "branches.css",
    "start.css",
    "pages.css",
    "own.css",
    "figures.css",
    "finding.css",
    "lists.css",
    "projects.css",
    "files.css",
    "admin.css",
    "jobs.css",
    "people.css",
    "providers.css",
    "models.css",
    "images.css",
    "media.css",
)


def register(app: rx.App) -> None:
    """Add every page to the app."""
    for group in (client, auth, chat, projects, history, prompts, files, account, usage, admin):
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
        "stylesheets": [*(f"/{name}" for name in STYLES), STYLESHEET],
        "head_components": _head(),
        "html_lang": "en",
        "html_custom_attrs": {"suppressHydrationWarning": True},
        "toaster": overlays.toaster(),
        "app_wraps": {
            (55, "ErrorBoundary"): overlays.error_boundary,
            (5, "Overlay"): overlays.overlay,
        },
    }
