"""Finding things: the window on a long list, the command palette, the shortcuts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link("keys.jsx", "palette.jsx", "parts.jsx", "signs.js", "window.jsx")


class ChatWindow(rx.Component):
    """A list of which only a part is there: `count` rows, its children, from place `start`
    on, of `total`. Its scrolling box is the nearest `.lu-chats`."""

    library = _FILES["window.jsx"]
    tag = "ChatWindow"

    start: rx.Var[int]
    count: rx.Var[int]
    total: rx.Var[int]
    label: rx.Var[str]

    # The reader comes near an end: the place of the first row to show.
    on_window: rx.EventHandler[rx.event.passthrough_event_spec(int)]


class FoundList(rx.Component):
    """Links to the chats of a search, with the words that were looked for marked."""

    library = _FILES["parts.jsx"]
    tag = "FoundList"

    hits: rx.Var[list[Any]]
    untitled: rx.Var[str]
    archived_label: rx.Var[str]


class Palette(rx.Component):
    """The command palette; the event "lu:palette" on the window opens it.

    Commands have `id`, `label`, `icon` (signs.js), `words` to be found by, and `href` or
    `act` with `value`: theme, language, keys, sign-out. `found` is what `on_search` led to.
    """

    library = _FILES["palette.jsx"]
    tag = "Palette"

    commands: rx.Var[list[dict[str, Any]]]
    chats: rx.Var[list[Any]]
    models: rx.Var[list[Any]]
    found: rx.Var[dict[str, Any]]
    labels: rx.Var[dict[str, Any]]

    # (number, query): an answer bears its question's number, later ones have higher ones.
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(int, str)]
    on_model: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class Shortcuts(rx.Component):
    """The shortcuts of every page of the client, and the sheet that shows `rows` of them."""

    library = _FILES["keys.jsx"]
    tag = "Shortcuts"

    labels: rx.Var[dict[str, Any]]
    rows: rx.Var[list[dict[str, Any]]]
