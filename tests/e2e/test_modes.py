"""Thinking and browsing, as people see them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import answers, finished, ready, send, words
from tests.scripted import ScriptedServer
from tests.scripted.script import Script
from tests.web import Page, Web, article, web_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

HERONS = [f"Grey herons stand still for hours. Remark number {n} about herons." for n in range(9)]
EVIL = "<img src=x onerror=window.bad=1>\"'><script>window.bad=1</script>"


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def web() -> AsyncIterator[Web]:
    async with web_server() as running:
        running.pages["/herons"] = Page(article("All about herons", *HERONS))
        escaped = EVIL.replace("&", "&amp;").replace("<", "&lt;")
        running.pages["/evil"] = Page(article(escaped, *[escaped] * 9))
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def browsing_app(
    built: None,
    tmp_path_factory: pytest.TempPathFactory,
    model_server: ScriptedServer,
    web: Web,
) -> AsyncIterator[App]:
    """An installation whose admin lets everybody read the test's web server."""
    folder = tmp_path_factory.mktemp("browsing")
    running = App(folder, model_server.url, BROWSE_HOSTS=web.host)
    await running.start()
    yield running
    assert await running.stop() == 0


async def test_links_are_read_cited_and_listed(
    browsing_app: App, people: People, upstream: ScriptedServer, web: Web
) -> None:
    bob = await people.user(browsing_app)
    page, chat_id = await bob.tab_with_chat()
    switch = page.get_by_test_id("mode-browsing")
    await expect(switch).to_have_attribute("aria-pressed", "false")
    await switch.focus()
    await page.keyboard.press("Enter")
    await expect(switch).to_have_attribute("aria-pressed", "true")
    # No search is set up: the composer says so.
    await expect(page.get_by_test_id("composer-hint")).to_contain_text("Links")

    web.pages["/slow"] = Page(article("Slow herons", *HERONS), delay=2.0)
    upstream.always = Script(say="Herons stand still [1], `[1]` and [9]. See [2, 3].", rate=20)
    question = f"What do {web.url}/slow and {web.url}/gone and {web.url}/herons say?"
    await send(page, question)
    await expect(page.get_by_test_id("reading")).to_contain_text(f"Reading {web.host}")
    await finished(page)
    assert "Remark number 8" in upstream.requests[-1].body["messages"][-1]["content"]

    sources = answers(page).last.get_by_test_id("source")
    await expect(sources).to_have_count(3)
    await expect(sources.nth(0)).to_contain_text("Slow herons")
    await expect(sources.nth(1).get_by_test_id("source-problem")).to_have_text(
        "This page does not exist or has been removed."
    )
    link = sources.nth(0).locator("a")
    await expect(link).to_have_attribute("href", f"{web.url}/slow")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")

    cited = words(page).locator(".lu-md-cite")
    await expect(cited).to_have_text(["1", "2", "3"])
    await expect(words(page)).to_contain_text("[1] and [9]")
    await cited.nth(2).focus()
    await page.keyboard.press("Enter")
    await expect(sources.nth(2).locator("a")).to_be_focused()

    # A reload shows the same, and the mode is still on.
    await page.reload()
    await ready(page)
    await expect(answers(page).last.get_by_test_id("source")).to_have_count(3)
    await expect(words(page).locator(".lu-md-cite")).to_have_text(["1", "2", "3"])
    await expect(page.get_by_test_id("mode-browsing")).to_have_attribute("aria-pressed", "true")
    stored = (await bob.stored(chat_id))[-1]
    assert [each["problem"] for each in stored["sources"]] == ["", "missing", ""]


