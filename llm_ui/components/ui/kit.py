"""Primitives with a life of their own in the browser (kit.jsx)."""

from __future__ import annotations

import reflex as rx
from reflex.components.component import Component

from llm_ui.react._link import link

_KIT = link("behave.js", "calls.js", "tips.js", "kit.jsx")["kit.jsx"]
_OVER = link("toasts.jsx", "line.jsx")
_TOASTS, _LINE = _OVER["toasts.jsx"], _OVER["line.jsx"]


class Ready(Component):
    """Shows a prepared page as soon as it speaks the person's language."""

    library = _KIT
    tag = "Ready"
    lib_dependencies: list[str] = ["@fontsource-variable/inter@5.3.0"]


class Go(Component):
    """Replaces the current address when it appears."""

    library = _KIT
    tag = "Go"

    to: rx.Var[str]


class Timer(Component):
    """Fires once, `ms` after `of` last changed. One that `pauses` stands still while its
    parent is in use, one that is `awake` only while nobody sees the tab."""

    library = _KIT
    tag = "Timer"

    ms: rx.Var[int]
    of: rx.Var[str]
    pauses: rx.Var[bool]
    awake: rx.Var[bool]
    on_done: rx.EventHandler[rx.event.no_args_event_spec]


class Toaster(Component):
    """where news appear, those of handlers too."""

    library = _TOASTS
    tag = "Toaster"

    label: rx.Var[str]
    close_label: rx.Var[str]


class Toast(Component):
    """News with actions of their own; they stand among the others."""

    library = _TOASTS
    tag = "Toast"


class Line(Component):
    """Shows its children while there is no line to the server, and opens nothing meanwhile."""

    library = _LINE
    tag = "Line"

    is_broken: rx.Var[bool]
    blocked_label: rx.Var[str]


line = Line.create
ready = Ready.create
toaster = Toaster.create
go = Go.create
timer = Timer.create
