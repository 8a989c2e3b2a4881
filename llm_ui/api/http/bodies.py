"""Time out request bodies that arrive too slowly, and limit how many may be incomplete at once.

An incomplete request holds one of the server's limited connections. So there is a timeout between
two chunks of a body and another for the whole body. If too many requests are incomplete, from one
address or in total, the one that has waited longest is dropped: genuine bodies arrive within
moments, and deliberately slow clients can't lock others out.

Open websockets are limited in the same way.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.http.errors import problem
from llm_ui.errors import TooSlow
from llm_ui.security.client_addresses import network_of, wide_network_of
from llm_ui.security.limits import OPEN_SOCKET


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a body may arrive.

    Args:
        pause: seconds allowed between two chunks.
        whole: seconds allowed for the entire body, plus one for each `bytes_per_second` received.
    """

    pause: float
    whole: float = 60.0
    bytes_per_second: int = 16 * 1024


ORDINARY = Pace(pause=10.0)
# Uploads may come over connections that stall now and then.
UPLOAD = Pace(pause=30.0)
# The longest that the server's own threads need to release a request.
LET_GO_S = 0.2
HALF_SENT_OF_ONE = 100
# Connections count as open files. These are divisors of the process's open file limit: for
# half-sent requests, for all websockets together, for the websockets of addresses that may belong
# to one customer, and for those of one address.
HALF_SENT_SHARE, SOCKETS_SHARE, SOCKETS_OF_WIDE_SHARE, SOCKETS_OF_ONE_SHARE = 16, 4, 8, 16
SOCKETS_AT_LEAST = 100
SOCKETS_OF_PERSON = 100
# The close code for websockets over the limit, how long a dropped one may take to close, and what
# fraction of the allowed websockets may be closing at once.
TRY_LATER, LET_DROP_S, PRESS_EVERY_S, GOING_SHARE = 1013, 1.0, 0.2, 8


