"""The conversation as a tree, two models at once, settings, temporary chats: on the page."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import (
    A_CHAT,
    PHONE,
    Person,
    answers,
    chat_id_of,
    finished,
    pick,
    ready,
    send,
    words,
)
from tests.scripted import ScriptedServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def edit(page: Page, text: str) -> None:
    """Put the last question in other words."""
    await page.get_by_test_id("message-user").last.hover()
    await page.get_by_test_id("edit").last.click()
    await page.get_by_test_id("edit-text").fill(text)
    await page.get_by_test_id("edit-send").click()
    await expect(page.get_by_test_id("edit-text")).to_have_count(0)


async def more(page: Page, item: str) -> None:
    """Choose something in the last answer's menu."""
    await page.get_by_test_id("answer-more").last.click()
    await page.get_by_test_id(item).first.click()


async def second_model(page: Page) -> None:
    """Have another model answer beside the chosen one."""
    await page.get_by_test_id("also-picker").click()
    await page.get_by_test_id("also-option").filter(has_text="scripted").click()
    await expect(page.get_by_test_id("also")).to_be_visible()


async def test_other_words_and_the_way_between_versions(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "say:one")
    await finished(page)
    await send(page, "say:two")
    await finished(page)
    await page.get_by_test_id("edit").first.click()
    await expect(page.get_by_test_id("edit-text")).to_have_value("say:one")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("edit").first).to_be_focused()
    await page.get_by_test_id("edit").first.click()
    await page.get_by_test_id("edit-text").fill("say:uno")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message-user")).to_have_text([re.compile("say:uno")])
    await finished(page)
    await expect(words(page)).to_have_text("uno")
    await expect(page.get_by_test_id("version")).to_have_text("2/2")
    await expect(page.get_by_test_id("version-after")).to_be_disabled()
    await page.get_by_test_id("version-before").click()
    await expect(answers(page)).to_have_count(2)
    await expect(words(page)).to_have_text("two")
    await page.reload()
    await expect(answers(page)).to_have_count(2)
    await expect(page.get_by_test_id("version")).to_have_text("1/2")
    assert [each["content"] for each in await bob.stored(chat_id)][::2] == ["say:one", "say:two"]


