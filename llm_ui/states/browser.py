"""Actions in the browser: calling a function of the page by its name.

Reflex's own way (`rx.run_script`, `rx.toast`) sends handlers' requests as text that the browser
evaluates as code, which the pages' Content-Security-Policy forbids. Here, only values are sent. In
components, `rx.run_script` is fine: it is compiled into the page.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from reflex.event import Event, EventCallback, EventHandler, EventSpec

from llm_ui.reflex_internals import DecoratedHandler

# The type of what a handler returns for the browser to do next, and of what a background handler
# yields. The guard resolves handlers' type hints at run time, where Any is enough.
if TYPE_CHECKING:
    Handler: TypeAlias = EventHandler | EventCallback[Any] | DecoratedHandler
    Reply: TypeAlias = Event | EventSpec | Handler | Sequence["Reply"] | None
    Replies: TypeAlias = AsyncGenerator[Reply, None]
else:
    Handler = Reply = Replies = Any

# Registered by components/ui/calls.js. Reflex assigns a value to the field that a ref refers to;
# this ref does not refer to a field, and treats the value as a call.
REF = "ref_lu"


def call(name: str, *values: str) -> Event:
    """Call the function of this name in components/ui/calls.js."""
    return Event(name="_set_value", payload={"ref": REF, "value": [name, *values]})


def say(kind: Literal["info", "success", "error"], words: str, id: str = "") -> Event:
    """Show a notification; it replaces an earlier one with the same ID."""
    return call("say", kind, words, id)


def shut(dialog_id: str) -> Event:
    """Close a dialog."""
    return call("shut", dialog_id)


def show(dialog_id: str) -> Event:
    """Open a dialog once its content has been rendered, with its form reset."""
    return call("show", dialog_id)


def hand(dialog_id: str, secret: str) -> Event:
    """Open a dialog with a secret (a key or the path of a link) in its field; the secret is kept
    only while the dialog is open."""
    return call("hand", dialog_id, secret)


def to_the_wrong_field() -> Event:
    """Focus the field that was refused in the open dialog, once it is marked."""
    return call("wrong")


def then(handler: Handler, *arguments: str | bool) -> EventSpec:
    """The event that calls a state's handler with these arguments. (Reflex's types don't declare
    handlers as callable.)"""
    return cast("Callable[..., EventSpec]", handler)(*arguments)
