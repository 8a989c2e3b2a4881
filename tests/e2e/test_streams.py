"""An answer on its way: reloads, tabs, stops, broken lines, killed servers."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import (
    A_CHAT,
    Frames,
    Person,
    answers,
    chat_id_of,
    finished,
    grown,
    pick,
    plain,
    ready,
    send,
    text_of,
    words,
)
from tests.e2e.wire import wire
from tests.scripted import ScriptedServer, expected_text

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def test_reloaded_and_opened_twice_it_goes_on_to_the_same_end(
    app: App, people: People
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "tokens=240 rate=60")
    seen = await grown(page, await grown(page))
    await page.reload()
    seen = await grown(page, seen)
    other = await bob.tab(f"/chat/{chat_id}")
    await grown(other, seen)
    await finished(page)
    await finished(other)
    whole = expected_text("tokens=240")
    assert (await bob.stored(chat_id))[-1]["content"] == whole
    assert plain(await text_of(page)) == plain(await text_of(other)) == plain(whole)


async def test_a_first_question_makes_the_chat_and_loses_nothing(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await page.get_by_test_id("empty-chat").wait_for()
    await bob.model_id()
    await pick(page, "scripted")
    frames = Frames(page)
    upstream.script("tokens=120 rate=60")
    await send(page, "How do heat pumps work?")
    await page.wait_for_url(A_CHAT)
    await finished(page)
    assert plain(await text_of(page)) == plain(expected_text("tokens=120"))
    assert frames.gaps == []
    await expect(page.get_by_test_id("chat-title")).to_have_text("How do heat pumps work?")


async def test_stop_closes_the_connection_to_the_model(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    other = await bob.tab(f"/chat/{chat_id}")
    await ready(other)
    await send(page, "tokens=100000 rate=40")
    await grown(page, 20)
    await other.reload()
    await grown(other, 20)
    connection = next(c for c in upstream.connections if c.requests and not c.requests[-1].ended)
    await other.get_by_test_id("stop").click()
    await upstream.until_closed(upstream.connections.index(connection))
    assert connection.requests[-1].ending == "aborted"
    for tab in (page, other):
        await finished(tab, "stopped")
        await expect(tab.get_by_test_id("stopped-note")).to_be_visible()
    kept = (await bob.stored(chat_id))[-1]
    assert expected_text("tokens=100000").startswith(kept["content"])
    assert plain(await text_of(page)) == plain(kept["content"]) == plain(await text_of(other))


async def test_away_to_another_chat_and_back(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.new_chat("The other one")
    page, chat_id = await bob.tab_with_chat("The long one")
    await send(page, "tokens=240 rate=60")
    seen = await grown(page)
    items = page.get_by_test_id("chat-list-item")
    await items.filter(has_text="The other one").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("The other one")
    await expect(answers(page)).to_have_count(0)
    await expect(page.get_by_test_id("stop")).to_have_count(0)
    await items.filter(has_text="The long one").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("The long one")
    await grown(page, await grown(page, seen))
    await finished(page)
    whole = expected_text("tokens=240")
    assert (await bob.stored(chat_id))[-1]["content"] == whole
    assert plain(await text_of(page)) == plain(whole)


async def test_two_chats_answer_at_the_same_time(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.new_chat("Second")
    page, first = await bob.tab_with_chat("First")
    await send(page, "tokens=150 rate=50")
    await grown(page)
    await page.get_by_test_id("chat-list-item").filter(has_text="Second").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Second")
    await send(page, "markdown tokens=100 rate=50")
    await grown(page)
    await finished(page)
    second = chat_id_of(page)
    await page.get_by_test_id("chat-list-item").filter(has_text="First").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("First")
    await finished(page)
    assert (await bob.stored(first))[-1]["content"] == expected_text("tokens=150")
    assert (await bob.stored(second))[-1]["content"] == expected_text("markdown tokens=100")
    assert plain(await text_of(page)) == plain(expected_text("tokens=150"))


async def _sse(person: Person, run_id: str) -> str:
    """A run's text as the event stream gives it."""
    cookies = {c["name"]: c["value"] for c in await person.context.cookies()}
    text, event = "", ""
    async with (
        httpx.AsyncClient(cookies=cookies, timeout=30) as client,
        client.stream("GET", f"{person.url}/api/v1/runs/{run_id}/events") as response,
    ):
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event in ("snapshot", "text"):
                piece = httpx.Response(200, content=value.encode()).json()["text"]
                text = piece if event == "snapshot" else text + piece
    return text


