"""A tab that costs next to nothing, so that one process can run hundreds.

`LeanTab` is the Tab of tests/states/client.py on a websocket implementation of its own, read in one
pass without a task or a queue; it records when each piece of text arrived.
"""

from __future__ import annotations

import asyncio
import os
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from tests.states.client import (
    CHAT,
    COOKIE,
    MODEL_CHOICE,
    NAMESPACE,
    OPEN_CHAT,
    ROOT,
    STREAM,
    Answers,
    Refused,
    Tab,
)

_PACKET = f"42{NAMESPACE},".encode()
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_STREAM_ONLY = {STREAM}

# A connection may have to wait for a worker that is being restarted.
CONNECT_S = 30.0

Take = Callable[[bytes, float], None]


class Wire(asyncio.Protocol):
    """The client side of a websocket: unfragmented frames, no extensions.

    Args:
        take: called with each text message and its arrival time (time.monotonic()).
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._rest = b""
        self._transport: asyncio.Transport
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.status.done():
            self.status.set_result(0)
        if not self.closed.done():
            self.closed.set_result(time.monotonic())

    def data_received(self, data: bytes) -> None:
        moment = time.monotonic()
        data = self._rest + data if self._rest else data
        if not self.status.done():
            head, separator, rest = data.partition(b"\r\n\r\n")
            if not separator:
                self._rest = data
                return
            self.status.set_result(int(head.split(b" ", 2)[1]))
            data = rest
        at, end = 0, len(data)
        while end - at >= 2:
            size, begin = data[at + 1], at + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                size, begin = int.from_bytes(data[begin : begin + width], "big"), begin + width
            if begin + size > end:
                break
            self._frame(data[at] & 15, data[begin : begin + size], moment)
            at = begin + size
        self._rest = data[at:]

    def _frame(self, kind: int, payload: bytes, moment: float) -> None:
        if kind == _TEXT:
            self._take(payload, moment)
        elif kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE:
            self._transport.close()

    def _send(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes((128 | kind, 128 | size))
        elif size < 65536:
            head = bytes((128 | kind, 254)) + size.to_bytes(2, "big")
        else:
            head = bytes((128 | kind, 255)) + size.to_bytes(8, "big")
        # A mask of zeros leaves the bytes unchanged.
        self._transport.write(head + b"\0\0\0\0" + payload)

    def send(self, text: bytes) -> None:
        """Send a text message."""
        self._send(_TEXT, text)

    def close(self) -> None:
        """Disconnect."""
        self._transport.close()


async def open_wire(url: str, path: str, headers: dict[str, str], take: Take) -> Wire:
    """Perform the handshake. Raises Refused, or OSError if nothing is listening."""
    where = urlsplit(url)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {where.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_connection(
        lambda: Wire(take), where.hostname or "localhost", where.port or 80
    )
    transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        async with asyncio.timeout(CONNECT_S):
            status = await wire.status
    except BaseException:
        transport.close()
        raise
    if status == 0:
        raise ConnectionResetError("closed in the handshake")
    if status != 101:
        transport.close()
        raise Refused(status)
    return wire


class TimedAnswers(Answers):
    """Also records for each chunk of text when it arrived, and the length of the text at that time
    (in UTF-16 code units)."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0
        self.arrivals: dict[int, list[tuple[float, int]]] = {}

    def forget(self) -> None:
        """Forget what was streamed so far, before the next question."""
        self._streams.clear()
        self.arrivals.clear()

    def take(self, kind: str, chunk: Any) -> None:
        super().take(kind, chunk)
        if chunk and kind == "current_response":
            run = chunk["g"]
            arrivals = self.arrivals.setdefault(run, [])
            arrivals.append((self.moment, self.stream(run).length))


