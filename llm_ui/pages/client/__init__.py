"""The pages for all signed-in users, and the 404 page."""

from __future__ import annotations

import reflex as rx

from llm_ui.pages.client import account, chats, files, home, own_usage, projects, prompts

PAGES = (home, projects, chats, prompts, files, account, own_usage)


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    for page in PAGES:
        page.register(app)
