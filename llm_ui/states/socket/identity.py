"""The owner of a tab's state. Only the guard writes it."""

from __future__ import annotations

import reflex as rx


class IdentityState(rx.State):
    """None: no owner yet; "": a visitor; otherwise a user's ID."""

    _owner: str | None = None
