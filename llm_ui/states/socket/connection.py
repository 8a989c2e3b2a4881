"""Wraps Reflex's websocket: separates tabs by session, and validates events.

A tab's token is not secret, yet Reflex sends events to any client that connects with it, including
the rest of an event that another user's tab started before it was closed; no check of later events
can prevent that. So the server never uses a token directly: the tab's name is derived from the
token and from the session whose cookie was sent with the handshake. So sending another user's token
only identifies a tab of one's own.

Relies on Reflex 0.10.1's EventNamespace (`link_token_to_sid`, `on_event`), which is semi-public;
tests/states/test_tokens.py verifies it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import reflex as rx

from llm_ui import reflex_internals
from llm_ui.config import get_settings
from llm_ui.reflex_internals import CONNECT, DISCONNECT, EVENT, EventNamespace, Packet
from llm_ui.security.client_addresses import network_of
from llm_ui.security.limits import OPEN_SOCKET, Allowance
from llm_ui.security.text import storable
from llm_ui.security.tokens import keyed_hash
from llm_ui.states.socket.handshake import session_token
from llm_ui.states.socket.in_flight import InFlight
from llm_ui.states.socket.presence import user_of

# Of an event: how deeply its values are nested, and how many there are.
MOST_NESTED, MOST_VALUES = 20, 5_000
# Packets of so many characters are parsed without garbage collection.
LARGE = 50_000
# The events that pages send.
OF_PAGES = ("event", "client_error")
# Set in a handshake's environ once it has been accepted.
CONNECTED = "llm_ui.connected"
# How long a closed tab that won't come back keeps its state, so that its last event can finish.
LINGER_S = 5.0
# The number of closed tabs per user whose state is kept, and of people per worker.
CLOSED_OF_ONE, CLOSED_PEOPLE = 30, 10_000
# How many times the limit of one session all unauthenticated sessions of a network share.
TOGETHER = 10
# Set in an event's router data, for the guard; a value sent by the browser is overwritten.
TOO_MANY = "llm_ui_too_many"

logger = logging.getLogger(__name__)
# The event loop keeps only weak references to tasks.
_forgetting: set[asyncio.Task[None]] = set()
_sweeps = Allowance(times=1, seconds=60)
_complaints = Allowance(times=10, seconds=60)
_lingering: set[str] = set()
# The closed tabs of each user, most recent last.
_closed: dict[str, dict[str, None]] = {}


@functools.cache
def _allowance(_of: str, times: int) -> Allowance:
    """Each kind of key is counted separately, so that made-up keys don't use up the limits of the
    other kinds."""
    return Allowance(times=times, seconds=60)


def tab_name(token: str, cookie_header: str) -> str:
    """The name of a tab: the same for the same token and session, on every worker."""
    session = session_token(cookie_header) or ""
    return keyed_hash(get_settings().secret_keys[0], "tab", f"{session}\n{token}")


class PagePacket(Packet):  # type: ignore[misc, unused-ignore]
    """A packet, restricted to those that pages send.

    Pages send no binary data, and a packet that announces attachments would be buffered in memory
    until the last of them arrives, for any length of time and before authentication. Pages also
    send only two kinds of events: any other name would call the method of that name, including
    `on_connect`, with arbitrary arguments.
    """

    # The app's namespace.
    ours: ClassVar[str] = ""

    def decode(self, encoded_packet: str | bytes) -> int:
        """Decode the packet. Raises ValueError if no page sends such packets."""
        with _collecting_later(len(encoded_packet) > LARGE):
            attachments = super().decode(encoded_packet)
        if attachments:
            raise ValueError("bytes that no page sends")
        # A reply to another namespace would contain its name, of any length.
        is_ours = self.namespace == self.ours and self.id is None
        if not is_ours or self.packet_type not in (CONNECT, DISCONNECT, EVENT):
            raise ValueError("a packet that no page sends")
        if self.packet_type == EVENT and not _is_of_pages(self.data):
            raise ValueError("an event that no page sends")
        return 0


@contextlib.contextmanager
def _collecting_later(is_worthwhile: bool) -> Iterator[None]:
    """Disables garbage collection inside the block: each of a million brackets is an object, and
    garbage collections would take most of the parsing time."""
    if not is_worthwhile or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _is_of_pages(data: object) -> bool:
    return isinstance(data, list) and bool(data) and data[0] in OF_PAGES


class GuardedNamespace(EventNamespace):
    """The app's namespace."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._in_flight = InFlight()

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Accept a socket's first connection only. Each additional connection would be another tab,
        and only the last tab is removed when the socket is closed. Raises
        ConnectionRefusedError."""
        if CONNECTED in environ:
            # No page does this, and each refusal is work.
            await reflex_internals.close_engine_socket(sid)
            raise ConnectionRefusedError("connected already")
        environ[CONNECTED] = True
        await super().on_connect(sid, environ, auth)

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        """Record which tab a socket belongs to."""
        name = tab_name(token[:200], self._cookie(sid))
        await super().link_token_to_sid(sid, name, update_state=update_state)

    def on_disconnect(self, sid: str) -> asyncio.Task[Any] | None:
        """Remove a socket and, soon after, the state of its tab. The states of a signed-in user's
        latest tabs are kept, because they may reconnect. Anyone can invent tab names, so no states
        are kept for visitors."""
        know_socket(sid, "")
        name = self.sid_to_token.get(sid, "")
        over = name if not (person := user_of(name)) else _closed_by(person, name)
        if over:
            _lingering.add(over)
            asyncio.get_running_loop().call_later(LINGER_S, self._forget_tab, over)
        found: asyncio.Task[Any] | None = super().on_disconnect(sid)
        return found

    def _forget_tab(self, name: str) -> None:
        _lingering.discard(name)
        if not reflex_internals.is_linked(name):
            _forgetting.add(task := asyncio.create_task(reflex_internals.forget_state(name)))
            task.add_done_callback(_forgetting.discard)
        if _sweeps.take(""):
            # An event that was still running may have recreated a tab's state.
            kept = {each for tabs in _closed.values() for each in tabs}
            reflex_internals.forget_states(kept | _lingering)

    def _scope(self, sid: str) -> Mapping[str, Any]:
        return reflex_internals.handshake_scope(self, sid)

    def _cookie(self, sid: str) -> str:
        headers = self._scope(sid).get("headers", [])
        return "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")

    async def on_event(self, sid: str, data: Any) -> None:
        """Accept an event. Anything else is dropped, because Reflex would log it in full, and would
        remember an unknown event indefinitely.

        Strings are made storable first: a lone surrogate that a handler keeps in a var would close
        the socket that it is sent to.
        """
        is_too_much = self._is_too_much(sid)
        name = self.sid_to_token.get(sid)
        if name is None or not _is_event(data):
            if _complaints.take(""):
                logger.warning("something that is no event was dropped")
            return
        event: dict[str, Any] = {"name": data["name"], "payload": {}}
        size = 0
        if not is_too_much:
            copier = _Copier()
            event |= copier.whole(data)
            size = copier.characters
            if copier.is_cut:
                # What is left of it is no event.
                event = {"name": data["name"], "payload": {}}
        # The guard responds to it: without a response, the page would wait for its event.
        event["router_data"] = {**event.get("router_data", {}), TOO_MANY: is_too_much}
        await super().on_event(sid, event)
        await self._in_flight.room_for_more(sid, name, size)

    async def on_client_error(self, sid: str, data: Any = None) -> None:
        """Record that a page crashed."""
        if not self._is_too_much(sid):
            await super().on_client_error(sid, data)

    def _is_too_much(self, sid: str) -> bool:
        """Count what a tab sends. Returns whether it is more than RATE_LIMIT per minute.

        A tab's owner is only known after its first event. Until then, it counts against both its
        session and its network, as the session may be made up.
        """
        times = get_settings().rate_limit
        if not times:
            return False
        if person := user_of(self.sid_to_token.get(sid, "")):
            return not _allowance("people", times).take(person)
        network = network_of((self._scope(sid).get("client") or ("", 0))[0])
        session = session_token(self._cookie(sid))
        if session is None:
            return not _allowance("networks", times).take(network)
        known = keyed_hash(get_settings().secret_keys[0], "events", session)
        within = _allowance("networks with sessions", times * TOGETHER).take(network)
        return not (within and _allowance("sessions", times).take(known))


def _closed_by(person: str, name: str) -> str:
    """Record that a user's tab has been closed. Returns the tab whose state is no longer kept, or
    ""."""
    tabs = _closed.pop(person, {})
    tabs.pop(name, None)
    tabs[name] = None
    _closed[person] = tabs
    if len(_closed) > CLOSED_PEOPLE:
        del _closed[next(iter(_closed))]
    if len(tabs) <= CLOSED_OF_ONE:
        return ""
    oldest = next(iter(tabs))
    del tabs[oldest]
    return oldest


class FewComplaints(logging.Filter):
    """Lets through a few lines per minute of each kind of error that malformed packets cause."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is logged."""
        kind = record.exc_info[0] if record.exc_info else None
        return _complaints.take(f"{record.name} {kind}")


