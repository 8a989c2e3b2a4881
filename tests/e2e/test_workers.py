"""A browser and several workers: whichever one it reaches, the page goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import expect

from tests.conftest import fresh_postgres
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import answers, finished, grown, plain, send, text_of
from tests.e2e.wire import wire
from tests.scripted import ScriptedServer, expected_text

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.asyncio(loop_scope="package"),
]


@pytest_asyncio.fixture(loop_scope="package")
async def neighbours(
    built: None, upstream: ScriptedServer, postgres_server: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[tuple[App, App]]:
    """Two servers of one installation."""
    url = fresh_postgres(postgres_server, "e2e_pair")
    first = App(tmp_path, upstream.url, url, REDIS_URL=redis_url)
    shared = {name: first.settings[name] for name in ("LLM_API_PORT", "EXTRA_ORIGINS")}
    second = App(tmp_path, upstream.url, url, REDIS_URL=redis_url, **shared)
    second.log_file = tmp_path / "second.log"
    async with AsyncExitStack() as stack:
        for each in (first, second):
            await each.start()
            stack.push_async_callback(each.stop)
        yield first, second


@pytest_asyncio.fixture(loop_scope="package")
async def twin(
    built: None, upstream: ScriptedServer, postgres_server: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[App]:
    """One server with two workers."""
    url = fresh_postgres(postgres_server, "e2e_twin")
    running = App(tmp_path, upstream.url, url, workers=2, REDIS_URL=redis_url)
    await running.start()
    yield running
    assert await running.stop() == 0


async def test_the_line_breaks_and_leads_to_another_worker(
    neighbours: tuple[App, App], people: People
) -> None:
    first, second = neighbours
    people.watch.allow("WebSocket", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    script = "tokens=500 rate=50 split-utf8"
    async with wire(first.wire_port, first.port) as line:
        bob = await people.user(first, url=line.url)
        page, chat_id = await bob.tab_with_chat()
        await send(page, script)
        for target in (second, first, second):
            await grown(page, await grown(page) + 30)
            await line.cut()
            await expect(page.get_by_test_id("offline")).to_be_visible()
            line.target = target.port
            await line.mend()
            await expect(page.get_by_test_id("offline")).to_have_count(0, timeout=30_000)
        await grown(page, await grown(page))
        await finished(page)
        assert plain(await text_of(page)) == plain(expected_text(script))
        assert (await bob.stored(chat_id))[-1]["content"] == expected_text(script)
        await send(page, "say:And now?")
        await finished(page)
        await expect(answers(page)).to_have_count(2)


async def test_the_pages_worker_is_killed(twin: App, people: People) -> None:
    people.watch.allow("WebSocket", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    bob = await people.user(twin)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "tokens=2000 rate=40")
    await grown(page, 200)
    owner = twin.sql(sa.text("SELECT owner FROM generation"))[0][0]
    os.kill(int(str(owner).split(":")[1]), signal.SIGKILL)
    # By itself it comes to the other worker, and finds out there.
    await finished(page, "interrupted")
    kept = (await bob.stored(chat_id))[-1]
    assert expected_text("tokens=2000").startswith(kept["content"])
    assert len(kept["content"]) > 100
    assert plain(await text_of(page)) == plain(kept["content"])
    await send(page, "tokens=40")
    await finished(page)
    assert plain(await text_of(page)) == plain(expected_text("tokens=40"))
