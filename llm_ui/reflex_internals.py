"""The private API of Reflex, python-socketio and python-engineio that this application relies on.

After an upgrade of Reflex, check this module and same_origin.py, which patches Reflex's build.

Written against Reflex 0.10.1, python-socketio 5 and python-engineio 4. tests/states/test_sockets.py
and test_tokens.py fail if a newer version behaves differently; tests/architecture/test_contracts.py
keeps these names out of all other modules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import reflex as rx
from engineio import async_socket
from engineio import packet as engine_packet
from engineio.exceptions import SocketIsClosedError
from reflex.app import EventNamespace
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, FrontendEventExceptionState, StateUpdate
from reflex.state import _cache_per_class as cached_for_each_class
from reflex.state import _override_base_method as overrides_reflex
from reflex.utils import format, prerequisites
from reflex_base import constants
from reflex_base.constants import RouteVar
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.environment import EnvironmentVariables
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors
from reflex_components_core.react_router import link as router_link
from socketio.packet import (  # type: ignore[import-untyped, unused-ignore]
    CONNECT,
    DISCONNECT,
    EVENT,
    Packet,
)

from llm_ui.security.limits import OPEN_SOCKET

# The type that mypy gives a decorated handler; at run time its module cannot be imported by name.
if TYPE_CHECKING:
    from reflex_base.event import EventNamespace as DecoratedHandler
else:
    DecoratedHandler = Any

__all__ = [
    "CONNECT",
    "DISCONNECT",
    "EVENT",
    "FIELD_MARKER",
    "BaseState",
    "DecoratedHandler",
    "ErrorBoundary",
    "EventNamespace",
    "FrontendEventExceptionState",
    "Middleware",
    "Packet",
    "StateUpdate",
    "has_connection_errors",
    "overrides_reflex",
    "router_link",
]

OWN_STATES = "llm_ui.states."
# How many packets may be queued for a peer that does not read.
MOST_WAITING = 200
# How many characters of them. A page of messages has a few million at most.
MOST_UNSENT, MOST_UNSENT_IN_ALL = 16_000_000, 256_000_000
LOGGERS = (
    "reflex_base.event.processor.event_processor",
    "reflex_base.event.processor.base_state_processor",
    "reflex.app",
)
# They log a traceback for every malformed packet.
SOCKET_LOGGERS = ("engineio.server", "socketio.server")
# On some errors Reflex would reload the page with an inline script; behave.js reloads it instead.
FrontendEventExceptionState.auto_reload_on_errors = []


# --- states ------------------------------------------------------------------------------------


def name_states_by_class() -> None:
    """Strip the module from the names of this application's states: these names are sent with every
    event and every push. Reflex refuses two states of the same name.

    Must be called before the first state class is defined.
    """
    of_module = BaseState.get_name.__func__  # type: ignore[attr-defined]

    # Called on every change of a var and by every get_state.
    @cached_for_each_class
    def get_name(cls: type[BaseState]) -> str:
        if cls.__module__.startswith(OWN_STATES):
            return format.to_snake_case(cls.__name__)
        return cast("str", of_module(cls))

    BaseState.get_name = classmethod(get_name)  # type: ignore[assignment,method-assign]


def begin_afresh(state: BaseState) -> None:
    """Reset every var of all the tab's states, given any one of them."""
    root = state
    while root.parent_state is not None:
        root = root.parent_state
    root.reset()  # type: ignore[no-untyped-call]


# --- the event that is being handled -----------------------------------------------------------


def route_data() -> Mapping[str, Any]:
    """What the server knows about the socket that the event came in on."""
    return cast("Mapping[str, Any]", EventContext.get().router_data)


def headers() -> Mapping[str, str]:
    """The headers of the socket's handshake request."""
    return cast("Mapping[str, str]", route_data().get(RouteVar.HEADERS, {}))


def peer() -> str:
    """The socket's peer address as Reflex determines it; "" if unknown."""
    return str(route_data().get(RouteVar.CLIENT_IP, ""))


def tab_and_socket() -> tuple[str, str]:
    """The tab's token and the socket's ID."""
    context = EventContext.get()
    return context.token, str(context.router_data.get(RouteVar.SESSION_ID, ""))


def handler_named(name: str) -> Callable[..., Any] | None:
    """The function that handles an event of this name; None if none is registered."""
    registered = RegistrationContext.get().event_handlers.get(name)
    return registered.handler.fn if registered is not None else None


def registered_handlers() -> dict[str, tuple[type[BaseState], Callable[..., Any]]]:
    """Every event name, with the state that handles it and the handler function."""
    registered = RegistrationContext.get().event_handlers
    return {name: (each.states[0], each.handler.fn) for name, each in registered.items()}


# --- sockets -----------------------------------------------------------------------------------


def namespace() -> EventNamespace:
    """The namespace of the app's websocket."""
    found = RegistrationContext.get().app.event_namespace
    if found is None:
        raise RuntimeError("the app has no websocket")
    return found


