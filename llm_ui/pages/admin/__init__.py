"""The administrator's pages."""

from __future__ import annotations

import reflex as rx

from llm_ui.pages.admin import (
    dashboard,
    jobs,
    keys,
    log,
    media,
    models,
    people,
    performance,
    providers,
    usage,
)

PAGES = (dashboard, providers, models, media, people, keys, usage, performance, jobs, log)


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    for page in PAGES:
        page.register(app)