async def test_pages_inside_the_network_are_refused_and_the_answer_goes_on(
    browsing_app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(browsing_app)
    page, _ = await bob.tab_with_chat()
    await page.get_by_test_id("mode-browsing").click()
    await expect(page.get_by_test_id("mode-browsing")).to_have_attribute("aria-pressed", "true")
    upstream.always = Script(say="I could not read it.")
    await send(page, f"Read {browsing_app.url}/health/live and http://169.254.169.254/")
    await finished(page)
    problems = answers(page).last.get_by_test_id("source-problem")
    await expect(problems).to_have_text(["This address is blocked."] * 2)


async def test_nothing_of_a_page_becomes_more_than_text(
    browsing_app: App, people: People, upstream: ScriptedServer, web: Web
) -> None:
    bob = await people.user(browsing_app)
    page, _ = await bob.tab_with_chat()
    await page.get_by_test_id("mode-browsing").click()
    await expect(page.get_by_test_id("mode-browsing")).to_have_attribute("aria-pressed", "true")
    upstream.always = Script(say=f"It says {EVIL} [1] [2].")
    await send(page, f"Read {web.url}/evil and {web.url}/gone?x=<script>&y='onload=alert(1)")
    await finished(page)
    await expect(answers(page).last.get_by_test_id("source").first).to_contain_text("onerror")
    assert await page.evaluate("window.bad") is None
    inside = answers(page).last.locator(
        ".lu-md-answer script, .lu-md-answer img, .lu-md-answer [onerror]"
    )
    await expect(inside).to_have_count(0)


async def test_thinking_is_a_block_that_opens_and_says_how_long(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await expect(page.get_by_test_id("mode-browsing")).to_be_visible()
    # The model cannot be asked to think; it may do so all the same.
    await expect(page.get_by_test_id("mode-thinking")).to_have_count(0)
    upstream.always = Script(
        say="<think>" + "Let me see. " * 12 + "</think>\n\nForty-two, said `<think>`.", rate=12
    )
    await send(page, "What is six times seven?")
    block = answers(page).last.get_by_test_id("thinking")
    await expect(block.locator("summary")).to_contain_text("Thinking")
    await expect(block.locator("summary")).to_contain_text("2 s")
    await block.locator("summary").click()
    await expect(block).to_contain_text("Let me see.")
    await finished(page)
    await expect(block.locator("summary")).to_contain_text("Thought for")
    assert await words(page).inner_text() == "Forty-two, said <think>."
    stored = (await bob.stored(chat_id))[-1]
    assert stored["thinking_ms"] > 1000
    await page.reload()
    await ready(page)
    seconds = round(stored["thinking_ms"] / 1000)
    await expect(block.locator("summary")).to_contain_text(f"Thought for {seconds} s")


async def test_a_model_that_can_think_is_asked_by_a_switch(
    browsing_app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(browsing_app)
    model = await bob.model_id()
    table = sa.table("aimodel", sa.column("id"), sa.column("capabilities", sa.JSON))
    browsing_app.sql(sa.update(table).where(table.c.id == model).values(capabilities=["thinking"]))
    page, _ = await bob.tab_with_chat()
    await page.get_by_test_id("mode-thinking").click()
    await expect(page.get_by_test_id("mode-thinking")).to_have_attribute("aria-pressed", "true")
    upstream.always = Script(tokens=5, reasoning=12, rate=10)
    await send(page, "Think about it.")
    await finished(page)
    assert upstream.requests[-1].body["reasoning_effort"] == "medium"
    await expect(answers(page).last.get_by_test_id("thinking")).to_contain_text("Thought for 1 s")
    await page.get_by_test_id("mode-thinking").click()
    await expect(page.get_by_test_id("mode-thinking")).to_have_attribute("aria-pressed", "false")
    await send(page, "And now without.")
    await finished(page)
    assert "reasoning_effort" not in upstream.requests[-1].body


async def test_a_search_finds_what_to_read(
    built: None,
    people: People,
    upstream: ScriptedServer,
    web: Web,
    tmp_path: Path,
) -> None:
    results = {"results": [{"url": f"{web.url}/herons"}, {"url": "http://10.0.0.1/"}]}
    web.pages["/search"] = Page(json.dumps(results).encode(), kind="application/json", delay=1.5)
    app = App(tmp_path, upstream.url, BROWSE_HOSTS=web.host, SEARXNG_URL=web.url)
    await app.start()
    try:
        bob = await people.user(app)
        page, _ = await bob.tab_with_chat()
        await page.get_by_test_id("mode-browsing").click()
        await expect(page.get_by_test_id("mode-browsing")).to_have_attribute("aria-pressed", "true")
        await expect(page.get_by_test_id("composer-hint")).not_to_contain_text("link")
        upstream.always = Script(say="They stand still [1].")
        await send(page, "How do herons hunt?")
        await expect(page.get_by_test_id("reading")).to_have_text("Searching the web…")
        await finished(page)
        sources = answers(page).last.get_by_test_id("source")
        await expect(sources).to_have_count(2)
        await expect(sources.nth(0)).to_contain_text("All about herons")
        # What a search finds in the network is refused, and no link either.
        await expect(sources.nth(1)).to_contain_text("is blocked")
        await expect(sources.nth(1).locator("a")).to_have_count(0)
        assert [each for each in web.asked if "search" in each] == [
            "/search?q=How+do+herons+hunt%3F&format=json"
        ]
        # Its tab would miss the server.
        await page.close()
    finally:
        assert await app.stop() == 0


async def test_a_link_in_the_question_offers_to_be_read(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("A link")
    box, browse = page.get_by_test_id("composer"), page.get_by_test_id("mode-browsing")
    await box.fill("What does this say?")
    await expect(browse).to_have_text("Browse", use_inner_text=True)
    await box.fill("What does https://example.org/hours say?")
    await expect(browse).to_have_text("Read this link?", use_inner_text=True)
    await browse.click()
    await expect(browse).to_have_attribute("aria-pressed", "true")
    await expect(browse).to_have_text("Browse", use_inner_text=True)
