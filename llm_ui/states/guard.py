"""Default deny: the middleware that every event passes before it runs.

It asks, in this order: is the handler one that may be called at all; who is it, by the
cookie of the socket's handshake, freshly; is this tab's state theirs; may they; and do
the arguments fit the handler. Only then does Reflex go on.
"""

from __future__ import annotations

import functools
import inspect
import logging
from typing import Any, cast, get_type_hints
from urllib.parse import urlencode

import reflex as rx
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.constants import RouteVar
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from llm_ui import auth, trace
from llm_ui.auth import Actor, Client
from llm_ui.db import unit_of_work
from llm_ui.errors import NotAllowed, TooManyRequests
from llm_ui.security.addresses import network_of
from llm_ui.security.limits import Allowance
from llm_ui.services import admission
from llm_ui.services.monitoring import record
from llm_ui.services.news import acting_tab
from llm_ui.states.access import access_of, set_caller
from llm_ui.states.door import TOO_MANY
from llm_ui.states.feedback import tell
from llm_ui.states.handshake import in_language, language_of, session_token
from llm_ui.states.identity import IdentityState
from llm_ui.states.presence import note_tab

logger = logging.getLogger(__name__)

OWN_HANDLERS = "llm_ui.states."
# Reflex's own: hydrating a page, queueing its on_load, reporting a browser's error.
INTERNAL = frozenset({
    "reflex___state____state.hydrate",
    "reflex___state____state.hydrate_and_load",
    "reflex___state____state.set_is_hydrated",
    "reflex___state____state.reflex___state____on_load_internal_state.on_load_internal",
    "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated",
    "reflex___state____state.reflex___state____frontend_event_exception_state"
    ".handle_frontend_exception",
})  # fmt: skip
PLAIN_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
}
# Up to here a browser tells whole numbers apart.
LARGEST_NUMBER = 2**53
# The arguments of Reflex's hydrate_and_load.
HASHES = list[str] | None
CLIENT_VARS = dict[str, Any] | None
REFUSED = StateUpdate()
# Anybody can send what is refused: it must not fill the log.
_refusals = Allowance(times=200, seconds=60)
_refusals_of_all = Allowance(times=1000, seconds=60)