@pytest.mark.parametrize(
    "script", ["split-utf8 tokens=300 rate=150", "markdown tokens=600 rate=300", "tokens=2000"]
)
async def test_websocket_sse_and_database_agree_to_the_byte(
    app: App, people: People, script: str
) -> None:
    bob = await people.user(app)
    chat_id = await bob.new_chat()
    page = await bob.tab()
    frames = Frames(page)
    await page.goto(f"{app.url}/chat/{chat_id}")
    await ready(page)
    await send(page, script)
    await page.get_by_test_id("message-assistant").wait_for()
    run_id = (await bob.stored(chat_id))[-1]["run_id"]
    over_sse = asyncio.create_task(_sse(bob, run_id)) if run_id else None
    await finished(page)
    stored = (await bob.stored(chat_id))[-1]["content"]
    assert stored.encode() == expected_text(script).encode()
    assert frames.gaps == []
    assert frames.text().encode() == stored.encode()
    if over_sse:
        assert (await over_sse).encode() == stored.encode()


async def test_a_resync_in_the_middle_gives_the_same_text(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "split-utf8 tokens=300 rate=100")
    await grown(page)
    frames = Frames(page)
    await page.reload()
    await finished(page)
    stored = (await bob.stored(chat_id))[-1]["content"]
    assert stored == expected_text("split-utf8 tokens=300")
    assert frames.text() == stored
    assert frames.gaps == []


async def test_a_broken_line_in_the_middle_costs_nothing(app: App, people: People) -> None:
    people.watch.allow("WebSocket", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    async with wire(app.wire_port, app.port) as line:
        bob = await people.user(app, url=line.url)
        page, chat_id = await bob.tab_with_chat()
        await send(page, "tokens=300 rate=60")
        seen = await grown(page, await grown(page))
        await line.cut()
        await expect(page.get_by_test_id("offline")).to_be_visible()
        assert len(await text_of(page)) >= seen  # what stood there stays
        await line.mend()
        await expect(page.get_by_test_id("offline")).to_have_count(0, timeout=30_000)
        await finished(page)
        whole = expected_text("tokens=300")
        assert plain(await text_of(page)) == plain(whole)
        assert (await bob.stored(chat_id))[-1]["content"] == whole
        # The page is alive, too.
        await send(page, "say:And now?")
        await finished(page)
        await expect(words(page)).to_have_text("And now?")


async def test_a_question_asked_while_the_line_is_broken_is_sent_once(
    app: App, people: People
) -> None:
    people.watch.allow("WebSocket", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    async with wire(app.wire_port, app.port) as line:
        bob = await people.user(app, url=line.url)
        page, chat_id = await bob.tab_with_chat()
        await line.cut()
        await expect(page.get_by_test_id("offline")).to_be_visible()
        await page.get_by_test_id("composer").fill("tokens=30")
        await page.keyboard.press("Enter")
        await line.mend()
        await expect(page.get_by_test_id("offline")).to_have_count(0, timeout=30_000)
        await expect(answers(page)).to_have_count(1, timeout=30_000)
        await finished(page)
        stored = await bob.stored(chat_id)
        assert [each["role"] for each in stored] == ["user", "assistant"]


async def test_a_killed_server_leaves_an_answer_that_says_so(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    people.watch.allow("WebSocket", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    upstream.script("tokens=100000 rate=50")
    await send(page, "A long story, please.")
    await grown(page, 200)
    await app.kill()
    await expect(page.get_by_test_id("offline")).to_be_visible()
    await app.serve()
    # The open page finds out by itself: no endless spinner, what came is kept.
    await finished(page, "interrupted")
    await expect(page.get_by_test_id("error-bubble")).to_contain_text("interrupted")
    await expect(page.locator(".lu-md-wait")).to_have_count(0)
    kept = (await bob.stored(chat_id))[-1]
    assert kept["status"] == "interrupted"
    assert len(kept["content"]) > 100
    assert expected_text("tokens=100000").startswith(kept["content"])

    await page.reload()
    await finished(page, "interrupted")
    assert plain(await text_of(page)) == plain(kept["content"])
    upstream.script("tokens=40")
    await page.get_by_test_id("retry").click()
    await finished(page)
    assert plain(await text_of(page)) == plain(expected_text("tokens=40"))
    await expect(page.get_by_test_id("error-bubble")).to_have_count(0)


async def test_a_polite_restart_in_mid_stream_keeps_what_came(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    people.watch.allow("WebSocket", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    upstream.script("tokens=100000 rate=50")
    await send(page, "Another long story, please.")
    seen = await grown(page, 100)
    assert await app.stop() == 0
    await app.serve()
    await finished(page, "interrupted")
    kept = (await bob.stored(chat_id))[-1]
    assert kept["status"] == "interrupted"
    assert len(kept["content"]) >= seen - 5
    await page.get_by_test_id("retry").click()
    await finished(page)
