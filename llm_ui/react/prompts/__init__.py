"""Prompts in the browser: the field they are written in, and "/" in the composer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link("area.jsx", "slash.jsx", "variables.js")


class PromptArea(rx.Component):
    """A field for a prompt's text, with the {{variables}} that stand in it below.

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
    """Stands in a form with a textarea: "/" at the textarea's start offers the prompts.

    Labels: title, empty, manage, variables_title, insert, cancel, failed.
    """

    library = _FILES["slash.jsx"]
    tag = "Slash"

    labels: rx.Var[dict[str, Any]]


def prompt_area(**props: Any) -> rx.Component:
    """The field of a prompt's text."""
    return PromptArea.create(**props)


def slash_menu(labels: dict[str, Any]) -> rx.Component:
    """The prompts behind "/"; a child of the composer."""
    return Slash.create(labels=labels)
