"""Pushing values to a tab without using its state.

A push is an ordinary delta of a declared var, but built by hand: no state lock, no pickling,
nothing stored. It is the same frame that Reflex's `emit_update` would send, written directly to the
tab's Engine.IO socket: emit_update costs two tasks, a room lookup and a slow JSON encoder for each
push.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
import reflex as rx

from llm_ui import reflex_internals
from llm_ui.reflex_internals import FIELD_MARKER

# Less than the pause between reads from a model (wire/coalescing.py), which sets the pace unless
# there is another source.
SHORTEST_PAUSE_S = 0.04
# How many packets may be queued in a socket, and how often to check whether they have been sent.
MOST_UNSENT = 4
UNSENT_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Socket:
    """A tab's token, and its socket when pushing to it began."""

    token: str
    sid: str

    @property
    def is_open(self) -> bool:
        """Whether the token still belongs to that socket on this worker.

        This is checked before each push, because another socket can take over a token.
        """
        return reflex_internals.is_held(self.token, self.sid)

    def _engine_socket(self) -> Any:
        """The underlying Engine.IO socket; None if it is closed."""
        return reflex_internals.engine_socket(self.sid) if self.is_open else None

    async def push(self, state: type[rx.State], values: Mapping[str, object]) -> bool:
        """Send values of declared vars of `state`, which must be plain JSON; returns False if the
        socket is closed. Waits until the socket has sent earlier packets, so that they don't pile
        up for a slow or frozen browser."""
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
        await reflex_internals.send_event(socket, body)
        # The packet is only queued so far: let the socket's writer run.
        await asyncio.sleep(0)
        return True

    async def close(self) -> None:
        """Disconnect the socket; its page reconnects with its current cookie."""
        if self.is_open:
            await reflex_internals.disconnect(self.sid)


def socket_of(state: rx.State) -> Socket:
    """The socket that sent the current event."""
    session = state.router.session
    return Socket(session.client_token, session.session_id)


class Pace:
    """Keeps pushes apart if their source doesn't pause by itself."""

    def __init__(self) -> None:
        self._last = 0.0

    async def wait(self) -> None:
        """Call after a push: sleeps if it closely followed the previous one, so that text that
        arrives in the meantime is sent as one piece."""
        since, self._last = time.perf_counter() - self._last, time.perf_counter()
        if since < SHORTEST_PAUSE_S:
            await asyncio.sleep(SHORTEST_PAUSE_S)
            self._last = time.perf_counter()


# A page shows two answers at most, but anybody can request more.
MOST_WATCHES = 4


class Watch:
    """A tab following one run. A newer watch of the same run (after a gap) replaces it; above the
    limit, the oldest watch ends."""

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
        """Whether this very socket already follows the run."""
        watch = cls._current.get(socket.token, {}).get(run_id)
        return watch is not None and watch.socket == socket

    @classmethod
    def leave(cls, socket: Socket) -> None:
        """Stop following anything: the tab shows another chat."""
        cls._current.pop(socket.token, None)

    @property
    def is_current(self) -> bool:
        """Whether this watch hasn't been replaced."""
        return self._current.get(self.socket.token, {}).get(self.run_id) is self

    def end(self) -> None:
        """End the watch, but not a newer one that replaced it."""
        if self.is_current:
            watches = self._current[self.socket.token]
            del watches[self.run_id]
            if not watches:
                del self._current[self.socket.token]
