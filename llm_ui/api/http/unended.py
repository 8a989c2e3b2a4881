"""Close websockets that send a large part of a message and hold back the rest.

A message may arrive in fragments. The web server assembles them, up to 64 MB for each websocket,
before the application sees any of it, and waits indefinitely for the last fragment. The kernel
knows how many bytes have arrived, so that is compared with what the application received.

Only Linux exposes this about a socket.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
import sys
import termios
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.security.client_addresses import caller_of
from llm_ui.security.limits import Allowance

MEGABYTE = 1024 * 1024
# How many bytes of one incomplete message may be held (more than any accepted message has), and how
# many bytes of all incomplete messages together.
HELD_OF_ONE, HELD_IN_ALL = 4 * MEGABYTE, 128 * MEGABYTE
# Linux: the offset of the received byte count in `struct tcp_info`.
CAME_AT, CAME_END = 128, 136
# How often, within how many seconds, all connections may be searched for a single one, which is
# slow on a busy server. Beyond that, connections are assumed to be new.
SEARCHES, SEARCHES_S = 10, 5.0
# The bytes around a request's path, and around each header's name and value.
LINE, HEADER = len("  HTTP/1.1\r\n\r\n"), len(": \r\n")

Peer = tuple[str, int]


@dataclass(slots=True, eq=False)
class Line:
    """A websocket, and how many bytes of its connection the application has received."""

    peer: Peer
    told: int


class Unended:
    """Finds the websockets that hold back the rest of a message.

    Args:
        of_one: how many bytes of one message may be held.
        in_all: how many bytes in total; beyond that, the largest are closed first.
    """

    def __init__(self, of_one: int = HELD_OF_ONE, in_all: int = HELD_IN_ALL) -> None:
        self._of_one, self._in_all = of_one, in_all
        # Keyed by the peer, the only thing that is known about a connection on both sides. A peer
        # may have several connections from one port to several of our addresses; the web server
        # reports only the address it listens on.
        self._lines: dict[Peer, list[Line]] = {}
        self._askers: set[Peer] = set()
        # The connections are inspected in a thread of their own.
        self._lock = threading.Lock()
        # For the current pass over all connections: peers not seen yet, and the held bytes by
        # inode.
        self._missing: set[Peer] = set()
        self._held: dict[int, int] = {}
        self._searches = Allowance(SEARCHES, SEARCHES_S)

    def asks(self, scope: Scope) -> None:
        """Record a request over a connection, which may later become a websocket."""
        with self._lock:
            self._askers.add(_peer(scope["client"]))

    def line(self, scope: Scope) -> Line:
        """Register a new websocket."""
        peer = _peer(scope["client"])
        told = _head(scope)
        is_known = peer in self._askers or peer in self._lines
        # Bytes from earlier requests over this connection, or from an earlier connection of that
        # port, don't belong to a message of this websocket.
        if is_known and self._searches.take(""):
            told = _fetched(peer, told)
        found = Line(peer, told)
        with self._lock:
            self._lines.setdefault(peer, []).append(found)
        return found

    def over(self, line: Line) -> None:
        """Unregister a websocket that has closed, and its connection with it."""
        with self._lock:
            lines = self._lines[line.peer]
            lines.remove(line)
            if not lines:
                del self._lines[line.peer]

    def begin(self) -> None:
        """Start a pass over all connections."""
        with self._lock:
            self._missing = set(self._askers)
        self._held = {}

    def see(self, inode: int, line: socket.socket) -> None:
        """Inspect one connection. Raises OSError or struct.error if it has closed."""
        peer = _peer(line.getpeername())
        self._missing.discard(peer)
        with self._lock:
            told = min((each.told for each in self._lines.get(peer, ())), default=None)
        if told is not None:
            self._held[inode] = _fetched_of(line) - told

    def end(self) -> set[int]:
        """Finish the pass; returns the inodes of the connections to close."""
        with self._lock:
            self._askers -= self._missing
        over = {inode for inode, held in self._held.items() if held > self._of_one}
        left = sorted(
            (max(0, held), inode) for inode, held in self._held.items() if inode not in over
        )
        total = sum(held for held, _ in left)
        while total > self._in_all:
            held, inode = left.pop()
            total -= held
            over.add(inode)
        return over


def _peer(address: Sequence[Any]) -> Peer:
    # The web server passes the port as a string.
    return caller_of(address[0], (), 0), int(address[1])


def _fetched_of(line: socket.socket) -> int:
    """How many bytes of a connection the server has read. The rest is in the kernel, which buffers
    little. Raises OSError, struct.error."""
    came = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, CAME_END)[CAME_AT:CAME_END]
    unfetched: int = struct.unpack("i", fcntl.ioctl(line, termios.FIONREAD, bytes(4)))[0]
    return int(struct.unpack("Q", came)[0]) - unfetched


def _fetched(peer: Peer, otherwise: int) -> int:
    """The same, by peer: the minimum over its connections; `otherwise` if all have closed."""
    found = []
    for _, line in sockets():
        with contextlib.suppress(OSError, struct.error):
            if _peer(line.getpeername()) == peer:
                found.append(_fetched_of(line))
    return min(found, default=otherwise)


def sockets() -> Iterator[tuple[int, socket.socket]]:
    """This process's TCP sockets, each with its inode. Inspect them, but never close them.

    Nothing is opened, duplicated or closed here: closing any descriptor of a file drops all locks
    that the process holds on it, including SQLite's on the database.
    """
    for name in os.listdir("/proc/self/fd"):
        try:
            told = os.stat(f"/proc/self/fd/{name}")
            if not stat.S_ISSOCK(told.st_mode):
                continue
            line = socket.socket(fileno=int(name))
        except OSError:
            continue  # closed in the meantime, or reused for another kind of file
        try:
            if line.family in (socket.AF_INET, socket.AF_INET6):
                yield told.st_ino, line
        finally:
            line.detach()


def _head(scope: Scope) -> int:
    """The number of bytes in a request's first line and headers."""
    path = scope.get("raw_path") or scope["path"].encode()
    first = len(scope.get("method", "GET")) + len(path) + len(scope.get("query_string", b"")) + LINE
    return first + sum(len(name) + len(value) + HEADER for name, value in scope["headers"])


def _size(message: Message) -> int:
    """The number of bytes of a websocket message, including its frame."""
    if message["type"] != "websocket.receive":
        return 0
    size = len((message.get("text") or "").encode()) + len(message.get("bytes") or b"")
    return size + (6 if size < 126 else 8 if size < 65536 else 14)


class MessagesEnd:
    """Reports to `unended` what the application receives."""

    def __init__(self, app: ASGIApp, unended: Unended) -> None:
        self.app = app
        self._unended = unended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_looked_at = sys.platform == "linux" and scope["type"] in ("http", "websocket")
        if not is_looked_at or not scope.get("client"):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http":
            self._unended.asks(scope)
            await self.app(scope, receive, send)
            return
        line = self._unended.line(scope)

        async def told() -> Message:
            message = await receive()
            line.told += _size(message)
            return message

        try:
            await self.app(scope, told, send)
        finally:
            self._unended.over(line)
