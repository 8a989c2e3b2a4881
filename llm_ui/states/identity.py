"""Whose state a tab's is. Written by the guard alone."""

from __future__ import annotations

import reflex as rx


class IdentityState(rx.State):
    """None: nobody's yet; "": a visitor's; otherwise a user's id."""

    _owner: str | None = None
