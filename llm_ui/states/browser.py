"""What a handler has the browser do: call, by its name, a function that the page has.

Reflex's own way (`rx.run_script`, `rx.toast`) sends a handler's wish as a text that the
browser runs as code, which the pages' Content-Security-Policy forbids. Here values travel and
nothing else. In components `rx.run_script` is all right: there it is compiled into the page.
"""

from __future__ import annotations

from typing import Literal

from reflex.event import Event
from reflex.state import FrontendEventExceptionState

# Registered by components/ui/calls.js. Reflex puts a value into the field that a ref names;
# this one is no field, and takes the value as a call.
REF = "ref_lu"
# Reflex would have a page that broke reload by a script; ours does by itself (behave.js).
FrontendEventExceptionState.auto_reload_on_errors = []


def call(name: str, *values: str) -> Event:
    """Call what components/ui/calls.js has under this name."""
    return Event(name="_set_value", payload={"ref": REF, "value": [name, *values]})


def say(kind: Literal["info", "success", "error"], words: str, id: str = "") -> Event:
    """Show news over the page; those of the same id take the place of older ones."""
    return call("say", kind, words, id)


def shut(dialog_id: str) -> Event:
    """Close a dialog."""
    return call("shut", dialog_id)


def show(dialog_id: str) -> Event:
    """Open a dialog once what it shows has been drawn."""
    return call("show", dialog_id)


def to_the_wrong_field() -> Event:
    """Lead to the field of the open dialog that was refused, once it is marked."""
    return call("wrong")
