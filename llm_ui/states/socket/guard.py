"""Default deny: the middleware that every event passes before its handler runs.

It checks, in this order: whether the handler may be called at all; who the caller is, by looking up
the handshake's cookie each time; whether this tab's state belongs to the caller; whether the caller
has access; and whether the arguments match the handler. Only then does Reflex continue.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, cast, get_type_hints
from urllib.parse import urlencode

import reflex as rx
from reflex.event import Event

from llm_ui import auth, reflex_internals, trace
from llm_ui.auth import Actor, Client
from llm_ui.db import unit_of_work
from llm_ui.enums import LogLevel, SessionEnd
from llm_ui.errors import NotAllowed, TooManyRequests
from llm_ui.reflex_internals import BaseState, Middleware, StateUpdate
from llm_ui.security.client_addresses import network_of
from llm_ui.security.limits import Allowance
from llm_ui.services.accounts import registration_policy
from llm_ui.services.audit.recording import record
from llm_ui.services.chats.live_updates import acting_tab
from llm_ui.states.socket.access import access_of, set_caller
from llm_ui.states.socket.connection import TOO_MANY, know_socket
from llm_ui.states.socket.feedback import tell
from llm_ui.states.socket.handshake import in_language, language_of, session_token
from llm_ui.states.socket.identity import IdentityState
from llm_ui.states.socket.presence import note_tab

logger = logging.getLogger(__name__)

OWN_HANDLERS = "llm_ui.states."
# Reflex's own: hydrating a page, queueing its on_load, reporting a browser's error.
INTERNAL = frozenset(
    {
        "reflex___state____state.hydrate",
        "reflex___state____state.hydrate_and_load",
        "reflex___state____state.set_is_hydrated",
        "reflex___state____state.reflex___state____on_load_internal_state.on_load_internal",
        "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated",
        "reflex___state____state.reflex___state____frontend_event_exception_state"
        ".handle_frontend_exception",
    }
)
PLAIN_TYPES: dict[object, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
}
# The largest whole number that browsers represent exactly.
LARGEST_NUMBER = 2**53
# The argument types of Reflex's hydrate_and_load.
HASHES = list[str] | None
CLIENT_VARS = dict[str, Any] | None
REFUSED = StateUpdate()
# Refusals must not flood the log: anybody can cause them, from many addresses.
_refusals_of_people = Allowance(times=200, seconds=60)
_refusals_of_strangers = Allowance(times=30, seconds=600)
_refusals_of_all_strangers = Allowance(times=1000, seconds=600)


class Guard(Middleware):
    """The first of the app's middlewares."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Check an event. None lets it continue; an update ends it."""
        trace.begin()
        # Set by the server at the handshake: the event's own headers are ignored.
        headers = reflex_internals.headers()
        if reflex_internals.route_data().get(TOO_MANY):
            return _too_many(headers)
        client = auth.client_of(reflex_internals.peer(), headers)
        actor = await self._actor(headers)
        before = await self._bind(state, actor)
        set_caller(actor)
        handler = _handler(event.name)
        if handler is None:
            return await _refuse(actor, client, event.name, "not callable")
        access = "public" if event.name in INTERNAL else access_of(handler)
        if actor is None and access != "public":
            return await _to_sign_in(state, await _why(headers, before))
        if access == "admin" and not (actor and actor.is_admin):
            await _refuse(actor, client, event.name, "not an admin")
            return _to_chats()
        if not _fits(handler, event.payload):
            return await _refuse(actor, client, event.name, "wrong arguments")
        return None

    async def _actor(self, headers: Mapping[str, str]) -> Actor | None:
        token = session_token(headers.get("cookie", ""))
        if token is None:
            return None
        async with unit_of_work(writes=False) as session:
            actor = await auth.resolve(session, token)
        return actor and in_language(actor, headers)

    async def _bind(self, state: BaseState, actor: Actor | None) -> str:
        """Bind the tab's state to the user; if it was another user's, it is reset. Returns the
        previous owner: an ID, or "" for a visitor.

        The token that identifies the state is not secret, and the state of a disconnected tab is
        available to any client that sends its token next.
        """
        identity = await state.get_state(IdentityState)
        owner, before = actor.user_id if actor else "", identity._owner or ""
        if identity._owner not in (None, owner):
            reflex_internals.begin_afresh(state)
        identity._owner = owner
        token, sid = reflex_internals.tab_and_socket()
        note_tab(token, sid, actor.session_id if actor else "", owner)
        know_socket(sid, owner)
        acting_tab.set(token)
        return before


