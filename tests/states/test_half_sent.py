"""Half-sent requests, foreign names and what a proxy says, at the running application."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from llm_ui.api.http.bodies import HALF_SENT_OF_ONE
from llm_ui.api.http.unread import LOOK_EVERY_S
from llm_ui.states.socket.connection import LINGER_S
from tests.conftest import until
from tests.halves import HALVES, Half, many_files
from tests.states.client import CHAT, ROOT, Refused
from tests.states.served import Server, serve

COUNT = 1200


@pytest.fixture(scope="module")
def behind_a_proxy(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, models_url: str
) -> Iterator[Server]:
    """The application as it runs behind a proxy; alice and bob have accounts."""
    folder = tmp_path_factory.mktemp("proxied")
    shutil.copy(sqlite_template, folder / "llm_ui.db")
    url = f"sqlite:///{folder / 'llm_ui.db'}"
    with many_files(), serve(folder, url, models_url, TRUSTED_PROXIES="1") as running:
        running.register("alice")
        running.register("bob")
        yield running


async def works(server: Server, address: str) -> None:
    """Somebody from there signs in, and the server says that it is well."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(transport=transport, base_url=server.url, timeout=8) as client:
        assert (await client.get("/health/live")).status_code == 200
        credentials = {"email": "bob@example.org", "password": "correct horse battery"}
        assert (await client.post("/api/v1/auth/login", json=credentials)).status_code == 200


async def test_a_thousand_half_sent_requests_stop_nobody(behind_a_proxy: Server) -> None:
    """Unbounded work without an account: a connection each, held for nothing."""
    port = int(behind_a_proxy.url.rpartition(":")[2])
    opened = [await Half.send(port, HALVES[number % len(HALVES)]) for number in range(COUNT)]
    await works(behind_a_proxy, "127.0.0.1")
    await works(behind_a_proxy, "127.0.0.2")
    # All but as many as one address may have are sent away at once.
    ended = [asyncio.create_task(each.ended()) for each in opened]
    await until(lambda: sum(each.done() for each in ended) >= COUNT - HALF_SENT_OF_ONE, 8)
    # The others have their time, and then they go too.
    await until(lambda: all(each.done() for each in ended), 30)
    assert {each.result() for each in ended} == {"408"}
    for each in opened:
        each.close()


async def test_half_sent_requests_of_many_addresses_stop_nobody(behind_a_proxy: Server) -> None:
    """Unbounded work without an account: by whoever has a network of their own."""
    port = int(behind_a_proxy.url.rpartition(":")[2])
    opened = [
        await Half.send(port, HALVES[0], f"127.0.{1 + number % 60}.{1 + number // 60}")
        for number in range(COUNT)
    ]
    await works(behind_a_proxy, "127.0.0.1")
    for each in opened:
        each.close()


