"""Pushing to a tab without its state: the one module that wraps Reflex's emit_update.

A push is an ordinary delta of a declared var, made by hand: no state lock, nothing
pickled, nothing kept. Rests on Reflex 0.10.1's EventNamespace (`emit_update`,
`token_to_sid`) and on the queue of engine.io's sockets, which are semi-public:
tests/states/test_push.py holds them to that.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from reflex.state import StateUpdate
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.registry import RegistrationContext

# Each push costs 157 bytes beside its text. With 0.05, a 13 kB answer at 200 tokens a second
# took 59 to 61 kB; the goal is 60.
SHORTEST_PAUSE_S = 0.06
LONGEST_PAUSE_S = 0.5
# Packets that may wait for a slow or dead line: engine.io's queue has no end of its own.
# What does not go in stays in the run's log, and goes as one piece when there is room.
MOST_WAITING = 8
LOOK_AGAIN_S = 0.1


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

        Asked before each push: a token can be taken over by another socket, and Reflex
        logs a warning for each push to a closed one.
        """
        return bool(self.sid) and _namespace().token_to_sid.get(self.token) == self.sid

    @property
    def waiting(self) -> int:
        """How many packets wait for the line to take them."""
        sio = RegistrationContext.get().app.sio
        if sio is None:
            return 0
        line = sio.manager.eio_sid_from_sid(self.sid, _namespace().namespace)
        socket = sio.eio.sockets.get(line)
        return socket.queue.qsize() if socket else 0

    async def room(self) -> bool:
        """Wait until the line takes more; False if the socket is gone."""
        while self.is_open:
            if self.waiting < MOST_WAITING:
                return True
            await asyncio.sleep(LOOK_AGAIN_S)
        return False

    async def push(self, state: type[rx.State], values: dict[str, Any]) -> bool:
        """Send values of declared vars of `state`; False if the socket is gone."""
        if not self.is_open:
            return False
        delta = {
            state.get_full_name(): {name + FIELD_MARKER: value for name, value in values.items()}
        }
        await _namespace().emit_update(StateUpdate(delta=delta), self.token)
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
    """How long to wait between two pushes: longer when the event loop is behind."""

    def __init__(self) -> None:
        self._pause = SHORTEST_PAUSE_S

    async def wait(self) -> None:
        """Sleep; what comes meanwhile goes out as one piece."""
        began = time.perf_counter()
        await asyncio.sleep(self._pause)
        lag = time.perf_counter() - began - self._pause
        wanted = SHORTEST_PAUSE_S + 4 * max(0.0, lag)
        self._pause = min(LONGEST_PAUSE_S, 0.7 * self._pause + 0.3 * wanted)


class Watch:
    """A tab's following of one run. A tab follows one run at a time: a newer watch ends
    the one before, also when it is of the same run (after a gap)."""

    _current: ClassVar[dict[str, Watch]] = {}

    def __init__(self, socket: Socket, run_id: str) -> None:
        self.socket = socket
        self.run_id = run_id
        self._current[socket.token] = self

    @classmethod
    def exists(cls, socket: Socket, run_id: str) -> bool:
        """Whether this very socket follows that run already."""
        watch = cls._current.get(socket.token)
        return watch is not None and (watch.socket, watch.run_id) == (socket, run_id)

    @classmethod
    def leave(cls, socket: Socket) -> None:
        """The tab shows another chat: it follows nothing."""
        cls._current.pop(socket.token, None)

    @property
    def is_current(self) -> bool:
        """Whether this is still what the tab follows."""
        return self._current.get(self.socket.token) is self

    def end(self) -> None:
        """It is over; a newer watch stays."""
        if self.is_current:
            del self._current[self.socket.token]
