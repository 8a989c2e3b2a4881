"""Request bodies have to come, and not too many may be half-sent at once.

Whoever sends half a request holds a connection, and the server has so many. So there is a time
between two pieces of a body and one for the whole of it, and beyond a number of half-sent ones,
of one address or in all, the one that has waited longest goes: a body that really comes is
there within moments, and nobody who is slow on purpose keeps others out.

Open websockets are counted likewise; of those, one too many is not let in.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.errors import problem
from llm_ui.errors import TooSlow
from llm_ui.security.addresses import network_of


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a body may come.

    Args:
        pause: seconds between two pieces.
        whole: seconds for all of it, and one more for each `bytes_per_second` that came.
    """

    pause: float
    whole: float = 60.0
    bytes_per_second: int = 16 * 1024


ORDINARY = Pace(pause=10.0)
# A file comes over lines that stand still now and then.
UPLOAD = Pace(pause=30.0)
# How long the server's own threads need at most to let go of a request.
LET_GO_S = 0.2
HALF_SENT_OF_ONE = 100
# Parts of the files that the process may open, which connections are: half-sent requests, and
# websockets of everybody and of one address.
HALF_SENT_SHARE, SOCKETS_SHARE, SOCKETS_OF_ONE_SHARE = 16, 4, 16


def open_files() -> int:
    """How many files and connections this process may have open."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**20 if most == resource.RLIM_INFINITY else int(most)


class _Body:
    """A body on its way: whose it is, and what has come of it in how long."""

    def __init__(self, network: str, pace: Pace) -> None:
        self.network = network
        self.is_whole = False
        self._pace = pace
        self._size = 0
        self._waited = 0.0
        self._timer: asyncio.Timeout | None = None

    async def wait(self, receive: Receive) -> Message:
        """The next piece. Raises TimeoutError."""
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
        """Wait no longer."""
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(asyncio.get_running_loop().time())


class HalfSent:
    """The bodies that are being waited for, whoever has waited longest first.

    Args:
        of_one: how many of one network.
        in_all: how many of everybody.
    """

    def __init__(self, of_one: int, in_all: int) -> None:
        self._of_one, self._in_all = of_one, in_all
        # Dictionaries keep the order in which bodies were put in.
        self._all: dict[_Body, None] = {}
        self._by_network: dict[str, dict[_Body, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    async def piece(self, body: _Body, receive: Receive) -> Message:
        """The next piece of a body. Raises TimeoutError: it takes too long, or others came."""
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
    """Whether a request's headers announce one."""
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


class BodiesInTime:
    """Answers 408 where a body does not come, and lets whoever waits for it go.

    Args:
        is_upload: whether a request brings a file.
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
                # The server lets go of the request in a thread of its own; an answer that comes
                # before it has done so is lost, and its connection stays.
                await asyncio.sleep(LET_GO_S)
                if not has_begun:
                    await problem(TooSlow(), scope)(scope, receive, send)
            # To the app it looks as if the caller had gone.
            return {"type": "http.disconnect"}

        async def unless_late(message: Message) -> None:
            nonlocal has_begun
            if is_late and not has_begun:
                return
            has_begun = True
            await send(message)

        await self.app(scope, in_time, unless_late)


class OpenSockets:
    """Refuses a websocket too many, of one address or in all: each is a connection for as long
    as its owner likes."""

    def __init__(self, app: ASGIApp, of_one: int = 0, in_all: int = 0) -> None:
        self.app = app
        self._of_one = of_one or max(100, open_files() // SOCKETS_OF_ONE_SHARE)
        self._in_all = in_all or max(100, open_files() // SOCKETS_SHARE)
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        network = network_of((scope.get("client") or ("", 0))[0])
        if self._open[network] >= self._of_one or self._open.total() >= self._in_all:
            await receive()
            await send({"type": "websocket.close", "code": 1013})
            return
        self._open[network] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]