def know_socket(sid: str, user_id: str) -> None:
    """Record which user is signed in on a socket ("" for none). The socket of a signed-in user
    isn't closed to make room for others (api/http/bodies.py)."""
    scope = reflex_internals.handshake_scope(reflex_internals.namespace(), sid)
    if (found := scope.get(OPEN_SOCKET)) is not None:
        found.belongs_to(user_id)


def _is_event(data: object) -> bool:
    if not (isinstance(data, dict) and isinstance(data.get("name"), str)):
        return False
    if reflex_internals.handler_named(data["name"]) is None:
        return False
    route = data.get("router_data", {})
    if not (isinstance(route, dict) and isinstance(data.get("payload", {}), dict)):
        return False
    texts = (route.get("pathname", ""), route.get("asPath", ""))
    return all(isinstance(each, str) for each in texts) and isinstance(route.get("query", {}), dict)


class _Copier:
    """Copies an event with `storable` strings."""

    def __init__(self) -> None:
        self.characters = 0
        self.is_cut = False
        self._values = 0

    def whole(self, value: Any, depth: int = 0) -> Any:
        """A copy. `is_cut` is set if anything was left out: values that are nested deeper than in a
        real event, or that exceed the number of values in one."""
        self._values += 1
        if isinstance(value, str):
            self.characters += len(value)
            return storable(value)
        if not isinstance(value, dict | list):
            return value
        if depth > MOST_NESTED or self._values + len(value) > MOST_VALUES:
            self.is_cut = True
            return None
        if isinstance(value, list):
            return [self.whole(each, depth + 1) for each in value]
        self.characters += sum(map(len, value))
        return {storable(name): self.whole(each, depth + 1) for name, each in value.items()}


def install(app: rx.App) -> None:
    """Replace Reflex's own namespace."""
    PagePacket.ours = reflex_internals.put_namespace(app, GuardedNamespace, PagePacket)
