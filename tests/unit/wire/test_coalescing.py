"""Pieces gather in the socket, and nothing else changes by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from llm_ui.wire.coalescing import FREE_READS, LONGEST_S, SHORTEST_S, WAKES_PER_SECOND, Tempo
from llm_ui.wire.events import Timeouts
from llm_ui.wire.http import Call, make_client, open_stream
from tests.scripted import ScriptedServer, scripted_server


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


def call(server: ScriptedServer) -> Call:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "go"}]}
    return Call("POST", f"{server.url}/v1/chat/stream", body)


async def reads(client: httpx.AsyncClient, server: ScriptedServer) -> list[bytes]:
    found = []
    async with open_stream(client, call(server), Timeouts()) as upstream:
        while chunk := await upstream.read():
            found.append(chunk)
    return found


def tokens(chunks: list[bytes]) -> int:
    return b"".join(chunks).count(b"event: token")


async def test_pieces_that_come_closely_are_read_many_at_a_time(server: ScriptedServer) -> None:
    server.script("tokens=200 rate=200")
    async with make_client() as client:
        chunks = await reads(client, server)
    assert tokens(chunks) == 200
    assert len(chunks) <= FREE_READS + 200 / 200 / SHORTEST_S + 5


async def test_a_slow_stream_is_read_piece_by_piece(server: ScriptedServer) -> None:
    server.script("tokens=8 rate=8")
    async with make_client() as client:
        chunks = await reads(client, server)
    assert len([each for each in chunks if b"event: token" in each]) == 8


async def test_the_opening_and_the_first_token_are_read_as_they_come(
    server: ScriptedServer,
) -> None:
    server.script("tokens=200 rate=200")
    async with make_client() as client:
        chunks = await reads(client, server)
    assert all(tokens([each]) <= 2 for each in chunks[:FREE_READS])


async def test_a_connection_is_used_again_after_its_stream_gathered(
    server: ScriptedServer,
) -> None:
    async with make_client() as client:
        for _ in range(3):
            server.script("tokens=60 rate=300")
            assert tokens(await reads(client, server)) == 60
    assert len(server.connections) == 1


async def test_leaving_while_pieces_gather_closes_the_socket(server: ScriptedServer) -> None:
    server.script("tokens=5000 rate=200")
    async with make_client() as client, open_stream(client, call(server), Timeouts()) as upstream:
        for _ in range(FREE_READS + 1):
            await upstream.read()
        waiting = asyncio.create_task(upstream.read())
        await asyncio.sleep(SHORTEST_S / 4)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await server.until_closed()


async def test_an_end_during_the_pause_is_not_missed(server: ScriptedServer) -> None:
    for count in range(FREE_READS, FREE_READS + 12):
        server.script(f"tokens={count} rate=300")
        async with make_client() as client:
            assert tokens(await reads(client, server)) == count


def test_many_streams_wait_longer_but_not_for_ever() -> None:
    tempo = Tempo()
    assert tempo.pause == SHORTEST_S
    for _ in range(200):
        tempo.enter()
    assert tempo.pause == 200 / WAKES_PER_SECOND
    for _ in range(2000):
        tempo.enter()
    assert tempo.pause == LONGEST_S
    for _ in range(2200):
        tempo.leave()
    assert tempo.pause == SHORTEST_S
