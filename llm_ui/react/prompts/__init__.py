"""Prompts in the browser: the text field, and "/" in the composer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link("area.jsx", "slash.jsx", "variables.js")


class PromptArea(rx.Component):
    """A field for a prompt's text, with the {{variables}} found in it below.

    Labels: label, hint, variables.
    """

    library = _FILES["area.jsx"]
    tag = "PromptArea"

    name: rx.Var[str]
    value: rx.Var[str]
    max_chars: rx.Var[int]
    read_only: rx.Var[bool]
    labels: rx.Var[dict[str, Any]]


class Slash(rx.Component):
    """Offers the prompts when "/" is typed at the start of its form's textarea.

    Labels: title, empty, manage, variables_title, insert, cancel, failed.
    """

    library = _FILES["slash.jsx"]
    tag = "Slash"

    labels: rx.Var[dict[str, Any]]


def prompt_area(**props: Any) -> rx.Component:
    """The field for a prompt's text."""
    return PromptArea.create(**props)


def slash_menu(labels: dict[str, Any]) -> rx.Component:
    """The prompt menu opened by "/"; a child of the composer."""
    return Slash.create(labels=labels)