def _handler(name: str) -> Callable[..., Any] | None:
    """The function of an event handler, if it is one of this application's, or one of Reflex's that
    every page needs.

    This excludes `setvar`, which Reflex registers for every state, and all setters.
    """
    handler = reflex_internals.handler_named(name)
    is_own = getattr(handler, "__module__", "").startswith(OWN_HANDLERS)
    return handler if is_own or name in INTERNAL else None


@functools.cache
def _parameters(handler: Callable[..., object]) -> dict[str, tuple[object, bool]]:
    hints = get_type_hints(handler)
    found = list(inspect.signature(handler).parameters.values())[1:]
    return {each.name: (hints.get(each.name), each.default is each.empty) for each in found}


def _fits(handler: Callable[..., object], payload: object) -> bool:
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


def _is_of(hint: object, value: object) -> bool:
    if hint == HASHES:
        return value is None or (
            isinstance(value, list) and all(isinstance(each, str) for each in value)
        )
    if hint == CLIENT_VARS:
        # We keep nothing in the browser's storage, so nothing may come from there.
        return not value
    accepted = PLAIN_TYPES.get(hint)
    if accepted is None or not isinstance(value, accepted):
        return False
    if isinstance(value, bool):
        return bool in accepted
    # Pages send no larger numbers, and JSON and databases can't represent some of them.
    return isinstance(value, str) or abs(cast(float, value)) <= LARGEST_NUMBER


async def _why(headers: Mapping[str, str], owner: str) -> str:
    """Why the browser's session is no longer valid: a SessionEnd value; "" if it has no session.
    `owner` is the tab's previous user, if known."""
    if session_token(headers.get("cookie", "")) is None:
        return ""
    if not owner:
        return SessionEnd.OVER
    async with unit_of_work(writes=False) as session:
        return await auth.why_out(session, owner)


async def _to_sign_in(state: BaseState, why: str) -> StateUpdate:
    """Redirect to the sign-in page, or to the setup of a new installation's first account."""
    async with unit_of_work(writes=False) as session:
        if not await registration_policy.exist(session):
            return StateUpdate(events=Event.from_event_type(rx.redirect("/setup")))
    path = state.router.url.path if state.router.url else "/"
    asked = {"next": path if path not in ("/", "/login") else "", "ended": why}
    query = urlencode({name: value for name, value in asked.items() if value}, safe="/")
    target = f"/login?{query}" if query else "/login"
    return StateUpdate(events=Event.from_event_type(rx.redirect(target)))


def _to_chats() -> StateUpdate:
    """Redirect away from a page that would wait forever for data it may not have."""
    away = Event.from_event_type(rx.redirect("/chat", replace=True))
    return StateUpdate(events=[tell(NotAllowed()), *away])


def _too_many(headers: Mapping[str, str]) -> StateUpdate:
    """Refuse before anything is looked up, as lookups are what makes a flood expensive."""
    shown = tell(TooManyRequests(60), language_of(headers))
    return StateUpdate(events=[shown])


async def _refuse(actor: Actor | None, client: Client, name: str, reason: str) -> StateUpdate:
    if not _is_noted(actor, client):
        return REFUSED
    async with unit_of_work() as session:
        record(
            session,
            "security.event_refused",
            f"{reason}: {_short(name)}",
            level=LogLevel.WARNING,
            user_id=actor.user_id if actor else None,
            address=client.address,
        )
    return REFUSED


def _is_noted(actor: Actor | None, client: Client) -> bool:
    """Whether another refusal of this caller is still logged."""
    if actor is not None:
        return _refusals_of_people.take(actor.user_id)
    within = _refusals_of_strangers.take(network_of(client.address))
    return within and _refusals_of_all_strangers.take("")


def _short(name: str) -> str:
    """Shorten `reflex___state____state.admin_state.refresh` to `admin_state.refresh`."""
    return ".".join(name.split(".")[-2:])[-120:]


class EventLogFilter(logging.Filter):
    """Keeps headers (including cookies) and arguments out of Reflex's own log lines."""

    PREFIXES = (
        "Error processing event queue entry",
        "Error transforming event",
        "Received event",
    )

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the line through, without the data it quotes."""
        message = record.getMessage()
        if message.startswith(self.PREFIXES):
            record.msg, record.args = message.split(" for ")[0].split(" with ")[0], ()
            record.exc_info = None
        return True
