"""Event handlers: who may call them, how they call services, and how errors are shown.

    @handler("admin", form="type_", closes=TYPE_FORM)
    async def save_type(self, form: str) -> Reply:
        draft = draft_of(form)
        self.types = await write(model_types.create_type, draft)

A handler does its work and lets every AppError propagate: the decorator turns it into a message.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import reflex as rx
from reflex.event import Event

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError, PasswordNeeded
from llm_ui.i18n import translate
from llm_ui.states import browser
from llm_ui.states.browser import Replies, Reply
from llm_ui.states.forms import accept, refuse
from llm_ui.states.socket.access import ATTRIBUTE, Access, current_actor
from llm_ui.states.socket.feedback import tell
from llm_ui.states.socket.password_confirmation import ask_password

if TYPE_CHECKING:
    from reflex.event import EventCallback

P = ParamSpec("P")
T = TypeVar("T")


async def read(
    verb: Callable[Concatenate[Session, Actor, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a service function for the caller, in a read-only transaction of its own."""
    async with unit_of_work(writes=False) as session:
        return await verb(session, current_actor(), *args, **kwargs)


async def write(
    verb: Callable[Concatenate[Session, Actor, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a service function for the caller, in a write transaction of its own."""
    async with unit_of_work() as session:
        return await verb(session, current_actor(), *args, **kwargs)


def news(key: str, **params: object) -> Event:
    """A success notification with the text of this catalog key."""
    return browser.say("success", translate(key, current_actor().language, **params), key)


def handler(
    who: Access = "user",
    *,
    form: str | None = None,
    closes: str = "",
    then: Reply = None,
    background: bool = False,
) -> Callable[[Callable[..., Any]], EventCallback[Any]]:
    """Declare an event handler.

    If it needs a step-up confirmation, the password is asked for and the handler called again.

    Args:
        who: who may call it, as enforced by the guard.
        form: the prefix of a form's vars (see `states/forms.py`): an error is then shown in that
            form rather than as a notification.
        closes: the dialog to close on success, and after an error shown as a notification.
        then: what follows, both on success and after an error shown as a notification.
        background: whether it runs concurrently with the tab's other events, as a generator; errors
            are then shown as notifications.
    """

    def declare(function: Callable[..., Any]) -> Any:
        wrapped = function
        if inspect.isasyncgenfunction(function):
            wrapped = _yielding(function)
        elif inspect.iscoroutinefunction(function):
            wrapped = _answering(function, form, closes, then)
        setattr(wrapped, ATTRIBUTE, who)
        return rx.event(background=background)(wrapped)

    return declare


def _answering(
    function: Callable[..., Any], form: str | None, closes: str, then: Reply
) -> Callable[..., Any]:
    @functools.wraps(function)
    async def answer(self: rx.State, *args: Any, **kwargs: Any) -> Reply:
        try:
            reply = await function(self, *args, **kwargs)
        except PasswordNeeded:
            again = self.event_handlers[function.__name__]
            given = inspect.signature(function).bind(self, *args, **kwargs)
            return await ask_password(self, again, *given.args[1:])
        except AppError as error:
            if form is not None:
                return refuse(self, form, error)
            reply = tell(error)
        else:
            if form is not None:
                accept(self, form)
        return _all_of(browser.shut(closes) if closes else None, reply, then)

    return answer


def _yielding(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def replies(self: rx.State, *args: Any, **kwargs: Any) -> Replies:
        try:
            async for reply in function(self, *args, **kwargs):
                yield reply
        except AppError as error:
            yield tell(error)

    return replies


def _all_of(*replies: Reply) -> Reply:
    found: list[Reply] = []
    for each in replies:
        if each is not None:
            found += each if isinstance(each, list) else [cast("Reply", each)]
    return found or None