async def test_answering_again_keeps_the_answer_that_was_there(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await send(page, "say:same")
    await finished(page)
    await page.get_by_test_id("retry").click()
    await expect(page.get_by_test_id("version")).to_have_text("2/2")
    await finished(page)
    await more(page, "again-focused")
    await expect(page.get_by_test_id("version")).to_have_text("3/3")
    await finished(page)
    await page.get_by_test_id("answer-more").last.click()
    await page.get_by_test_id("again-model").filter(has_text="scripted-too").click()
    await expect(page.get_by_test_id("version")).to_have_text("4/4")
    await finished(page)
    await page.get_by_test_id("version-before").click()
    await expect(page.get_by_test_id("version")).to_have_text("3/4")
    await expect(answers(page)).to_have_count(1)


async def test_two_models_side_by_side_and_one_kept(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await second_model(page)
    await send(page, "tokens=120 rate=60")
    pair = page.get_by_test_id("pair")
    await expect(answers(page)).to_have_count(2)
    texts = pair.locator(".lu-md-body .lu-md")
    # Both grow at the same time.
    for side in (0, 1):
        await expect(texts.nth(side)).not_to_have_text("")
    assert await page.get_by_test_id("stop").count() == 1
    await expect(page.get_by_test_id("stop")).to_have_count(0)
    stored = await bob.stored(chat_id)
    for side in (0, 1):
        shown = " ".join((await texts.nth(side).inner_text()).split())
        assert shown == " ".join(stored[1 + side]["content"].split())
    boxes = [await texts.nth(side).bounding_box() for side in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    await page.get_by_test_id("keep").nth(1).click()
    await expect(pair).to_have_count(0)
    await expect(answers(page)).to_have_count(1)
    await expect(page.get_by_test_id("version")).to_have_text("2/2")
    await expect(page.get_by_test_id("also-drop")).to_have_count(0)
    await send(page, "say:on")
    await finished(page)
    assert [each["id"] for each in await bob.stored(chat_id)][1] == stored[2]["id"]


async def test_stop_stops_both(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await second_model(page)
    await send(page, "tokens=4000 rate=20")
    await expect(answers(page)).to_have_count(2)
    await page.reload()
    await expect(answers(page)).to_have_count(2)
    await page.get_by_test_id("stop").click()
    for side in (0, 1):
        await expect(answers(page).nth(side)).to_have_attribute("data-status", "stopped")
    await expect(page.get_by_test_id("stop")).to_have_count(0)


async def test_on_a_phone_two_answers_stand_one_below_the_other(app: App, people: People) -> None:
    bob = await people.user(app, viewport=PHONE)
    page, _ = await bob.tab_with_chat()
    await second_model(page)
    await send(page, "say:short")
    await expect(answers(page)).to_have_count(2)
    boxes = [await answers(page).nth(side).bounding_box() for side in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_a_chat_goes_on_in_a_copy(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "say:one")
    await finished(page)
    await send(page, "say:two")
    await finished(page)
    await page.get_by_test_id("answer-more").first.click()
    await page.get_by_test_id("fork").click()
    await page.wait_for_url(lambda url: bool(A_CHAT.search(url)) and chat_id not in url)
    await expect(answers(page)).to_have_count(1)
    await expect(page.get_by_test_id("chat-title")).to_contain_text("(branch)")
    await expect(page.get_by_test_id("branched-from")).to_have_attribute(
        "href", re.compile(chat_id)
    )
    await send(page, "say:three")
    await finished(page)
    assert len(await bob.stored(chat_id)) == 4
    assert len(await bob.stored(chat_id_of(page))) == 4


async def test_thumbs_and_plain_text(app: App, people: People, upstream: ScriptedServer) -> None:
    bob = await people.user(app)
    await bob.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, chat_id = await bob.tab_with_chat()
    await send(page, "say:# Title\n\nSome **bold** words:\n\n- one\n- two\n\n```py\nx = 1\n```")
    await finished(page)
    good, bad = page.get_by_test_id("good"), page.get_by_test_id("bad")
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    assert (await bob.stored(chat_id))[1]["feedback"] == 1
    await bad.click()
    await expect(good).to_have_attribute("aria-pressed", "false")
    await bad.click()
    await expect(bad).to_have_attribute("aria-pressed", "false")
    assert (await bob.stored(chat_id))[1]["feedback"] == 0
    await more(page, "copy-plain")
    plain = await page.evaluate("navigator.clipboard.readText()")
    assert plain == "Title\n\nSome bold words:\n\n- one\n- two\n\nx = 1"
    await answers(page).get_by_test_id("copy").first.click()
    assert "**bold**" in await page.evaluate("navigator.clipboard.readText()")


async def test_settings_are_kept_and_reach_the_model(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await bob.model_id()
    page = await bob.tab("/chat")
    await ready(page)
    await pick(page, "scripted")
    # Before the first question, too.
    await page.get_by_test_id("chat-settings").click()
    await page.get_by_test_id("setting-system-prompt").fill("Speak like a pirate.")
    await page.get_by_test_id("setting-temperature").fill("0.3")
    await page.get_by_test_id("settings-save").click()
    await expect(page.get_by_test_id("settings-dialog")).to_be_hidden()
    await send(page, "say:aye")
    await page.wait_for_url(A_CHAT)
    await finished(page)
    body = upstream.requests[-1].body
    assert body["messages"][0] == {"role": "system", "content": "Speak like a pirate."}
    assert body["temperature"] == 0.3
    await page.reload()
    await ready(page)
    await page.get_by_test_id("chat-settings").click()
    await expect(page.get_by_test_id("setting-temperature")).to_have_value("0.3")
    await page.get_by_test_id("settings-reset").click()
    await expect(page.get_by_test_id("settings-dialog")).to_be_hidden()
    await send(page, "say:again")
    await finished(page)
    assert upstream.requests[-1].body["messages"][0]["role"] == "user"
    await expect(page.get_by_test_id("context-meter")).to_be_visible()


async def test_the_page_says_what_is_no_longer_sent(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    for _ in range(2):
        await send(page, "tokens=5 " + "word " * 4000)
        await finished(page)
    await expect(page.get_by_test_id("left-out")).to_contain_text("no longer sent")


async def _ask_temporarily(bob: Person) -> tuple[Page, str]:
    page = await bob.tab("/chat")
    await ready(page)
    await pick(page, "scripted")
    await page.get_by_test_id("temporary-switch").click()
    await expect(page.get_by_test_id("temporary-switch")).to_have_attribute("aria-checked", "true")
    await send(page, "say:secret")
    await page.wait_for_url(A_CHAT)
    await finished(page)
    return page, chat_id_of(page)


async def test_a_temporary_chat_goes_when_it_is_left(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.model_id()
    page, chat_id = await _ask_temporarily(bob)
    await expect(page.get_by_test_id("temporary-note")).to_be_visible()
    await expect(page.get_by_test_id("chat-list-item")).to_have_count(0)
    # A reload is no leaving.
    await page.reload()
    await expect(answers(page)).to_have_count(1)
    await page.get_by_test_id("new-chat").click()
    await page.get_by_test_id("empty-chat").wait_for()
    gone = await bob.context.request.get(f"{bob.url}/api/v1/chats/{chat_id}")
    people.watch.allow("404")
    assert gone.status == 404
