"""Who may call an event handler: declared on the handler, enforced by the guard.

Every handler is a public remote procedure. One without a declaration needs a signed-in
user; `@public` opens it to everybody, `@admin` to admins only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

from llm_ui.auth import Actor
from llm_ui.errors import NotAuthenticated

Access = Literal["public", "user", "admin"]
F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "_llm_ui_access"

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def public(handler: F) -> F:
    """Anybody may call this handler, signed in or not. Stands below `@rx.event`."""
    setattr(handler, ATTRIBUTE, "public")
    return handler


def admin(handler: F) -> F:
    """Only admins may call this handler. Stands below `@rx.event`."""
    setattr(handler, ATTRIBUTE, "admin")
    return handler


def access_of(handler: Callable[..., Any]) -> Access:
    """What a handler's author declared; "user" when nothing was."""
    return getattr(handler, ATTRIBUTE, "user")


def set_caller(actor: Actor | None) -> None:
    """Called by the guard, before each event."""
    _actor.set(actor)


def current_actor() -> Actor:
    """Whoever sent the event being handled, as of its start. Raises NotAuthenticated."""
    actor = _actor.get()
    if actor is None:
        raise NotAuthenticated
    return actor


def visitor() -> Actor | None:
    """Whoever sent the event being handled; None if nobody is signed in."""
    return _actor.get()