def put_namespace(app: rx.App, kind: type[EventNamespace], packets: type[Packet]) -> str:
    """Replace Reflex's namespace and packet class with our own; returns the namespace's name."""
    if app.sio is None or app.event_namespace is None:
        raise RuntimeError("the app has no websocket")
    namespace = kind(app.event_namespace.namespace, app)
    app._event_namespace = namespace
    app.sio.register_namespace(namespace)
    app.sio.packet_class = packets
    BoundedSocket.ours = namespace
    async_socket.AsyncSocket = BoundedSocket
    return str(namespace.namespace)


class BoundedSocket(async_socket.AsyncSocket):  # type: ignore[misc, unused-ignore]
    """An Engine.IO socket that only accepts what a page sends, and leaves nothing in memory when it
    is closed.

    The queue of replies is unbounded, so a peer that sends requests but does not read would
    otherwise fill the server's memory: at a limit, the socket is closed. A closed socket accepts no
    more packets, regardless of which side closed it.
    """

    # The app's namespace, once it is in place.
    ours: ClassVar[EventNamespace | None] = None
    # How many characters are waiting in all of this process's sockets.
    _in_all: ClassVar[int] = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._unsent = 0
        self._is_dropped = False
        self._scope: Mapping[str, Any] = {}

    async def send(self, pkt: engine_packet.Packet) -> None:
        """Queue a packet. Raises SocketIsClosedError if the socket is closed."""
        await super().send(pkt)
        self._count(_length(pkt.data))
        if self._unsent > MOST_UNSENT:
            await self._drop()
        elif BoundedSocket._in_all > MOST_UNSENT_IN_ALL:
            await max(self.server.sockets.values(), key=lambda each: each._unsent)._drop()

    def _count(self, characters: int) -> None:
        change = max(characters, -self._unsent)
        self._unsent += change
        BoundedSocket._in_all += change

    async def _drop(self) -> None:
        """Close the socket, and send nothing of what is waiting."""
        self._is_dropped = True
        self._forget_unsent()
        await self.close(wait=False, abort=True)

    def _forget_unsent(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
            self.queue.task_done()
        self._count(-self._unsent)

    async def close(self, *arguments: Any, **options: Any) -> None:
        """Close the socket, and soon after its connection, whose writer may be waiting for a peer
        that doesn't read."""
        await super().close(*arguments, **options)
        if (found := self._scope.get(OPEN_SOCKET)) is not None:
            found.drop()

    async def receive(self, pkt: engine_packet.Packet) -> None:
        """Handle a packet. Raises SocketIsClosedError if the socket is closed by now."""
        # Counted here, as a handler may send many packets before the writer gets its turn.
        if self.queue.qsize() > MOST_WAITING:
            await self._drop()
        self._refuse_if_closed()
        await super().receive(pkt)
        # The reader would carry on otherwise: with packets of a socket that is already forgotten.
        self._refuse_if_closed()

    def _refuse_if_closed(self) -> None:
        if self.closed or self.closing:
            raise SocketIsClosedError

    async def handle_get_request(self, environ: dict[str, Any]) -> Any:
        """Serve the socket for as long as it lives."""
        self._scope = environ.get("asgi.scope", {})
        if self._scope.get("type") != "websocket":
            # A request that claims to be an upgrade without asking for one would be treated as
            # polling, and its socket would be kept until it times out.
            await self._leave()
            return self.server._bad_request("Not a websocket")
        try:
            return await super().handle_get_request(environ)
        finally:
            # This runs however the connection ended: a socket that is closed from outside while its
            # writer waits for the peer has left as well.
            await self._leave()

    async def _leave(self) -> None:
        await self.close(wait=False, abort=True)
        self.server.sockets.pop(self.sid, None)
        # engineio's next ping still refers to the socket for a while.
        self._forget_unsent()
        if self.ours is None:
            return
        # python-socketio forgets neither a socket that left while it was joining, nor one that
        # could not join because of an error.
        name, manager = self.ours.namespace, self.ours.server.manager
        if (sid := manager.sid_from_eio_sid(self.sid, name)) is not None:
            self.ours.on_disconnect(sid)
            await manager.disconnect(sid, name, ignore_queue=True)

    async def _websocket_handler(self, ws: Any) -> Any:
        return await super()._websocket_handler(_Counting(ws, self))

    def _sent(self, frame: str | bytes) -> None:
        self._count(-len(frame))
        if self._is_dropped:
            # The writer gives up what it has not sent yet.
            raise SocketIsClosedError


class _Counting:
    """A websocket that tells its socket what was sent, and lets through what pages send."""

    def __init__(self, ws: Any, socket: BoundedSocket) -> None:
        self._ws, self._socket = ws, socket

    async def send(self, frame: str | bytes) -> None:
        await self._ws.send(frame)
        self._socket._sent(frame)

    async def wait(self) -> Any:
        """The next frame. Raises OSError for a frame that no page sends: any other error would end
        the handler but not its writer, and the writer would keep the connection open without
        counting toward any limit."""
        frame = await self._ws.wait()
        if frame is not None and not _is_of_pages(frame):
            raise OSError("a frame that no page sends")
        return frame

    async def close(self) -> None:
        await self._ws.close()


def _is_of_pages(frame: object) -> bool:
    """Whether this is an Engine.IO packet that pages send: CLOSE, PONG, or a MESSAGE that connects,
    disconnects or is an event."""
    return isinstance(frame, str) and (frame in ("1", "3") or frame[:2] in ("40", "41", "42"))


def drop_cancelled(token: str) -> None:
    """Remove a tab's waiting events that were canceled. The processor itself only does this when it
    reaches them, and then recursively, with a depth equal to their number."""
    processor = RegistrationContext.get().app.event_processor
    waiting = processor._token_queues.get(token)
    if waiting is None:
        return
    # The first one may be running.
    for each in list(waiting)[1:]:
        future = processor._futures.get(each[0].ctx.txid)
        if future is None or future.cancelled():
            waiting.remove(each)


def _length(data: object) -> int:
    return len(data) if isinstance(data, str | bytes) else 0


def latest_event() -> asyncio.Future[Any] | None:
    """The event that was enqueued last, if nothing else has run since; it is done when its handler
    has finished."""
    processor = RegistrationContext.get().app.event_processor
    return next(reversed(processor._futures.values()), None)


async def close_engine_socket(sid: str) -> None:
    """Close the Engine.IO socket beneath a Socket.IO one immediately."""
    if (socket := engine_socket(sid)) is not None:
        await socket.close(wait=False, abort=True)


def is_held(token: str, sid: str) -> bool:
    """Whether the token belongs to exactly this socket, on this worker."""
    manager = namespace()._token_manager
    record = manager.token_to_socket.get(token)
    return (
        bool(sid)
        and record is not None
        and record.sid == sid
        and record.instance_id == manager.instance_id
    )


def is_linked(token: str) -> bool:
    """Whether the token belongs to any socket known to this worker."""
    return token in namespace()._token_manager.token_to_socket


def engine_socket(sid: str) -> Any:
    """The Engine.IO socket beneath a Socket.IO one; None if it is gone."""
    sio = RegistrationContext.get().app.sio
    assert sio is not None
    return sio.eio.sockets.get(sio.manager.eio_sid_from_sid(sid, namespace().namespace))


async def send_event(socket: Any, body: str) -> None:
    """Queue an `event` packet with a JSON body on an Engine.IO socket."""
    frame = f"2{namespace().namespace},{body}"
    await socket.send(engine_packet.Packet(engine_packet.MESSAGE, frame))


async def send_update(update: StateUpdate, token: str) -> None:
    """Send a state update through Reflex to the tab with this token."""
    await namespace().emit_update(update, token)


async def disconnect(sid: str) -> None:
    """Disconnect a Socket.IO socket; its page reconnects."""
    sio = RegistrationContext.get().app.sio
    if sio is not None:
        await sio.disconnect(sid, namespace=namespace().namespace)


async def forget_state(token: str) -> None:
    """Discard a tab's state; a tab that comes back starts with a new one."""
    app = RegistrationContext.get().app
    if app._state is None:
        return
    manager, name = app.state_manager, BaseStateToken(ident=token, cls=app._state)
    # The state manager that rxconfig.py asks for, with Redis too.
    if isinstance(manager, StateManagerMemory):
        # Wait for the event that is currently using it, and keep it if the tab has come back.
        async with await manager._get_state_lock(name):
            if not is_linked(token):
                manager._purge_token(name)


def forget_states(kept: Collection[str]) -> None:
    """Discard the states of tabs that are gone, except the ones in `kept`."""
    app = RegistrationContext.get().app
    manager = app.state_manager
    if app._state is None or not isinstance(manager, StateManagerMemory):
        return
    for token in list(manager.states):
        name = BaseStateToken(ident=token, cls=app._state)
        lock = manager._states_locks.get(name.lock_key)
        is_busy = lock is not None and lock.locked()
        if token not in kept and not is_busy and not is_linked(token):
            manager._purge_token(name)


def handshake_scope(namespace: EventNamespace, sid: str) -> Mapping[str, Any]:
    """The ASGI scope of a socket's handshake, available before its first event; empty if the socket
    is gone."""
    sio = namespace.app.sio
    environ = sio.get_environ(sid, namespace.namespace) if sio is not None else None
    found: Mapping[str, Any] = (environ or {}).get("asgi.scope", {})
    return found


# --- the build ---------------------------------------------------------------------------------


def built_pages() -> Path:
    """The folder of the built frontend."""
    return prerequisites.get_web_dir() / constants.Dirs.STATIC


def external_assets() -> tuple[Path, Path]:
    """The app's assets folder, and the folder inside it for assets that packages bring."""
    return Path(constants.Dirs.APP_ASSETS), Path(constants.Dirs.EXTERNAL_APP_ASSETS)


def serves_only() -> bool:
    """Whether this process only serves and builds no frontend."""
    return bool(EnvironmentVariables.REFLEX_BACKEND_ONLY.get())
