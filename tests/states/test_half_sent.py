"""Half-sent requests, foreign names and what a proxy says, at the running application."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from llm_ui.api.bodies import HALF_SENT_OF_ONE
from tests.conftest import until
from tests.halves import HALVES, Half, many_files
from tests.states.client import CHAT, Refused
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
        query = "SELECT address FROM monitoringlog WHERE kind = 'security.event_refused'"
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
                f"{CHAT}.send_message", {"text": "Hi", "key": f"key-{number}"}, router_data={
                    "pathname": "/chat", "asPath": "/chat", "query": {}, "llm_ui_too_many": False,
                },
            )  # fmt: skip
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
    async with strict.tab() as tab:
        await tab.open("/login")
    assert len(strict.log()) - before < 60_000
