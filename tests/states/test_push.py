"""Pushing to a line that takes nothing: nothing piles up for it, and nothing is lost.

A real app and a real socket of engine.io's, whose writer the test plays itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import reflex as rx
from engineio.async_socket import AsyncSocket
from reflex_base.registry import RegistrationContext

from llm_ui.services.answers.runs import Ended, Piece, Snapshot
from llm_ui.states.socket import push
from llm_ui.states.socket.stream import StreamState, relay

RUN = "0190a000-0000-7000-8000-000000000001"


@pytest.fixture
def app() -> Iterator[rx.App]:
    with RegistrationContext():
        yield rx.App(_state=rx.State)


class Line:
    """The server's end of a websocket, and what its writer would send."""

    def __init__(self, app: rx.App) -> None:
        assert app.sio is not None
        assert app.event_namespace is not None
        self._sio, self._namespace = app.sio, app.event_namespace
        self._socket = AsyncSocket(self._sio.eio, "line")
        self._sio.eio.sockets["line"] = self._socket

    async def join(self, token: str) -> push.Socket:
        """A tab is connected."""
        sid = await self._sio.manager.connect("line", self._namespace.namespace)
        await self._namespace._token_manager.link_token_to_sid(token, sid)
        return push.Socket(token, sid)

    async def leave(self, socket: push.Socket) -> None:
        """It is found dead."""
        await self._namespace._token_manager.disconnect_token(socket.token, socket.sid)

    @property
    def waiting(self) -> int:
        return int(self._socket.queue.qsize())

    def take(self) -> list[dict[str, Any]]:
        """All that waits: the values of `current_response`."""
        found = []
        while self.waiting:
            data = str(self._socket.queue.get_nowait().data)
            delta = json.loads(data[data.index("[") :])[1]["delta"]
            found.append(delta[StreamState.get_full_name()]["current_response_rx_state_"])
        return found


class Log:
    """A run as its followers see it: what nobody has asked for yet is one piece."""

    def __init__(self) -> None:
        self.text, self.is_over = "", False

    async def follow(self) -> AsyncIterator[Snapshot | Piece | Ended]:
        yield Snapshot(0, "", "")
        told = 0
        while not self.is_over or told < len(self.text):
            if told < len(self.text):
                piece, told = self.text[told:], len(self.text)
                yield Piece(told - len(piece), "text", piece)
            await asyncio.sleep(0)
        yield Ended(told, "done")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHORTEST_PAUSE_S", "UNSENT_PAUSE_S"):
        monkeypatch.setattr(push, name, 0.001)


async def write(log: Log, letters: int) -> None:
    for number in range(letters):
        log.text += "abcdefghij"[number % 10]
        await asyncio.sleep(0.002)


async def test_what_a_dead_line_does_not_take_is_one_piece_when_it_lives_again(app: rx.App) -> None:
    line, log = Line(app), Log()
    socket = await line.join("tab")
    relaying = asyncio.create_task(relay(push.Watch(socket, RUN), log.follow()))
    await write(log, 200)
    assert line.waiting <= push.MOST_UNSENT + 1
    first = line.take()
    assert len("".join(each["t"] for each in first)) < 200
    log.is_over = True
    while not relaying.done():
        await asyncio.sleep(0.01)
        first += line.take()
    assert await relaying is True
    assert "".join(each["t"] for each in first) == log.text
    assert [each["o"] for each in first] == [
        len("".join(before["t"] for before in first[:place])) for place in range(len(first))
    ]
    assert max(len(each["t"]) for each in first) > 100


async def test_whoever_waits_for_a_line_that_turns_out_dead_goes_home(app: rx.App) -> None:
    line, log = Line(app), Log()
    socket = await line.join("tab")
    relaying = asyncio.create_task(relay(push.Watch(socket, RUN), log.follow()))
    await write(log, 100)
    assert not relaying.done()
    await line.leave(socket)
    assert await asyncio.wait_for(relaying, 5) is False
    assert line.waiting <= push.MOST_UNSENT + 1