class Guard(Middleware):
    """Stands first among the app's middlewares."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """None lets the event go on; an update ends it."""
        trace.begin()
        # Set by the server at the handshake: an event's own copy is overwritten.
        told = EventContext.get().router_data
        headers = told.get(RouteVar.HEADERS, {})
        if told.get(TOO_MANY):
            return _too_many(headers)
        client = auth.client_of(str(told.get(RouteVar.CLIENT_IP, "")), headers)
        actor = await self._actor(headers)
        before = await self._bind(state, actor)
        set_caller(actor)
        handler = _handler(event.name)
        if handler is None:
            return await _refuse(actor, client, event.name, "not callable")
        access = "public" if event.name in INTERNAL else access_of(handler)
        if actor is None and access != "public":
            return await _to_the_door(state, await _why(headers, before))
        if access == "admin" and not (actor and actor.is_admin):
            await _refuse(actor, client, event.name, "not an admin")
            return _to_chats()
        if not _fits(handler, event.payload):
            return await _refuse(actor, client, event.name, "wrong arguments")
        return None

    async def _actor(self, headers: dict[str, str]) -> Actor | None:
        token = session_token(headers.get("cookie", ""))
        if token is None:
            return None
        async with unit_of_work(writes=False) as session:
            actor = await auth.resolve(session, token)
        return actor and in_language(actor, headers)

    async def _bind(self, state: BaseState, actor: Actor | None) -> str:
        """A tab's state belongs to one user; for anybody else it begins afresh. Says whose it
        was before: an id, or "" for a visitor's.

        The token that names the state is not a secret, and a disconnected tab's state
        waits under it for whoever names it next.
        """
        identity = await state.get_state(IdentityState)
        owner, before = actor.user_id if actor else "", identity._owner or ""
        if identity._owner not in (None, owner):
            root = state
            while root.parent_state is not None:
                root = root.parent_state
            root.reset()  # type: ignore[no-untyped-call]
        identity._owner = owner
        context = EventContext.get()
        note_tab(
            context.token,
            context.router_data.get(RouteVar.SESSION_ID, ""),
            actor.session_id if actor else "",
            owner,
        )
        acting_tab.set(context.token)
        return before


def _handler(name: str) -> Any:
    """The function behind an event's name, if it is one of this application's own, or one
    of Reflex's that no page can do without.

    That leaves out `setvar`, which Reflex registers for every state, and every setter.
    """
    registered = RegistrationContext.get().event_handlers.get(name)
    if registered is None:
        return None
    handler = registered.handler.fn
    is_own = getattr(handler, "__module__", "").startswith(OWN_HANDLERS)
    return handler if is_own or name in INTERNAL else None


@functools.cache
def _parameters(handler: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(handler)
    found = list(inspect.signature(handler).parameters.values())[1:]
    return {each.name: (hints.get(each.name), each.default is each.empty) for each in found}


def _fits(handler: Any, payload: Any) -> bool:
    if not isinstance(payload, dict):
        return False
    parameters = _parameters(handler)
    if not set(payload) <= set(parameters):
        return False
    for name, (hint, is_required) in parameters.items():
        if name not in payload:
            if is_required:
                return False
            continue
        if not _is_of(hint, payload[name]):
            return False
    return True


def _is_of(hint: Any, value: Any) -> bool:
    if hint == HASHES:
        return value is None or (
            isinstance(value, list) and all(isinstance(each, str) for each in value)
        )
    if hint == CLIENT_VARS:
        # Nothing of ours is kept in the browser's storage: nothing may come from there.
        return not value
    accepted = PLAIN_TYPES.get(hint)
    if accepted is None or not isinstance(value, accepted):
        return False
    if isinstance(value, bool):
        return bool in accepted
    # A page has no other numbers, and JSON and databases no place for some of them.
    return isinstance(value, str) or abs(cast(float, value)) <= LARGEST_NUMBER


async def _why(headers: dict[str, str], owner: str) -> str:
    """Why a browser that brings a session is not let in: one of auth.ENDED; "" if it brings
    none. `owner` is whose tab it was, if that is known."""
    if session_token(headers.get("cookie", "")) is None:
        return ""
    if not owner:
        return "over"
    async with unit_of_work(writes=False) as session:
        return await auth.why_out(session, owner)


async def _to_the_door(state: BaseState, why: str) -> StateUpdate:
    """To where one signs in, or makes the first account of a new installation."""
    async with unit_of_work(writes=False) as session:
        if not await admission.exist(session):
            return StateUpdate(events=Event.from_event_type(rx.redirect("/setup")))
    path = state.router.url.path if state.router.url else "/"
    asked = {"next": path if path not in ("/", "/login") else "", "ended": why}
    query = urlencode({name: value for name, value in asked.items() if value}, safe="/")
    target = f"/login?{query}" if query else "/login"
    return StateUpdate(events=Event.from_event_type(rx.redirect(target)))


def _to_chats() -> StateUpdate:
    """Away from a page that would wait for ever for what it may not have."""
    events: list[Any] = [tell(NotAllowed()), rx.redirect("/chat", replace=True)]
    return StateUpdate(events=Event.from_event_type(events))


def _too_many(headers: dict[str, str]) -> StateUpdate:
    """Before anything is looked up: it would be what a flood costs."""
    shown = tell(TooManyRequests(60), language_of(headers))
    return StateUpdate(events=[shown])


async def _refuse(actor: Actor | None, client: Client, name: str, reason: str) -> StateUpdate:
    if not (_refusals.take(network_of(client.address)) and _refusals_of_all.take("")):
        return REFUSED
    async with unit_of_work() as session:
        record(
            session,
            "security.event_refused",
            f"{reason}: {_short(name)}",
            level="warning",
            user_id=actor.user_id if actor else None,
            address=client.address,
        )
    return REFUSED


def _short(name: str) -> str:
    """`….llm_ui___states___admin____admin_state.refresh` as `admin_state.refresh`."""
    return name.rpartition("____")[2][-120:]


class EventLogFilter(logging.Filter):
    """Keeps headers (with their cookie) and arguments out of Reflex's own log lines."""

    PREFIXES = (
        "Error processing event queue entry",
        "Error transforming event",
        "Received event",
    )

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the line through, without what it quotes."""
        message = record.getMessage()
        if message.startswith(self.PREFIXES):
            record.msg, record.args = message.split(" for ")[0].split(" with ")[0], ()
            record.exc_info = None
        return True
