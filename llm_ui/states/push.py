"""Pushing to a tab without its state.

A push is an ordinary delta of a declared var, made by hand: no state lock, nothing
pickled, nothing kept. It is the frame that Reflex's `emit_update` would send, written
straight to the tab's Engine.IO socket: the way through emit_update costs two tasks, a room
look-up and a slow JSON encoder for each push. Rests on what Reflex 0.10.1, python-socketio
5 and python-engineio 4 keep of a socket; tests/states/test_sockets.py holds them to that.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
import reflex as rx
from engineio import packet as engine_packet
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.registry import RegistrationContext

# Below the pause between two reads of an upstream (wire/gather.py), which sets the pace as
# long as nothing else feeds us.
SHORTEST_PAUSE_S = 0.04
# Packets that may wait in a socket, and how long to wait for them to leave.
MOST_UNSENT = 4
UNSENT_PAUSE_S = 0.1


def _namespace() -> Any:
    namespace = RegistrationContext.get().app.event_namespace
    if namespace is None:
        raise RuntimeError("the app has no websocket")
    return namespace


@dataclass(frozen=True, slots=True)
class Socket:
    """A tab's token and the socket it had when somebody began to push to it."""

    token: str
    sid: str

    @property
    def is_open(self) -> bool:
        """Whether the token still belongs to that very socket on this worker.

        Asked before each push: a token can be taken over by another socket.
        """
        manager = _namespace()._token_manager
        record = manager.token_to_socket.get(self.token)
        return (
            bool(self.sid)
            and record is not None
            and record.sid == self.sid
            and record.instance_id == manager.instance_id
        )

    def _engine_socket(self) -> Any:
        """The Engine.IO socket below; None if it is gone."""
        if not self.is_open:
            return None
        sio = RegistrationContext.get().app.sio
        assert sio is not None
        name = sio.manager.eio_sid_from_sid(self.sid, _namespace().namespace)
        return sio.eio.sockets.get(name)

    async def push(self, state: type[rx.State], values: dict[str, Any]) -> bool:
        """Send values of declared vars of `state`, which must be plain JSON; False if the
        socket is gone. Waits as long as the socket has not sent what it was given before:
        what a slow or frozen browser has not taken does not pile up here."""
        socket = self._engine_socket()
        while socket is not None and socket.queue.qsize() >= MOST_UNSENT:
            await asyncio.sleep(UNSENT_PAUSE_S)
            socket = self._engine_socket()
        if socket is None or socket.closed:
            return False
        delta = {
            state.get_full_name(): {name + FIELD_MARKER: value for name, value in values.items()}
        }
        body = orjson.dumps(["event", {"delta": delta, "events": []}]).decode()
        frame = f"2{_namespace().namespace},{body}"
        await socket.send(engine_packet.Packet(engine_packet.MESSAGE, frame))
        # The packet is queued, not sent: let the socket's writer have its turn.
        await asyncio.sleep(0)
        return True

    async def close(self) -> None:
        """Disconnect the socket; its page connects again with what its cookie is now."""
        app = RegistrationContext.get().app
        if self.is_open and app.sio is not None:
            await app.sio.disconnect(self.sid, namespace=_namespace().namespace)


def socket_of(state: rx.State) -> Socket:
    """The socket over which the event being handled came."""
    session = state.router.session
    return Socket(session.client_token, session.session_id)


class Pace:
    """Keeps two pushes apart when what feeds them does not pause by itself."""

    def __init__(self) -> None:
        self._last = 0.0

    async def wait(self) -> None:
        """After a push: sleep if it followed closely on the one before; what comes
        meanwhile goes out as one piece."""
        since, self._last = time.perf_counter() - self._last, time.perf_counter()
        if since < SHORTEST_PAUSE_S:
            await asyncio.sleep(SHORTEST_PAUSE_S)
            self._last = time.perf_counter()


# A page shows two answers at once at most; anybody can ask to follow more.
MOST_WATCHES = 4


class Watch:
    """A tab's following of one run. A newer watch of the same run (after a gap) ends the
    one before; so does the oldest of too many."""

    _current: ClassVar[dict[str, dict[str, Watch]]] = {}

    def __init__(self, socket: Socket, run_id: str) -> None:
        self.socket = socket
        self.run_id = run_id
        watches = self._current.setdefault(socket.token, {})
        watches.pop(run_id, None)
        watches[run_id] = self
        while len(watches) > MOST_WATCHES:
            del watches[next(iter(watches))]

    @classmethod
    def exists(cls, socket: Socket, run_id: str) -> bool:
        """Whether this very socket follows that run already."""
        watch = cls._current.get(socket.token, {}).get(run_id)
        return watch is not None and watch.socket == socket

    @classmethod
    def leave(cls, socket: Socket) -> None:
        """The tab shows another chat: it follows nothing."""
        cls._current.pop(socket.token, None)

    @property
    def is_current(self) -> bool:
        """Whether this is still what the tab follows."""
        return self._current.get(self.socket.token, {}).get(self.run_id) is self

    def end(self) -> None:
        """It is over; a newer watch stays."""
        if self.is_current:
            watches = self._current[self.socket.token]
            del watches[self.run_id]
            if not watches:
                del self._current[self.socket.token]
