"""Primitives with client-side behavior (kit.jsx)."""

from __future__ import annotations

import reflex as rx
from reflex.components.component import Component

from llm_ui.react._link import link

_KIT = link("behave.js", "lu.js", "calls.js", "tips.js", "kit.jsx")["kit.jsx"]
_OVER = link("toasts.jsx", "line.jsx")
_TOASTS, _LINE = _OVER["toasts.jsx"], _OVER["line.jsx"]


class Ready(Component):
    """Shows a prerendered page once its language has been loaded."""

    library = _KIT
    tag = "Ready"
    lib_dependencies: list[str] = ["@fontsource-variable/inter@5.3.0"]


class Go(Component):
    """Replaces the current address when mounted."""

    library = _KIT
    tag = "Go"

    to: rx.Var[str]


class Timer(Component):
    """Fires once, `ms` after `of` last changed. With `pauses`, the time is paused while the parent
    is hovered or focused; with `awake`, while the tab is hidden."""

    library = _KIT
    tag = "Timer"

    ms: rx.Var[int]
    of: rx.Var[str]
    pauses: rx.Var[bool]
    awake: rx.Var[bool]
    on_done: rx.EventHandler[rx.event.no_args_event_spec]


class Toaster(Component):
    """The container of notifications, including those from handlers."""

    library = _TOASTS
    tag = "Toaster"

    label: rx.Var[str]
    close_label: rx.Var[str]


class Toast(Component):
    """A notification with its own actions, shown among the others."""

    library = _TOASTS
    tag = "Toast"


class Line(Component):
    """Shows its children while disconnected from the server, and blocks navigation in the
    meantime."""

    library = _LINE
    tag = "Line"

    is_broken: rx.Var[bool]
    blocked_label: rx.Var[str]


line = Line.create
ready = Ready.create
toaster = Toaster.create
go = Go.create
timer = Timer.create
