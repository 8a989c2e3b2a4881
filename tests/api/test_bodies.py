"""Bodies that do not come, and too many of them at once (unbounded work without an account)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from llm_ui.api.http.bodies import (
    SOCKETS_OF_PERSON,
    BodiesInTime,
    HalfSent,
    OpenSockets,
    Pace,
)
from llm_ui.security.limits import OPEN_SOCKET
from tests.conftest import until

PATIENT = Pace(pause=60.0)


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """An application that wants the whole body, and says how much it got."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # What it says now, nobody hears.
            await send({"type": "http.response.start", "status": 422, "headers": []})
            await send({"type": "http.response.body", "body": b"gone"})
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


class Sender:
    """Somebody who sends a request piece by piece, or stops in the middle."""

    def __init__(self, app: Any, address: str = "9.9.9.9", path: str = "/api/v1/x") -> None:
        self.sent: list[dict[str, Any]] = []
        self._pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "client": (address, 1),
            "headers": [(b"content-length", b"200")],
        }
        self.task = asyncio.create_task(app(scope, self._pieces.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def piece(self, data: bytes = b"x", *, last: bool = False) -> None:
        self._pieces.put_nowait({"type": "http.request", "body": data, "more_body": not last})

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0

    async def ended(self) -> int:
        await asyncio.wait_for(self.task, 10)
        assert len(self.sent) == 2, self.sent
        return self.status


def made(ordinary: Pace = PATIENT, upload: Pace = PATIENT, of_one: int = 100, in_all: int = 1000):
    half_sent = HalfSent(of_one, in_all)
    is_upload: Callable[[Any], bool] = lambda scope: scope["path"] == "/upload"  # noqa: E731
    app = BodiesInTime(reads_all, is_upload, ordinary=ordinary, upload=upload, half_sent=half_sent)
    return app, half_sent


async def test_a_body_that_comes_is_read() -> None:
    app, half_sent = made()
    sender = Sender(app)
    sender.piece(b"one")
    sender.piece(b"two", last=True)
    assert await sender.ended() == 200
    assert sender.sent[1]["body"] == b"6"
    assert len(half_sent) == 0


async def test_a_body_that_stops_coming_is_given_up() -> None:
    app, half_sent = made(Pace(pause=0.01))
    sender = Sender(app)
    sender.piece()
    assert await sender.ended() == 408
    assert json.loads(sender.sent[1]["body"])["code"] == "too_slow"
    assert len(half_sent) == 0


async def test_one_byte_now_and_then_is_no_body_either() -> None:
    app, _ = made(Pace(pause=60.0, whole=0.05, bytes_per_second=1_000_000))
    sender = Sender(app)

    async def trickle() -> None:
        while not sender.sent:
            sender.piece()
            await asyncio.sleep(0.001)

    await asyncio.wait_for(trickle(), 10)
    assert await sender.ended() == 408


async def test_an_upload_may_take_its_time_as_long_as_it_goes_on() -> None:
    app, _ = made(Pace(pause=0.0), Pace(pause=60.0, whole=60.0))
    assert await Sender(app).ended() == 408
    upload = Sender(app, path="/upload")
    for _number in range(20):
        upload.piece(b"x" * 1000)
        await asyncio.sleep(0)
    upload.piece(last=True)
    assert await upload.ended() == 200


async def test_of_one_address_those_go_that_have_waited_longest() -> None:
    app, half_sent = made(of_one=3)
    other = Sender(app, "8.8.8.8")
    first, *rest = [Sender(app) for _ in range(3)]
    await until(lambda: len(half_sent) == 4)
    # Of the first one there is a piece; so another one has waited longest by now.
    first.piece()
    for _turn in range(20):
        await asyncio.sleep(0)
    newest = Sender(app)
    assert await rest[0].ended() == 408
    assert [each.status for each in (first, rest[1], newest, other)] == [0, 0, 0, 0]
    for each in (first, newest, other):
        each.piece(last=True)
        assert await each.ended() == 200
    rest[1].task.cancel()


async def test_addresses_of_one_household_count_as_one() -> None:
    app, half_sent = made(of_one=2)
    senders = [Sender(app, f"2001:db8::{number}") for number in range(5)]
    stranger = Sender(app, "2001:db8:0:1::1")
    for sender in senders[:3]:
        assert await sender.ended() == 408
    assert len(half_sent) == 3
    assert stranger.status == 0
    for sender in (*senders[3:], stranger):
        sender.piece(last=True)
        assert await sender.ended() == 200


async def test_many_addresses_together_leave_room_for_whoever_comes() -> None:
    app, half_sent = made(in_all=50)
    senders = [Sender(app, f"10.0.{number}.1") for number in range(200)]
    for sender in senders[:150]:
        assert await sender.ended() == 408
    assert len(half_sent) == 50
    somebody = Sender(app, "9.9.9.9")
    somebody.piece(last=True)
    assert await somebody.ended() == 200
    for sender in senders[150:]:
        sender.task.cancel()


async def test_who_has_waited_leaves_nothing_behind() -> None:
    app, half_sent = made()
    sender = Sender(app)
    await until(lambda: len(half_sent) == 1)
    sender.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sender.task
    assert len(half_sent) == 0


class Comers:
    """Websockets that come one after the other and stay; `said` is what they hear."""

    def __init__(self, **bounds: int) -> None:
        self.app = OpenSockets(self._stays, **bounds)
        self.said: list[str] = []
        self.scopes: list[Any] = []
        self.leave = asyncio.Event()

    async def _stays(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.scopes.append(scope)
        leaving = asyncio.ensure_future(self.leave.wait())
        hearing = asyncio.ensure_future(receive())
        await asyncio.wait((leaving, hearing), return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        hearing.cancel()

    async def come(self, address: str) -> asyncio.Task[None]:
        came = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not came.is_set():
                came.set()
                return {"type": "websocket.connect"}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            self.said.append(f"{address} {message['type'].removeprefix('websocket.')}")

        scope = {"type": "websocket", "client": (address, 1), "headers": []}
        count = len(self.said)
        task = asyncio.create_task(self.app(scope, receive, send))
        await until(lambda: len(self.said) > count)
        return task

    def know(self, number: int, who: str = "bob") -> None:
        """Somebody signed in is heard over this one."""
        self.scopes[number][OPEN_SOCKET].belongs_to(who)


async def test_open_websockets_of_one_address_are_counted() -> None:
    """Every websocket held: of those that nobody is known by, the oldest one makes room."""
    comers = Comers(of_one=2, of_wide=9, in_all=9)
    first, second, third = [await comers.come("1.1.1.1") for _ in range(3)]
    await first
    assert comers.said == ["1.1.1.1 accept"] * 3
    assert not second.done()
    assert not third.done()


async def test_one_that_does_not_go_by_itself_is_ended() -> None:
    """Its writer waits for a peer that does not read."""

    async def stays(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not scope[OPEN_SOCKET].is_going:
                    raise

    comers = Comers(of_one=1, of_wide=9, in_all=9)
    comers.app = OpenSockets(stays, of_one=1, of_wide=9, in_all=9)
    first = await comers.come("1.1.1.1")
    await comers.come("1.1.1.1")
    await comers.come("1.1.1.1")
    assert comers.said == [*["1.1.1.1 accept"] * 2, "1.1.1.1 close"]
    await first
    await comers.come("1.1.1.1")
    assert comers.said[-1] == "1.1.1.1 accept"


async def test_who_is_signed_in_makes_room_for_nobody() -> None:
    comers = Comers(of_one=2, of_wide=9, in_all=9)
    tasks = [await comers.come("1.1.1.1") for _ in range(2)]
    comers.know(0)
    comers.know(1)
    await comers.come("1.1.1.1")
    assert comers.said[2:] == ["1.1.1.1 close"]
    # Until they sign out.
    comers.know(1, "")
    await comers.come("1.1.1.1")
    await tasks[1]
    assert comers.said[3:] == ["1.1.1.1 accept"]
    comers.leave.set()
    await tasks[0]


async def test_of_one_person_the_oldest_goes() -> None:
    """Every websocket held, by one account from many addresses."""
    comers = Comers(of_one=SOCKETS_OF_PERSON * 2, of_wide=SOCKETS_OF_PERSON * 2, in_all=1000)
    tasks = []
    for number in range(SOCKETS_OF_PERSON + 1):
        tasks.append(await comers.come("1.1.1.1"))
        comers.know(number)
    await tasks[0]
    assert not any(each.done() for each in tasks[1:])


async def test_networks_that_may_be_one_customers_count_together() -> None:
    comers = Comers(of_one=2, of_wide=3, in_all=9)
    first, *others = [await comers.come(f"2001:db8:0:{number}::1") for number in range(4)]
    await first
    assert not any(each.done() for each in others)


async def test_visitors_of_many_addresses_leave_room_for_whoever_comes() -> None:
    comers = Comers(of_one=2, of_wide=3, in_all=4)
    tasks = [await comers.come(f"{number}.1.1.1") for number in range(1, 5)]
    comers.know(0)
    await comers.come("9.1.1.1")
    await tasks[1]
    assert "9.1.1.1 accept" in comers.said
    assert not tasks[0].done()
    assert not tasks[2].done()