class FloorTab:
    """A tab for bench/floor.py, with `answers` and `ask` like LeanTab's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers = TimedAnswers()
        self.ended = asyncio.Event()
        self._wire: Wire

    async def connect(self) -> None:
        """Perform the handshake."""
        self._wire = await open_wire(self.url, "/", {}, self._take)

    def _take(self, frame: bytes, moment: float) -> None:
        chunk = orjson.loads(frame)
        if "end" in chunk:
            self.ended.set()
            return
        self.answers.moment = moment
        self.answers.take("current_response", chunk)

    def ask(self, text: str) -> None:
        """Ask without waiting."""
        self.ended.clear()
        self.answers.forget()
        self._wire.send(text.encode())

    def close(self) -> None:
        """Disconnect."""
        self._wire.close()


class LeanTab(Tab):
    """A Tab for load tests. `until` checks again only after messages other than text."""

    def __init__(self, url: str, cookie: str) -> None:
        super().__init__(url, cookie=cookie, keep_frames=False)
        self.headers["Cookie"] = f"{COOKIE}={cookie}"
        self.answers: TimedAnswers = TimedAnswers()
        self._wire: Wire | None = None

    async def connect(self, path: str | None = None) -> None:
        """Perform the handshake and join the namespace, like a browser. Raises Refused, OSError."""
        query = urlencode({"token": self.token, "EIO": "4", "transport": "websocket"})
        self.closed_at, self._joined = None, False
        self._wire = await open_wire(
            self.url, f"{NAMESPACE}/?{query}", self.headers, self.take_frame
        )
        self._wire.closed.add_done_callback(self._lost)
        try:
            await self._join(path)
        except BaseException:
            # An abandoned connection must not send messages later, next to its successor.
            self._wire.close()
            raise

    async def _join(self, path: str | None) -> None:
        boot = ""
        if path is not None:
            self._show(path)
            boot = orjson.dumps({"event": self._event(f"{ROOT}.hydrate_and_load", {})}).decode()
        await self.send_raw(f"40{NAMESPACE},{boot}")
        await self.until(lambda: self._joined or self.closed_at, CONNECT_S)
        if path is not None:
            await self.until(
                lambda: self.vars(ROOT).get("is_hydrated") or self.closed_at, CONNECT_S
            )
        if self.closed_at:
            raise ConnectionResetError("closed while the page opened")

    def _lost(self, closed: asyncio.Future[float]) -> None:
        # There may already be a new connection.
        if self._wire is not None and self._wire.closed is closed:
            self.closed_at = closed.result()
            self._changed.set()

    async def drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            await self._wire.closed

    async def send_raw(self, frame: str) -> None:
        assert self._wire is not None
        self._wire.send(frame.encode())

    def take_frame(self, frame: bytes, moment: float) -> None:
        """Handle one text message from the server."""
        size = len(frame)
        self.bytes_received += size + (2 if size < 126 else 4 if size < 65536 else 10)
        self.frame_count += 1
        if frame.startswith(_PACKET):
            packet = orjson.loads(frame[len(_PACKET) :])
            self.answers.moment = moment
            self._take_packet(packet)
            if packet[0] == "event" and packet[1].get("delta", {}).keys() == _STREAM_ONLY:
                return
        elif frame == b"2":
            assert self._wire is not None
            self._wire.send(b"3")
        elif frame.startswith(b"40"):
            # Engine.IO's own handshake packet has no namespace, and nothing follows it.
            self._joined = self._joined or frame.startswith(f"40{NAMESPACE}".encode())
        elif frame.startswith(f"41{NAMESPACE}".encode()):
            assert self._wire is not None
            self._wire.close()
        self._changed.set()

    async def ready(self) -> None:
        """Wait until the chat page accepts questions."""
        await self.until(lambda: self.vars(MODEL_CHOICE).get("model_id"))

    async def ask(self, text: str, key: str) -> None:
        """Send a question from an open chat page and wait until it has been accepted."""
        await self.call(CHAT, "send_message", text=text, key=key)
        await self.until(lambda: self.vars(CHAT).get("accepted_key") == key, 60.0)

    async def answered(self, timeout: float) -> dict[str, Any]:
        """Wait for the end of the answer; returns the message. Raises AssertionError."""
        await self.until(
            lambda: self.vars(OPEN_CHAT).get("busy") is False and self.vars(OPEN_CHAT)["messages"],
            timeout,
        )
        message: dict[str, Any] = self.vars(OPEN_CHAT)["messages"][-1]
        return message
