"""Access to event handlers: declared on the handler, enforced by the guard.

Every handler is a public remote procedure. By default it requires a signed-in user; `@public`
allows everyone, and `@admin` only administrators.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal, TypeVar

from llm_ui.auth import Actor
from llm_ui.errors import NotAuthenticated

Access = Literal["public", "user", "admin"]
F = TypeVar("F", bound=Callable[..., object])
ATTRIBUTE = "_llm_ui_access"

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def public(handler: F) -> F:
    """Let anybody call this handler, signed in or not. Place it below `@rx.event`."""
    setattr(handler, ATTRIBUTE, "public")
    return handler


def admin(handler: F) -> F:
    """Let only administrators call this handler. Place it below `@rx.event`."""
    setattr(handler, ATTRIBUTE, "admin")
    return handler


def access_of(handler: Callable[..., object]) -> Access:
    """The declared access of a handler, "user" by default."""
    return getattr(handler, ATTRIBUTE, "user")


def set_caller(actor: Actor | None) -> None:
    """Set the caller. The guard calls this before each event."""
    _actor.set(actor)


def current_actor() -> Actor:
    """The user who sent the current event, as of its start. Raises NotAuthenticated."""
    actor = _actor.get()
    if actor is None:
        raise NotAuthenticated
    return actor


def visitor() -> Actor | None:
    """The user who sent the current event; None if nobody is signed in."""
    return _actor.get()
