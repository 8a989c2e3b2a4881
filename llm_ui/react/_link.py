"""Puts JavaScript that lies beside a Python module where Reflex's build finds it."""

from __future__ import annotations

import reflex as rx


def link(*names: str) -> dict[str, str]:
    """Link the files beside the calling module; answers how each is imported.

    Each package keeps its folder's name below the app's external assets, so that
    the files import one another by the same relative paths as here.
    """
    found: dict[str, str] = {}
    for name in names:
        # A loop, not a comprehension: before Python 3.12 that would be a frame more.
        found[name] = rx.asset(name, shared=True, _stack_level=2).importable_path
    return found
