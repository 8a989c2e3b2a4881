"""The scripted server itself: a small HTTP/1.1 server on asyncio, no framework."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from tests.scripted.dialects import (
    BY_PATH,
    LLM_API,
    MODEL_NAMES,
    OPENAI,
    Dialect,
    model_lists,
    whole_answer,
)
from tests.scripted.images import PAGE, PATH, PICTURE, answer, png
from tests.scripted.ollama import DELETE, PULL, Disk
from tests.scripted.player import play
from tests.scripted.script import Script, parse_script

__all__ = ["ConnectionRecord", "ScriptedServer", "scripted_server"]

# How a pull of a model whose name says so goes.
SLOW_RATE = 5.0
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests"}


@dataclass
class RequestRecord:
    """One request. Times are time.monotonic() (the same clock in every process)."""

    path: str
    model: str
    body: dict[str, Any]
    headers: dict[str, str]
    started: float
    sent: int = 0  # pieces (tokens and reasoning) that have left
    paced_from: float | None = None  # piece i was due at paced_from + i / rate
    latest: float = 0.0  # by how much a piece left later than that, at worst
    ended: float | None = None
    ending: str = ""  # done, cut, refused, or aborted: the client went away


@dataclass
class ConnectionRecord:
    """One TCP connection and what was asked over it."""

    id: int
    opened: float
    closed: float | None = None
    requests: list[RequestRecord] = field(default_factory=list)


class ScriptedServer:
    """The control object: what to answer next, and what has happened.

    `queue` holds scripts for the next requests, first come first served; `always`
    is used when it is empty; without either, the request itself says what it wants.
    """

    def __init__(self) -> None:
        self.queue: deque[Script] = deque()
        self.always: Script | None = None
        self.model_names: tuple[str, ...] = MODEL_NAMES
        self.connections: list[ConnectionRecord] = []
        self.disk = Disk()
        self.host = "127.0.0.1"
        self.port = 0
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._live: set[_Connection] = set()

    @property
    def url(self) -> str:
        """The address, without a slash at its end; the base URL for every protocol."""
        return f"http://{self.host}:{self.port}"

    @property
    def requests(self) -> list[RequestRecord]:
        """Every chat request so far, in the order in which they came."""
        found = [r for c in self.connections for r in c.requests]
        return sorted(found, key=lambda r: r.started)

    def script(self, text: str | Script) -> None:
        """Add a script for the next request that no earlier one has taken."""
        parsed = parse_script(text) if isinstance(text, str) else text
        if parsed is None:
            raise ValueError(f"not a script: {text!r}")
        self.queue.append(parsed)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port, backlog=1024)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._live):
            connection.abort()
        await asyncio.sleep(0)

    def changed(self) -> None:
        """Wake whoever waits in `until`."""
        self._changed.set()

    async def until_closed(self, index: int = -1, timeout: float = 5.0) -> float:
        """Wait until the index-th connection is closed; returns its closing time."""
        async with asyncio.timeout(timeout):
            while not self.connections or self.connections[index].closed is None:
                self._changed.clear()
                await self._changed.wait()
        closed = self.connections[index].closed
        assert closed is not None
        return closed

    def choose(self, model: str, body: dict[str, Any]) -> Script:
        """The script for a request: queue, `always`, last user message, model name."""
        if self.queue:
            return self.queue.popleft()
        if self.always is not None:
            return self.always
        for message in reversed(body.get("messages") or []):
            if message.get("role") == "user":
                if asked := parse_script(_text(message.get("content"))):
                    return asked
                break
        if asked := parse_script(_text(body.get("prompt"))):
            return asked
        return parse_script(model) or Script(markdown=True, tokens=60)


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


class _Connection(asyncio.Protocol):
    def __init__(self, server: ScriptedServer) -> None:
        self._control = server
        self._buffer = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport
        self._record: ConnectionRecord

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._record = ConnectionRecord(len(self._control.connections), time.monotonic())
        self._control.connections.append(self._record)
        self._control._live.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._record.closed = time.monotonic()
        self._writable.set()
        if self._task is not None:
            self._task.cancel()
        self._control._live.discard(self)
        self._control.changed()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        work = self._answer(method, path.partition("?")[0], headers, rest[:length])
        self._task = asyncio.get_running_loop().create_task(work)

    async def _send(self, data: bytes) -> None:
        self._transport.write(data)
        await self._writable.wait()

    async def _json(self, status: int, value: Any, *extra: str) -> None:
        body = orjson.dumps(value)
        lines = [
            f"HTTP/1.1 {status} {_REASONS.get(status, 'Scripted')}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            *extra,
        ]
        await self._send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def _answer(self, method: str, path: str, headers: dict[str, str], raw: bytes) -> None:
        if path == "/__connections":
            await self._json(200, [asdict(c) for c in self._control.connections])
            return
        if method == "GET" and path in (PICTURE, PAGE):
            is_image = path == PICTURE
            body = png() if is_image else b"<h1>No picture</h1>"
            await self._bytes("image/png" if is_image else "text/html", body)
            return
        listed = model_lists(self._control.model_names).get(path)
        dialect = BY_PATH.get(path)
        if method == "GET" and path == "/api/tags":
            listed = self._control.disk.tags(self._control.model_names)
        if path == DELETE:
            await self._delete(method, raw)
            return
        if method == "GET" and listed is not None:
            await self._json(200, listed)
            return
        if method != "POST" or (dialect is None and path not in (PATH, PULL)):
            await self._json(404, {"error": {"message": f"no route {path}"}})
            return
        body = orjson.loads(raw)
        record = RequestRecord(path, str(body.get("model", "")), body, headers, time.monotonic())
        self._record.requests.append(record)
        script = self._control.choose(record.model, body)
        try:
            if path == PULL:
                record.ending = await self._pull(script, record)
            elif dialect is None:
                record.ending = await self._images(script, record)
            else:
                record.ending = await self._chat(script, dialect, record)
        except asyncio.CancelledError:
            record.ending = "aborted"
            raise
        finally:
            record.ended = time.monotonic()
            self._control.changed()

    async def _chat(self, script: Script, dialect: Dialect, record: RequestRecord) -> str:
        if script.stall_headers:
            await asyncio.sleep(86_400)
        refusal = script.error, script.error_message
        if script.reject_stream_options and "stream_options" in record.body:
            refusal = 400, "unknown field stream_options"
        if refusal[0]:
            extra = [f"retry-after: {script.retry_after}"] if script.retry_after else []
            await self._json(refusal[0], dialect.error_body(*refusal), *extra)
            return "refused"
        streamed = record.path == "/v1/chat/stream" or record.body.get(
            "stream", dialect.name == "ollama"
        )
        if not streamed or (dialect is LLM_API and record.path == "/v1/chat"):
            await self._whole(script, dialect)
            return "done"
        if dialect is OPENAI and not (record.body.get("stream_options") or {}).get("include_usage"):
            script = Script(**{**asdict(script), "no_usage": True})
        head = (
            f"HTTP/1.1 200 OK\r\ncontent-type: {dialect.content_type}\r\ntransfer-encoding: chunked"
        )
        close = "\r\nconnection: close" if script.no_keep_alive else ""
        await self._send(f"{head}{close}\r\n\r\n".encode())

        ending = await play(script, dialect, record.model, self._send, record)
        if ending == "cut" or script.no_keep_alive:
            self._transport.close()
        return ending

    async def _images(self, script: Script, record: RequestRecord) -> str:
        if script.stall_headers:
            await asyncio.sleep(86_400)
        refusal = script.error, script.error_message
        if script.reject_response_format and "response_format" in record.body:
            refusal = 400, "Unknown parameter: 'response_format'."
        elif not record.body.get("prompt"):
            refusal = 400, "prompt is missing"
        if refusal[0]:
            await self._json(refusal[0], OPENAI.error_body(*refusal))
            return "refused"
        await asyncio.sleep(script.delay)
        await self._json(200, answer(script, record.body, self._control.url))
        return "done"

    async def _pull(self, script: Script, record: RequestRecord) -> str:
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n"
        await self._send(head.encode())
        for line in self._control.disk.lines(record.model, script):
            await self._send(line)
            record.sent += 1
            if script.stall_after is not None and record.sent > script.stall_after:
                await asyncio.sleep(86_400)
            if script.cut_after is not None and record.sent > script.cut_after:
                break
            rate = script.rate or (SLOW_RATE if record.model.startswith("slow") else 0.0)
            await asyncio.sleep(1 / rate if rate else 0)
        self._transport.close()
        return "done"

    async def _delete(self, method: str, raw: bytes) -> None:
        name = str(orjson.loads(raw).get("model", "")) if method == "DELETE" else ""
        names = self._control.model_names
        if name not in (*names, *self._control.disk.come):
            await self._json(404, {"error": f"model '{name}' not found"})
            return
        self._control.model_names = tuple(each for each in names if each != name)
        self._control.disk.come.pop(name, None)
        await self._json(200, {})

    async def _bytes(self, kind: str, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        await self._send(head.encode() + body)

    async def _whole(self, script: Script, dialect: Dialect) -> None:
        pieces, thinking = script.pieces(), script.reasoning_pieces()
        await asyncio.sleep(script.delay + (len(pieces) / script.rate if script.rate else 0))
        answer = whole_answer(
            dialect, "".join(pieces), "".join(thinking), script.finish, len(pieces) + len(thinking)
        )
        await self._json(200, answer)


@asynccontextmanager
async def scripted_server(port: int = 0) -> AsyncIterator[ScriptedServer]:
    """A running server in this event loop."""
    server = ScriptedServer()
    await server.start(port)
    try:
        yield server
    finally:
        await server.stop()
