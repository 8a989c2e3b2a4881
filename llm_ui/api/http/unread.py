"""Close connections whose peer has stopped reading.

A client that sends a request and doesn't read the response holds a connection, an open file and
megabytes of kernel buffers. The web server waits for it indefinitely and doesn't tell the
application: once handed over, a response (for a file, just its name) is out of the application's
hands. The kernel knows what hasn't been acknowledged, so the sockets of this process are inspected
every few seconds.

Only Linux exposes this about a socket; elsewhere, a proxy has to buffer responses.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from llm_ui.api.http.bodies import open_files
from llm_ui.api.http.unended import Unended, sockets
from llm_ui.security.client_addresses import network_of

# How long a peer may read more slowly than this while data is waiting for it.
PATIENCE_S, BYTES_PER_SECOND = 30.0, 512
LOOK_EVERY_S = 5.0
# How many connections of one network may make almost no progress between two passes; and in total,
# as a divisor of the open file limit.
UNREAD_OF_ONE, UNREAD_SHARE = 100, 16
# How much of a response the kernel buffers per connection.
SEND_BUFFER = 256 * 1024
# Linux: the ioctl for unsent bytes, the `struct tcp_info` states that we have not closed
# (ESTABLISHED and CLOSE_WAIT), and the offset of the acknowledged byte count.
SIOCOUTQNSD = 0x894B
OPEN_STATES = (1, 8)
ACKED_AT, ACKED_END = 120, 128
RESET = struct.pack("ii", 1, 0)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Data waiting to be read, and since when too little of it has been."""

    taken: int
    since: float


class Unread:
    """Closes connections to this process whose peers don't read.

    Args:
        of_one: how many connections of one network may stall at once; 0 for the same as `in_all`,
            as all connections come from one network behind a proxy.
        in_all: how many connections may stall in total.
        unended: finds connections that hold back the rest of a message, in the same pass.
    """

    def __init__(
        self, of_one: int = UNREAD_OF_ONE, in_all: int = 0, unended: Unended | None = None
    ) -> None:
        self._unended = unended or Unended()
        self._in_all = in_all or max(UNREAD_OF_ONE, open_files() // UNREAD_SHARE)
        self._of_one = of_one or self._in_all
        self._waiting: dict[int, Waiting] = {}
        self._ports: set[int] = set()

    async def keep_looking(self) -> None:
        """Run passes until the server stops."""
        while sys.platform == "linux":
            try:
                await asyncio.to_thread(self.look, time.monotonic())
            except Exception:
                logger.exception("could not check connections; trying again")
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self, moment: float) -> int:
        """Close connections that stall or hold back a message; returns how many were closed."""
        over: set[int] = set()
        self._unended.begin()
        waiting: dict[int, Waiting] = {}
        standing: list[tuple[float, int, str]] = []
        for inode, line in self._lines():
            # A connection reset just now raises; carry on with the others.
            with contextlib.suppress(OSError, struct.error):
                self._unended.see(inode, line)
                found = self._judged(inode, line, moment)
                if found is None:
                    continue
                waiting[inode] = found
                if moment - found.since >= PATIENCE_S:
                    over.add(inode)
                elif found.since < moment:
                    standing.append((found.since, inode, network_of(line.getpeername()[0])))
        over |= self._too_many(sorted(standing)) | self._unended.end()
        self._waiting = {inode: each for inode, each in waiting.items() if inode not in over}
        if not over:
            return 0
        return sum(_close(inode, line) for inode, line in self._lines() if inode in over)

    def _judged(self, inode: int, line: socket.socket, moment: float) -> Waiting | None:
        """The state of a connection; None if nothing is waiting for its peer."""
        if not struct.unpack("i", fcntl.ioctl(line, SIOCOUTQNSD, bytes(4)))[0]:
            return None
        told = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED_END)
        if told[0] not in OPEN_STATES:
            return None
        taken = struct.unpack("Q", told[ACKED_AT:ACKED_END])[0]
        before = self._waiting.get(inode)
        if before is None or taken - before.taken >= BYTES_PER_SECOND * PATIENCE_S:
            return Waiting(taken, moment)
        return before

    def _too_many(self, standing: list[tuple[float, int, str]]) -> set[int]:
        """The connections beyond the limits, longest stalled first."""
        by_network: dict[str, list[int]] = {}
        for _, inode, network in standing:
            by_network.setdefault(network, []).append(inode)
        found = {
            inode for own in by_network.values() for inode in own[: max(0, len(own) - self._of_one)]
        }
        left = [inode for _, inode, _ in standing if inode not in found]
        return found | set(left[: max(0, len(left) - self._in_all)])

    def _lines(self) -> Iterator[tuple[int, socket.socket]]:
        """The connections to this process, each with its inode. Sets a small send buffer for future
        ones."""
        for inode, line in sockets():
            # The server may have closed it in the meantime.
            with contextlib.suppress(OSError):
                port = line.getsockname()[1]
                if line.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                    self._ports.add(port)
                elif port in self._ports:
                    yield inode, line


def _close(inode: int, line: socket.socket) -> bool:
    """Reset the connection and discard unsent data. Does nothing if the socket has been replaced or
    the peer has already closed it, so that the remaining connections are still closed."""
    with contextlib.suppress(OSError):
        if os.fstat(line.fileno()).st_ino == inode:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            line.shutdown(socket.SHUT_RDWR)
            return True
    return False


class AnswersAreRead:
    """Runs `unread` for as long as the application runs."""

    def __init__(self, app: ASGIApp, unread: Unread) -> None:
        self.app = app
        self._unread = unread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        looking = asyncio.create_task(self._unread.keep_looking(), name="unread answers")
        try:
            await self.app(scope, receive, send)
        finally:
            looking.cancel()