def open_files() -> int:
    """The number of files and connections that this process may have open."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**20 if most == resource.RLIM_INFINITY else int(most)


class _Body:
    """A request body in transit: its network, and how much has arrived in how much time."""

    def __init__(self, network: str, pace: Pace) -> None:
        self.network = network
        self.is_whole = False
        self._pace = pace
        self._size = 0
        self._waited = 0.0
        self._timer: asyncio.Timeout | None = None

    async def wait(self, receive: Receive) -> Message:
        """Receive the next chunk. Raises TimeoutError."""
        pace = self._pace
        left = pace.whole + self._size / pace.bytes_per_second - self._waited
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(pace.pause, left))) as self._timer:
                message = await receive()
        finally:
            self._timer = None
            self._waited += time.monotonic() - began
        self._size += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)
        return message

    def give_up(self) -> None:
        """Stop waiting."""
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(asyncio.get_running_loop().time())


class HalfSent:
    """The bodies being waited for, longest wait first.

    Args:
        of_one: the limit for one network.
        in_all: the limit in total.
    """

    def __init__(self, of_one: int, in_all: int) -> None:
        self._of_one, self._in_all = of_one, in_all
        # Dicts preserve insertion order, so the oldest body comes first.
        self._all: dict[_Body, None] = {}
        self._by_network: dict[str, dict[_Body, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    async def piece(self, body: _Body, receive: Receive) -> Message:
        """Receive the next chunk of a body. Raises TimeoutError if it takes too long or is dropped
        to make room for others."""
        own = self._by_network.setdefault(body.network, {})
        if len(own) >= self._of_one:
            self._drop(next(iter(own)))
        elif len(self._all) >= self._in_all:
            self._drop(next(iter(self._all)))
        self._by_network.setdefault(body.network, own)[body] = None
        self._all[body] = None
        try:
            return await body.wait(receive)
        finally:
            self._forget(body)

    def _drop(self, body: _Body) -> None:
        self._forget(body)
        body.give_up()

    def _forget(self, body: _Body) -> None:
        self._all.pop(body, None)
        own = self._by_network.get(body.network, {})
        own.pop(body, None)
        if not own:
            self._by_network.pop(body.network, None)


def has_body(headers: Headers) -> bool:
    """Whether the headers announce a request body."""
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


class BodiesInTime:
    """Responds with 408 if a body doesn't arrive in time, and disconnects the app waiting for it.

    Args:
        is_upload: whether a request uploads a file.
    """

    def __init__(
        self,
        app: ASGIApp,
        is_upload: Callable[[Scope], bool],
        *,
        ordinary: Pace = ORDINARY,
        upload: Pace = UPLOAD,
        half_sent: HalfSent | None = None,
    ) -> None:
        self.app = app
        self._is_upload = is_upload
        self._ordinary, self._upload = ordinary, upload
        if half_sent is None:
            in_all = max(HALF_SENT_OF_ONE, open_files() // HALF_SENT_SHARE)
            half_sent = HalfSent(HALF_SENT_OF_ONE, in_all)
        self._half_sent = half_sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not has_body(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        pace = self._upload if self._is_upload(scope) else self._ordinary
        body = _Body(network_of((scope.get("client") or ("", 0))[0]), pace)
        is_late = has_begun = False

        async def in_time() -> Message:
            nonlocal is_late
            if body.is_whole:
                return await receive()
            if not is_late:
                try:
                    return await self._half_sent.piece(body, receive)
                except TimeoutError:
                    is_late = True
                # The server releases the request in a thread of its own; a response sent before
                # then is lost, and the connection stays open.
                await asyncio.sleep(LET_GO_S)
                if not has_begun:
                    await problem(TooSlow(), scope)(scope, receive, send)
            # The app sees this as a client disconnect.
            return {"type": "http.disconnect"}

        async def unless_late(message: Message) -> None:
            nonlocal has_begun
            if is_late and not has_begun:
                return
            has_begun = True
            await send(message)

        await self.app(scope, in_time, unless_late)


class OpenSocket:
    """An open websocket and its owner, "" while nobody is authenticated on it."""

    def __init__(self, sockets: OpenSockets, address: str) -> None:
        self.groups = (network_of(address), f"wide {wide_network_of(address)}", "")
        self.owner = ""
        self.is_going = False
        self._has_come = False
        self._sockets = sockets
        self._task = asyncio.current_task()
        self._waiting: asyncio.Future[Message] | None = None
        self._ending: asyncio.TimerHandle | None = None

    def belongs_to(self, user_id: str) -> None:
        """Record the authenticated user; "" once nobody is authenticated any more."""
        if user_id != self.owner and not self.is_going:
            self._sockets.own(self, user_id)

    def drop(self) -> None:
        """Make the application close the websocket. If it doesn't, its task is canceled shortly
        after."""
        if self.is_going:
            return
        self.is_going = True
        if self._waiting is not None:
            self._waiting.cancel()
        self._ending = asyncio.get_running_loop().call_later(LET_DROP_S, self._press)

    def _press(self) -> None:
        """Cancel the task until it ends: its writer is waiting for a peer that doesn't read, and
        mistakes a cancellation or two for a connection error."""
        if self._task is not None:
            self._task.cancel()
        self._ending = asyncio.get_running_loop().call_later(PRESS_EVERY_S, self._press)

    def end(self) -> None:
        """Mark the websocket as closed."""
        self.is_going = True
        if self._ending is not None:
            self._ending.cancel()
        # The server's own objects refer to these and back, unseen by garbage collection.
        self._waiting = self._task = None

    async def next(self, receive: Receive) -> Message:
        """Receive the next message. Once the websocket is dropped, the application sees a
        disconnect, but only after it has received the connect message."""
        if not self._has_come:
            self._has_come = True
            return await receive()
        if not self.is_going:
            self._waiting = asyncio.ensure_future(receive())
            try:
                return await self._waiting
            except asyncio.CancelledError:
                if not self.is_going:
                    raise
        return {"type": "websocket.disconnect", "code": TRY_LATER}


class OpenSockets:
    """Limits the number of open websockets: of one address, of addresses that may belong to one
    customer, of one user, and in total. Each holds a connection for as long as its client likes.

    At a limit, the oldest unauthenticated websocket is closed, or, at the limit for one user,
    that user's oldest. If there is none to close, the new websocket is refused.

    Args:
        of_one: the limit for one network.
        of_wide: the limit for the networks that are usually assigned together.
        in_all: the limit in total.
    """

    def __init__(self, app: ASGIApp, of_one: int = 0, of_wide: int = 0, in_all: int = 0) -> None:
        self.app = app
        shares = (SOCKETS_OF_ONE_SHARE, SOCKETS_OF_WIDE_SHARE, SOCKETS_SHARE)
        given = (of_one, of_wide, in_all)
        self._bounds = tuple(
            bound or max(SOCKETS_AT_LEAST, open_files() // share)
            for bound, share in zip(given, shares, strict=True)
        )
        # Dicts preserve insertion order, so the oldest socket comes first.
        self._open: dict[str, dict[OpenSocket, None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        own = OpenSocket(self, (scope.get("client") or ("", 0))[0])
        if not self._make_room(own):
            await receive()
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        for group in own.groups:
            self._open.setdefault(group, {})[own] = None
        try:
            await self.app({**scope, OPEN_SOCKET: own}, lambda: own.next(receive), send)
        except asyncio.CancelledError:
            # The task was canceled because its writer was waiting for a peer that doesn't read.
            if not own.is_going:
                raise
        finally:
            own.end()
            self.own(own, "")
            for group in own.groups:
                self._remove(group, own)

    def own(self, socket: OpenSocket, user_id: str) -> None:
        """Set the owner. If that user has too many websockets, the oldest is dropped."""
        if socket.owner:
            self._remove(f"person {socket.owner}", socket)
        socket.owner = user_id
        if user_id:
            theirs = self._open.setdefault(f"person {user_id}", {})
            theirs[socket] = None
            if len(theirs) > SOCKETS_OF_PERSON:
                oldest = next(iter(theirs))
                self.own(oldest, "")
                oldest.drop()

    def _make_room(self, own: OpenSocket) -> bool:
        for group, bound in zip(own.groups, self._bounds, strict=True):
            held = self._open.get(group, {})
            going = sum(each.is_going for each in held) if len(held) >= bound else 0
            # A dropped websocket takes a moment to close, so only a few may be closing at once.
            most_going = max(1, bound // GOING_SHARE)
            if len(held) - min(going, most_going) >= bound:
                oldest = next((e for e in held if not e.owner and not e.is_going), None)
                if oldest is None or going >= most_going:
                    return False
                oldest.drop()
        return True

    def _remove(self, group: str, socket: OpenSocket) -> None:
        held = self._open.get(group, {})
        held.pop(socket, None)
        if not held:
            self._open.pop(group, None)
