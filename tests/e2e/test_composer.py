"""Writing: keys, drafts, and far too much text."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import answers, finished, put, ready, send, words

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def paste(page: Page, text: str) -> None:
    """Put a text in the composer's place, over the clipboard."""
    await page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    await page.get_by_test_id("composer").focus()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.press("ControlOrMeta+V")


async def test_enter_sends_and_shift_enter_breaks_the_line(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    composer = page.get_by_test_id("composer")
    await composer.click()
    await page.keyboard.type("say:first")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second")
    await expect(composer).to_have_value("say:first\nsecond")
    await page.keyboard.press("Enter")
    await finished(page)
    await expect(composer).to_have_value("")
    await expect(composer).to_be_focused()
    assert (await bob.stored(chat_id))[0]["content"] == "say:first\nsecond"
    assert (await bob.stored(chat_id))[1]["content"] == "first\nsecond"


async def test_nothing_is_not_sent(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await expect(page.get_by_test_id("send")).to_be_disabled()
    await page.get_by_test_id("composer").fill("  \n ")
    await expect(page.get_by_test_id("send")).to_be_disabled()
    await page.get_by_test_id("composer").press("Enter")
    await send(page, "say:something")
    await finished(page)
    assert len(await bob.stored(chat_id)) == 2


async def test_while_an_answer_comes_nothing_else_is_sent(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "tokens=60 rate=40")
    await page.get_by_test_id("composer").fill("say:next")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer")).to_have_value("say:next")
    await finished(page)
    await page.get_by_test_id("send").click()
    await expect(answers(page)).to_have_count(2)
    await finished(page)
    await expect(words(page)).to_have_text("next")
    assert len(await bob.stored(chat_id)) == 4


async def test_a_draft_survives_a_reload_and_belongs_to_its_chat(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.new_chat("Another")
    page, _ = await bob.tab_with_chat("This one")
    composer = page.get_by_test_id("composer")
    await composer.fill("Half a tho")
    await page.reload()
    await ready(page)
    await expect(composer).to_have_value("Half a tho")
    items = page.get_by_test_id("chat-list-item")
    await items.filter(has_text="Another").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Another")
    await expect(composer).to_have_value("")
    await items.filter(has_text="This one").click()
    await expect(composer).to_have_value("Half a tho")


async def test_twenty_thousand_pasted_lines(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, chat_id = await bob.tab_with_chat()
    composer = page.get_by_test_id("composer")
    lines = "".join(f"{n:05}: a line of a log file with words\n" for n in range(20_000))

    # The page stays usable: so much becomes a file.
    await paste(page, lines)
    await page.keyboard.press("x")
    await expect(page.get_by_test_id("send")).to_be_enabled()
    assert await composer.input_value() == "x"
    await expect(page.get_by_test_id("file-chip")).to_have_attribute("data-status", "ready")
    await page.get_by_test_id("file-remove").click()

    # More words than the server takes: it says so and gives every one of them back.
    await put(page, lines + "x")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("too long")).to_be_visible()
    assert (await composer.input_value()).strip() == lines + "x"
    assert await bob.stored(chat_id) == []

    # More than the wire takes is not even sent.
    words = ("word " * 20 + "\n") * 12_500
    await put(page, words)
    await page.keyboard.press("Enter")
    await expect(page.locator(".lu-composer-note")).to_contain_text("too long")
    assert await composer.input_value() == words
    assert await bob.stored(chat_id) == []

    # And what fits is sent.
    await put(page, "log line\n" * 20_000)
    await page.keyboard.press("Enter")
    await finished(page)
    assert len((await bob.stored(chat_id))[0]["content"]) > 170_000


async def test_a_suggestion_is_put_into_the_composer(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await page.get_by_test_id("suggestion").first.click()
    await expect(page.get_by_test_id("composer")).to_have_value(
        "Explain how a heat pump works to someone who has never seen one."
    )
    await expect(page.get_by_test_id("composer")).to_be_focused()
