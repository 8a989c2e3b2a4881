"""The admin pages."""

from __future__ import annotations

import reflex as rx

from llm_ui.pages.admin import (
    api_keys,
    audit_log,
    dashboard,
    jobs,
    media,
    models,
    performance,
    providers,
    usage,
    users,
)

PAGES = (dashboard, providers, models, media, users, api_keys, usage, performance, jobs, audit_log)


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    for page in PAGES:
        page.register(app)
