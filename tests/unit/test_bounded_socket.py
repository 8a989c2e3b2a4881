"""What a websocket's peer can make the server keep for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import engineio
import pytest
from engineio import packet
from engineio.exceptions import SocketIsClosedError

from llm_ui.reflex_internals import (
    MOST_UNSENT,
    MOST_UNSENT_IN_ALL,
    MOST_WAITING,
    BoundedSocket,
)
from llm_ui.security.limits import OPEN_SOCKET
from tests.conftest import until

HELLO = packet.Packet(packet.MESSAGE, "hello")


class Peer:
    """A websocket whose peer says what the test says, and reads only when it is told to."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.frames: list[str] = []
        self.says: asyncio.Queue[str | None] = asyncio.Queue()
        self.is_closed = False

    async def __call__(self, _environ: dict[str, Any]) -> None:
        await self._handler(self)

    def serves(self, handler: Any, _server: Any) -> Peer:
        self._handler = handler
        return self

    async def send(self, frame: str) -> None:
        await self.reads.wait()
        self.frames.append(frame)

    async def wait(self) -> str | None:
        return await self.says.get()

    async def close(self) -> None:
        self.is_closed = True


class Line:
    """A socket in use, and its peer."""

    def __init__(self) -> None:
        self.server = engineio.AsyncServer(async_mode="asgi", transports=["websocket"])
        self.peer = Peer()
        self.server._async = {**self.server._async, "websocket": self.peer.serves}
        self.socket = BoundedSocket(self.server, "line")
        self.server.sockets["line"] = self.socket
        self.left: list[str] = []
        self.limit = Dropped()
        self.server.on("disconnect", self.left.append)

    async def serve(self) -> None:
        environ = {
            "HTTP_CONNECTION": "upgrade",
            "HTTP_UPGRADE": "websocket",
            "asgi.scope": {"type": "websocket", OPEN_SOCKET: self.limit},
        }
        await self.socket.handle_get_request(environ)


class Dropped:
    """What limits a websocket's connection, asked to end it."""

    def __init__(self) -> None:
        self.times = 0

    def drop(self) -> None:
        self.times += 1


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    serving = asyncio.create_task(made.serve())
    await asyncio.sleep(0)
    yield made
    made.peer.reads.set()
    made.peer.says.put_nowait(None)
    async with asyncio.timeout(5):
        await serving
    assert made.left == ["line"]
    assert made.limit.times
    assert "line" not in made.server.sockets


async def test_a_peer_that_reads_may_be_sent_any_amount(line: Line) -> None:
    line.peer.reads.set()
    for _ in range(5):
        await line.socket.send(packet.Packet(packet.MESSAGE, "x" * (MOST_UNSENT // 2)))
        await asyncio.sleep(0.01)
        await line.socket.receive(HELLO)
    assert not line.socket.closed
    assert len(line.peer.frames) == 5


async def test_a_peer_that_reads_nothing_is_sent_no_more_than_the_limit(line: Line) -> None:
    """Answers of any size that nobody reads."""
    half = packet.Packet(packet.MESSAGE, "x" * (MOST_UNSENT // 2))
    await line.socket.send(half)
    await line.socket.receive(HELLO)
    await line.socket.send(half)
    await asyncio.sleep(0.01)
    await line.socket.send(half)
    with pytest.raises(SocketIsClosedError):
        await line.socket.receive(HELLO)
    # The rest is not sent either: the writer holds one packet, and ends with it.
    line.peer.reads.set()
    await asyncio.sleep(0.01)
    assert len(line.peer.frames) == 1
    assert line.peer.is_closed


async def test_together_sockets_keep_no_more_than_the_limit_and_the_largest_goes() -> None:
    """Answers of any size that nobody reads, in any number of sockets."""
    server = Line().server
    server.sockets.clear()
    share = MOST_UNSENT * 3 // 4
    sockets = [BoundedSocket(server, str(n)) for n in range(MOST_UNSENT_IN_ALL // share + 1)]
    server.sockets.update({each.sid: each for each in sockets})
    await sockets[3].send(HELLO)
    for each in sockets:
        assert not any(each.closed for each in sockets)
        await each.send(packet.Packet(packet.MESSAGE, "x" * share))
    assert [each for each in sockets if each.closed] == [sockets[3]]
    assert sockets[3].queue.empty()
    for each in sockets:
        await each._leave()
    assert BoundedSocket._in_all == 0


async def test_a_peer_that_reads_nothing_is_answered_only_so_often(line: Line) -> None:
    await asyncio.sleep(0.01)
    for _ in range(MOST_WAITING + 2):
        await line.socket.send(HELLO)
    with pytest.raises(SocketIsClosedError):
        await line.socket.receive(HELLO)


async def test_a_socket_that_was_closed_takes_no_more_packets(line: Line) -> None:
    """A socket that leaves and joins."""
    with pytest.raises(SocketIsClosedError):
        await line.socket.receive(packet.Packet(packet.CLOSE))
    with pytest.raises(SocketIsClosedError):
        await line.socket.receive(HELLO)


@pytest.mark.parametrize("frame", ["", "x", "4[[]]", "4" + "[" * 5000, "b4eHg=", "2probe", "5"])
async def test_a_frame_that_no_page_sends_ends_the_socket_with_its_writer(
    line: Line, frame: str
) -> None:
    """Every websocket held: a writer that waits for its peer would outlive its socket."""
    await line.socket.send(HELLO)
    await asyncio.sleep(0.01)
    line.peer.says.put_nowait(frame)
    await asyncio.sleep(0.01)
    # It counts to the limits until its writer is done.
    assert "line" in line.server.sockets
    line.peer.reads.set()
    await until(lambda: line.peer.is_closed)


async def test_a_request_that_is_no_websocket_leaves_no_socket() -> None:
    made = Line()
    environ = {"HTTP_UPGRADE": "websocket", "asgi.scope": {"type": "http"}}
    answer = await made.socket.handle_get_request(environ)
    assert answer["status"].startswith("400")
    assert "line" not in made.server.sockets
