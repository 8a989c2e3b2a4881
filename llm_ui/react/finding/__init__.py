"""Finding things: windowed lists, the command palette, keyboard shortcuts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link("groups.js", "keys.jsx", "palette.jsx", "parts.jsx", "signs.js", "window.jsx")


class ChatWindow(rx.Component):
    """A list of which only a part is rendered: its children are `count` rows starting at `start`,
    of `total`. Its scroll container is the nearest `.lu-chats`."""

    library = _FILES["window.jsx"]
    tag = "ChatWindow"

    start: rx.Var[int]
    count: rx.Var[int]
    total: rx.Var[int]
    label: rx.Var[str]

    # The reader is near an end: the index of the first row to show.
    on_window: rx.EventHandler[rx.event.passthrough_event_spec(int)]


class FoundList(rx.Component):
    """Links to the chats found by a search, with the matches highlighted."""

    library = _FILES["parts.jsx"]
    tag = "FoundList"

    hits: rx.Var[list[Any]]
    untitled: rx.Var[str]
    archived_label: rx.Var[str]


class Palette(rx.Component):
    """The command palette; the event "lu:palette" on the window opens it.

    Commands have `id`, `label`, `icon` (signs.js), `words` to be found by, and `href` or `act` with
    `value`: theme, language, keys, sign-out. `found` is the result of `on_search`.
    """

    library = _FILES["palette.jsx"]
    tag = "Palette"

    commands: rx.Var[list[dict[str, Any]]]
    chats: rx.Var[list[Any]]
    models: rx.Var[list[Any]]
    found: rx.Var[dict[str, Any]]
    labels: rx.Var[dict[str, Any]]

    # (number, query): a result has the number of its query; numbers increase.
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(int, str)]
    on_model: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class Shortcuts(rx.Component):
    """The keyboard shortcuts of every client page, and the overview that shows `rows` of them."""

    library = _FILES["keys.jsx"]
    tag = "Shortcuts"

    labels: rx.Var[dict[str, Any]]
    rows: rx.Var[list[dict[str, Any]]]
