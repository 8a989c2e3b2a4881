"""Bad networks: cut off, silent, or silent for longer than either end waits. What stands
there in the end is what the model wrote, to the byte, in every tab."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import Person, answers, finished, grown, plain, send, text_of
from tests.e2e.wire import wire
from tests.scripted import ScriptedServer, expected_text

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

COMPLAINTS = (
    "WebSocket",
    "ERR_CONNECTION_",
    "ERR_EMPTY_RESPONSE",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_NETWORK_CHANGED",
)
# After how long the hasty app and its pages give a silent line up.
PING_EVERY_S, PONG_WITHIN_S = 1, 2
GIVEN_UP_S = PING_EVERY_S + PONG_WITHIN_S
AWAY_S = 4.0
PAINTED_S = 1.0
# While nothing comes through: the answer ends, or is still being written afterwards.
SCRIPTS = {"ends": "split-utf8 tokens=240 rate=60", "goes on": "split-utf8 tokens=700 rate=60"}

TOKEN = "sessionStorage.getItem('token')"


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def hasty(
    built: None, model_server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[App]:
    """The app, giving silent lines up within seconds."""
    running = App(
        tmp_path_factory.mktemp("hasty"),
        model_server.url,
        REFLEX_SOCKET_INTERVAL=str(PING_EVERY_S),
        REFLEX_SOCKET_TIMEOUT=str(PONG_WITHIN_S),
    )
    await running.start()
    yield running
    assert await running.stop() == 0


async def answering(bob: Person, script: str) -> tuple[list[Page], str, int]:
    """Two tabs of one chat in which an answer grows: the tabs, the chat's id, and how much
    of the answer both have."""
    page, chat_id = await bob.tab_with_chat()
    await send(page, script)
    await grown(page)
    other = await bob.tab(f"/chat/{chat_id}")
    tabs = [page, other]
    return tabs, chat_id, min([await grown(each, 60) for each in tabs])


async def all_there(bob: Person, tabs: list[Page], chat_id: str, script: str) -> None:
    """The whole answer stands in the database and in each tab, which goes on working."""
    whole = expected_text(script)
    for page in tabs:
        await finished(page)
    assert (await bob.stored(chat_id))[-1]["content"] == whole
    await bob.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for page in tabs:
        assert plain(await text_of(page)) == plain(whole)
        await page.bring_to_front()
        await answers(page).last.get_by_test_id("copy").click()
        assert await page.evaluate("navigator.clipboard.readText()") == whole
    await send(tabs[0], "say:And now?")
    await finished(tabs[0])
    assert plain(await text_of(tabs[0])) == "And now?"


async def answered(app: App, chat_id: str) -> bool:
    """Whether the chat's answer has been written, seen past everything that is broken."""
    query = sa.text(
        "SELECT count(*) FROM generation WHERE state = 'done' AND chat_id = :chat"
    ).bindparams(chat=chat_id)
    return bool(app.sql(query)[0][0])


@pytest.mark.parametrize("meanwhile", list(SCRIPTS))
async def test_offline_for_a_while(app: App, people: People, meanwhile: str) -> None:
    people.watch.allow(*COMPLAINTS)
    bob = await people.user(app)
    tabs, chat_id, seen = await answering(bob, SCRIPTS[meanwhile])
    await bob.context.set_offline(True)
    for page in tabs:
        await expect(page.get_by_test_id("offline")).to_be_visible()
    # What had come before is painted later in a tab that nobody looks at.
    await asyncio.sleep(PAINTED_S)
    there = [await text_of(page) for page in tabs]
    await asyncio.sleep(AWAY_S - PAINTED_S)
    # It really is cut off: the model goes on, the page does not.
    assert [await text_of(page) for page in tabs] == there
    assert min(map(len, there)) >= seen
    assert await answered(app, chat_id) == (meanwhile == "ends")
    await bob.context.set_offline(False)
    for page in tabs:
        await expect(page.get_by_test_id("offline")).to_have_count(0, timeout=30_000)
    await all_there(bob, tabs, chat_id, SCRIPTS[meanwhile])


@pytest.mark.parametrize("meanwhile", list(SCRIPTS))
async def test_a_line_that_breaks_for_a_while(app: App, people: People, meanwhile: str) -> None:
    people.watch.allow(*COMPLAINTS)
    async with wire(app.wire_port, app.port) as line:
        bob = await people.user(app, url=line.url)
        tabs, chat_id, seen = await answering(bob, SCRIPTS[meanwhile])
        await line.cut()
        for page in tabs:
            await expect(page.get_by_test_id("offline")).to_be_visible()
        await asyncio.sleep(AWAY_S)
        assert await answered(app, chat_id) == (meanwhile == "ends")
        assert min([len(await text_of(page)) for page in tabs]) >= seen
        await line.mend()
        await all_there(bob, tabs, chat_id, SCRIPTS[meanwhile])


@pytest.mark.parametrize("meanwhile", list(SCRIPTS))
async def test_a_line_that_falls_silent_for_a_moment(
    app: App, people: People, meanwhile: str
) -> None:
    """Shorter than anybody waits: the same sockets go on, and nobody is told anything."""
    people.watch.allow(*COMPLAINTS)
    async with wire(app.wire_port, app.port) as line:
        bob = await people.user(app, url=line.url)
        tabs, chat_id, _ = await answering(bob, SCRIPTS[meanwhile])
        line.freeze()
        await asyncio.sleep(AWAY_S)
        assert await answered(app, chat_id) == (meanwhile == "ends")
        for page in tabs:
            await expect(page.get_by_test_id("offline")).to_have_count(0)
        line.thaw()
        await all_there(bob, tabs, chat_id, SCRIPTS[meanwhile])


@pytest.mark.parametrize("meanwhile", list(SCRIPTS))
async def test_a_line_silent_for_longer_than_either_end_waits(
    hasty: App, people: People, meanwhile: str
) -> None:
    people.watch.allow(*COMPLAINTS)
    async with wire(hasty.wire_port, hasty.port) as line:
        bob = await people.user(hasty, url=line.url)
        tabs, chat_id, _ = await answering(bob, SCRIPTS[meanwhile])
        line.freeze()
        for page in tabs:
            await expect(page.get_by_test_id("offline")).to_be_visible()
        await asyncio.sleep(2 * GIVEN_UP_S - AWAY_S)
        assert await answered(hasty, chat_id) == (meanwhile == "ends")
        line.thaw()
        await all_there(bob, tabs, chat_id, SCRIPTS[meanwhile])


async def test_the_page_is_back_before_its_old_socket_is_known_to_be_dead(
    app: App, people: People
) -> None:
    """The server still believes in the old socket, and gives the tab a new name."""
    people.watch.allow(*COMPLAINTS)
    script = SCRIPTS["goes on"]
    async with wire(app.wire_port, app.port) as line:
        bob = await people.user(app, url=line.url)
        tabs, chat_id, _ = await answering(bob, script)
        names = [await page.evaluate(TOKEN) for page in tabs]
        line.abandon()
        for page in tabs:
            await grown(page, await grown(page) + 30)
        renamed = [await page.evaluate(TOKEN) for page in tabs]
        assert not set(renamed) & set(names)
        await all_there(bob, tabs, chat_id, script)