async def test_requests_without_an_end_to_their_headers_stop_nobody(
    behind_a_proxy: Server,
) -> None:
    """Unbounded work without an account: idle connections, half a header, another protocol."""
    port = int(behind_a_proxy.url.rpartition(":")[2])
    kinds = ("", "GET / HTTP/1.1\r\nHost: loc", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    opened = [await Half.send(port, kinds[number % len(kinds)]) for number in range(COUNT)]
    await works(behind_a_proxy, "127.0.0.1")
    for each in opened:
        each.close()


# --- who is let in, and under which name ------------------------------------------------------


async def test_a_page_under_a_foreign_name_gets_no_websocket(behind_a_proxy: Server) -> None:
    """DNS rebinding of our own server."""
    for host in ("evil.test", "localhost.evil.test", "evil.test:3000"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        with pytest.raises(Refused) as refused:
            async with behind_a_proxy.tab(headers=headers) as tab:
                await tab.open("/login")
        assert refused.value.status == 403


async def test_the_proxys_word_counts_for_pages_too(behind_a_proxy: Server) -> None:
    """A security option that one half of the program never reads."""
    bob = behind_a_proxy.log_in("bob")
    headers = {"X-Forwarded-For": "1.2.3.4, 9.9.9.9"}
    async with behind_a_proxy.tab(bob, headers=headers) as tab:
        await tab.open("/chat")
        await tab.call(CHAT, "send_message", text=5)
        query = "SELECT address FROM monitoringlog WHERE log_type = 'security.event_refused'"
        deadline = time.monotonic() + 10
        while not (found := behind_a_proxy.rows(query)):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        assert [each.address for each in found] == ["9.9.9.9"]


# --- floods of events ------------------------------------------------------------------------


@pytest.fixture
def strict(tmp_path: Path, sqlite_template: Path, models_url: str) -> Iterator[Server]:
    """The application with a low RATE_LIMIT; alice has an account."""
    shutil.copy(sqlite_template, tmp_path / "llm_ui.db")
    url = f"sqlite:///{tmp_path / 'llm_ui.db'}"
    with serve(tmp_path, url, models_url, RATE_LIMIT="30") as running:
        running.register("alice")
        yield running


async def test_events_count_to_the_rate_limit(strict: Server) -> None:
    alice = strict.log_in("alice")
    chats = "SELECT count(*) FROM chathistory"
    async with strict.tab(alice) as one, strict.tab(alice) as two:
        for tab in (one, two):
            await tab.open("/chat")
        for number in range(60):
            tab = (one, two)[number % 2]
            # What the browser says of itself changes nothing.
            await tab.send(
                f"{CHAT}.send_message",
                {"text": "Hi", "key": f"key-{number}"},
                router_data={
                    "pathname": "/chat",
                    "asPath": "/chat",
                    "query": {},
                    "llm_ui_too_many": False,
                },
            )
        for tab in (one, two):
            await tab.until(lambda tab=tab: any("60 s" in each for each in tab.toasts))
        assert strict.rows(chats)[0][0] <= 30


async def test_a_visitors_nonsense_fills_no_log(strict: Server) -> None:
    before = len(strict.log())
    async with strict.tab() as tab:
        await tab.open("/login")
        for number in range(400):
            await tab.send(f"no_such_state.handler_{number}", {})
            await tab.send_raw(f'42/_event,["event",{number}]')
        deep = "[" * 3000 + "]" * 3000
        for _number in range(20):
            await tab.send_raw(f'42/_event,["event",{deep}]')
        for _number in range(400):
            await tab.send_raw('42/_event,["event",{')
    # Other visitors of that network wait for a minute, and nobody who brings a session.
    async with strict.tab(strict.log_in("alice")) as tab:
        await tab.open("/chat")
    assert len(strict.log()) - before < 60_000


# --- messages that do not end ------------------------------------------------------------------

MEGABYTE = 1024 * 1024


def resident(server: Server) -> int:
    """The memory of the processes that do the work, in MB."""
    status = "".join(Path(f"/proc/{pid}/status").read_text() for pid in server.workers())
    return sum(int(each) for each in re.findall(r"VmRSS:\s+(\d+)", status)) // 1024


async def piecewise(
    server: Server, megabytes: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A visitor's websocket with so much of one message, whose last piece never comes."""
    port = int(server.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        "GET /_event/?EIO=4&transport=websocket&token=pieces HTTP/1.1\r\n"
        f"Host: localhost:{port}\r\nOrigin: {server.url}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    # The server may end it before all of it is sent.
    with contextlib.suppress(ConnectionError):
        for number in range(megabytes):
            # A text that goes on, of a length in eight bytes, under a mask that changes nothing.
            head = bytes([int(number == 0), 0x80 | 127]) + MEGABYTE.to_bytes(8) + bytes(4)
            writer.write(head + b"x" * MEGABYTE)
            await writer.drain()
    return reader, writer


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what came")
async def test_a_message_that_never_ends_is_not_kept(behind_a_proxy: Server) -> None:
    """A message that never ends."""
    bob = behind_a_proxy.log_in("bob")
    async with behind_a_proxy.tab(bob) as tab:
        await tab.open("/chat")
        short = await piecewise(behind_a_proxy, 1)
        long = [await piecewise(behind_a_proxy, 20) for _ in range(3)]
        ended = [asyncio.create_task(reader.read()) for reader, _ in long]
        await until(lambda: all(each.done() for each in ended), 2 * LOOK_EVERY_S + 5)
        for each in ended:
            each.exception()
        assert not short[0].at_eof()
        # What people send is long over.
        await tab.call(CHAT, "send_message", text="Hi", key="1")
        assert tab.is_open
    for _, writer in (short, *long):
        writer.transport.abort()


@pytest.mark.parametrize(
    "frame",
    [
        '459999999-/_event,["event",{"_placeholder":true,"num":0}]',
        '43/_event,1["x"]',
        "4[[]]",
        "x",
        "",
    ],
)
async def test_a_frame_that_no_page_sends_ends_its_socket(
    behind_a_proxy: Server, frame: str
) -> None:
    """A message that never ends: an event that announces bytes would be kept until all of them have
    come; and answers to what nobody asked."""
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")
        await tab.send_raw(frame)
        await tab.until(lambda: not tab.is_open)


async def test_a_frame_of_bytes_ends_its_socket(behind_a_proxy: Server) -> None:
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")
        await tab.send_bytes(b"42/_event,[]")
        await tab.until(lambda: not tab.is_open)


@pytest.mark.parametrize("name", ["connect", "disconnect", "ping", "link_token_to_sid", 5])
async def test_an_event_that_no_page_sends_calls_nothing(
    behind_a_proxy: Server, name: object
) -> None:
    """Unknown names passing a prefix allow-list: a socket's method of any name, with what came
    along for its arguments."""
    forged = {"QUERY_STRING": "token=another", "asgi.scope": {"client": ["192.0.2.66", 1]}}
    statement = "SELECT count(*) FROM monitoringlog WHERE address = '192.0.2.66'"
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")
        frames = tab.frame_count
        await tab.send_raw(f"42/_event,{json.dumps([name, forged])}")
        await tab.settle()
        assert not any("pong" in each for each in tab.frames[frames:])
        await tab.call(CHAT, "setvar", name="x", value="y")
        await tab.settle()
        assert behind_a_proxy.rows(statement)[0][0] == 0


async def test_a_socket_joins_once(behind_a_proxy: Server) -> None:
    """Unbounded work without an account: each time would be a tab of its own."""
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")
        await tab.send_raw("41/_event,")
        await tab.send_raw("40/_event,")
        await tab.until(lambda: not tab.is_open)


async def test_a_socket_that_left_joins_no_more(behind_a_proxy: Server) -> None:
    """A socket that leaves and joins: it would be half joined for ever, and slow down everybody."""
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")
        await tab.send_raw("1")
        await tab.until(lambda: not tab.is_open)


async def test_events_that_do_not_exist_leave_nothing_behind(behind_a_proxy: Server) -> None:
    """Events that do not exist: each unknown name would be remembered."""
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")

        async def nonsense(count: int) -> int:
            for number in range(count):
                await tab.send(f"no_such_state.handler_{number}", {})
            await tab.settle()
            return resident(behind_a_proxy)

        before = await nonsense(3_000)
        assert await nonsense(30_000) - before < 12


async def test_a_flood_of_events_does_not_stop_its_tab(behind_a_proxy: Server) -> None:
    """A flood of events in one tab: superseded ones pile up while a tab is busy; skipping a
    thousand of them at once would end its queue for good."""
    bob = behind_a_proxy.log_in("bob")
    async with behind_a_proxy.tab(bob) as tab:
        await tab.open("/chat")
        for _ in range(100):
            await tab.send(f"{ROOT}.hydrate", {})
        for _ in range(2_000):
            await tab.send(f"{ROOT}.on_load_internal_state.on_load_internal", {})
        await tab.call(CHAT, "setvar", name="x", value="y")
        await tab.settle()
        assert tab.is_open


async def test_an_upgrade_that_is_none_is_refused(behind_a_proxy: Server) -> None:
    """An upgrade that is none: requests that only claim to become a websocket would each be kept
    until they time out."""
    port = int(behind_a_proxy.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /_event/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:{port}\r\n"
        "Upgrade: websocket\r\nConnection: close\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_answers_that_nobody_reads_do_not_pile_up(behind_a_proxy: Server) -> None:
    """An answer that nobody reads: a long one to each message, another namespace's name."""
    async with behind_a_proxy.tab() as tab:
        await tab.open("/login")
        before = resident(behind_a_proxy)
        frames = tab.frame_count
        for _ in range(100):
            await tab.send_raw(f"40/{'x' * 900_000},")
        await tab.settle()
        assert not any(each.startswith("44") for each in tab.frames[frames:])
        assert resident(behind_a_proxy) - before < 40


@pytest.mark.parametrize("who", ["a visitor", "bob"])
async def test_closed_tabs_leave_nothing_behind(behind_a_proxy: Server, who: str) -> None:
    """A state for every name: anybody has as many names for tabs as they like."""
    person = behind_a_proxy.log_in("bob") if who == "bob" else None

    async def come_and_go(count: int) -> None:
        for _ in range(count):
            tab = behind_a_proxy.tab(person, headers={"X-Forwarded-For": "192.0.2.9"})
            await tab.connect("/login")
            await tab.close()

    async def with_room() -> int:
        await asyncio.sleep(LINGER_S + 1)
        return resident(behind_a_proxy)

    await come_and_go(200)
    before = await with_room()
    await come_and_go(500)
    # A state takes 30 kB: five hundred of them would be 15 MB.
    assert await with_room() - before < 8
