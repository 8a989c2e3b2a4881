"""Messages that do not end, at real sockets of this process."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from llm_ui.api.http.unended import HEADER, LINE, MessagesEnd, Unended
from llm_ui.api.http.unread import Unread

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what came")
PATH = "/_event/"


class Pause:
    """Until somebody goes on with it."""

    def __await__(self) -> Iterator[None]:
        yield


class Sender:
    """Somebody whose websocket is open; `told` is what the application hears of it next."""

    def __init__(
        self,
        listener: socket.socket,
        unended: Unended,
        kind: str = "websocket",
        port: int = 0,
        to: str = "127.0.0.1",
    ) -> None:
        here = (to, listener.getsockname()[1])
        self.own = socket.socket()
        self.own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.own.bind(("127.0.0.1", port))
        self.own.connect(here)
        self.line = listener.accept()[0]
        address, port = self.own.getsockname()
        self.scope = {
            "type": kind,
            "client": (address, str(port)),
            # What it listens on, whichever address was called.
            "server": ("0.0.0.0", str(here[1])),
            "path": PATH,
            "headers": [(b"host", b"x")],
        }
        self.told: list[Message] = []
        self._open = MessagesEnd(self._app, unended)(self.scope, self._next, self._next)
        self._open.send(None)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            await receive()

    async def _next(self, _message: Message | None = None) -> Message:
        while not self.told:
            await Pause()
        return self.told.pop(0)

    def send(self, size: int) -> None:
        """Send so many bytes, which the server fetches."""
        while size > 0:
            piece = min(size, 16 * 1024)
            self.own.sendall(bytes(piece))
            self.line.recv(piece, socket.MSG_WAITALL)
            size -= piece

    def hear(self, message: Message) -> None:
        """Have the application told of that."""
        self.told.append(message)
        self._open.send(None)

    @property
    def is_open(self) -> bool:
        try:
            self.line.send(b"")
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._open.close()
        self.own.close()
        self.line.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("0.0.0.0", 0)) as made:
        yield made


def of_text(size: int) -> Message:
    return {"type": "websocket.receive", "text": "x" * size}


REQUEST = len("GET") + len(PATH) + LINE + len("hostx") + HEADER


def test_who_keeps_back_the_rest_of_a_long_message_goes(listener: socket.socket) -> None:
    """A message that never ends."""
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=5000)))
    unread.look(0)
    one, other = (Sender(listener, unended) for _ in range(2))
    one.send(REQUEST + 1001)
    other.send(REQUEST + 1000)
    assert unread.look(0) == 1
    assert (one.is_open, other.is_open) == (False, True)
    one.close()
    other.close()


def test_what_has_been_told_counts_no_more(listener: socket.socket) -> None:
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=5000)))
    unread.look(0)
    sender = Sender(listener, unended)
    sender.send(REQUEST)
    for size, frame in ((100, 6), (60_000, 8), (70_000, 14)):
        for _ in range(100):
            sender.send(size + frame)
            sender.hear(of_text(size))
        assert unread.look(0) == 0
    sender.send(1001)
    assert unread.look(0) == 1
    sender.close()


def test_what_was_sent_before_as_a_request_is_no_message(listener: socket.socket) -> None:
    """As behind a proxy, which uses one connection for one after the other."""
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=5000)))
    unread.look(0)
    sender = Sender(listener, unended, "http")
    sender.send(REQUEST + 100_000)
    assert unread.look(0) == 0
    sender.hear({"type": "http.request", "body": bytes(100_000)})
    sender.send(REQUEST)
    sender.scope["type"] = "websocket"
    unended.line(sender.scope)
    assert unread.look(0) == 0
    sender.send(1001)
    assert unread.look(0) == 1
    sender.close()


def test_what_an_earlier_connection_of_the_port_sent_is_no_credit(listener: socket.socket) -> None:
    """A message that never ends, from a port over which whole ones came just before."""
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=5000)))
    unread.look(0)
    first = Sender(listener, unended)
    first.send(REQUEST + 100_000 + 14)
    first.hear(of_text(100_000))
    own = first.own.getsockname()
    # The system lets a port be used again at once after a reset.
    first.own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    first.own.close()
    second = Sender(listener, unended, port=own[1])
    # The server hears late that the first one is gone.
    first.close()
    second.send(REQUEST + 1001)
    assert unread.look(0) == 1
    assert not second.is_open
    second.close()


def test_a_second_connection_of_the_port_takes_no_watch_off_the_first(
    listener: socket.socket,
) -> None:
    """A message that never ends; meanwhile the same port calls another address of ours."""
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=5000)))
    unread.look(0)
    first = Sender(listener, unended)
    second = Sender(listener, unended, port=first.own.getsockname()[1], to="127.0.0.2")
    second.close()
    first.send(REQUEST + 1001)
    assert unread.look(0) == 1
    assert not first.is_open
    first.close()


def test_a_credit_of_one_is_no_room_for_others(listener: socket.socket) -> None:
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=1500)))
    unread.look(0)
    ahead, *others = (Sender(listener, unended) for _ in range(3))
    ahead.hear(of_text(100_000))
    for each in others:
        each.send(REQUEST + 900)
    assert unread.look(0) == 1
    for each in (ahead, *others):
        each.close()


def test_beyond_a_bound_of_all_together_who_has_sent_most_goes(listener: socket.socket) -> None:
    """A message that never ends: many that are not long."""
    unread = Unread(unended=(unended := Unended(of_one=1000, in_all=1500)))
    unread.look(0)
    senders = [Sender(listener, unended) for _ in range(4)]
    for number, each in enumerate(senders):
        each.send(REQUEST + 400 + number)
    assert unread.look(0) == 1
    assert [each.is_open for each in senders] == [True, True, True, False]
    for each in senders:
        each.close()
    assert unread.look(0) == 0
    assert not unended._lines
