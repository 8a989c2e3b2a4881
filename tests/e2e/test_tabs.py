"""Two tabs of one person: what is done in one is seen in the other, without touching it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import CHAT, answers, finished, ready, send, text_of, until, words
from tests.scripted import ScriptedServer, expected_text
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def test_an_idle_tab_shows_what_is_asked_in_another_one(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat("Of two tabs")
    upstream.always = Script(say="The first answer.")
    await send(page, "The first question?")
    await finished(page)
    other = await bob.tab(f"/chat/{chat_id}")
    await expect(words(other)).to_have_text("The first answer.")
    # Words that are being written there stay, whatever comes.
    await other.get_by_test_id("composer").fill("Half a thought")

    script = "tokens=300 rate=60"
    upstream.always = None
    upstream.script(script)
    await send(page, "The second question?")
    await expect(other.get_by_test_id("message-user")).to_have_count(2)
    await expect(other.get_by_text("The second question?")).to_be_in_viewport()
    await expect(other.get_by_test_id("stop")).to_be_visible()

    async def streams() -> bool:
        return 20 < len(await text_of(other)) < len(expected_text(script))

    await until(streams)
    await finished(other)
    await finished(page)
    assert await text_of(other) == await text_of(page)
    await expect(other.get_by_test_id("composer")).to_have_value("Half a thought")

    # By a program, in a third chat, and gone again.
    third = await bob.new_chat("Made by a program")
    items = other.get_by_test_id("chat-list-item")
    await expect(items).to_have_text(["Made by a program", "Of two tabs"])
    upstream.always = Script(say="By REST.")
    await bob.post(f"/chats/{chat_id}/messages", {"content": "And by REST?"})
    await expect(answers(other)).to_have_count(3)
    await expect(words(other)).to_have_text("By REST.")
    await expect(items).to_have_text(["Of two tabs", "Made by a program"])
    await page.goto(f"{app.url}/chat/{third}")
    await ready(page)
    row = page.locator("#sidebar .lu-chat").filter(has_text="Of two tabs")
    await row.hover()
    await row.get_by_test_id("chat-menu").click()
    await page.get_by_test_id("delete").click()
    await other.wait_for_url(CHAT)
    await expect(other.get_by_text("This chat was deleted elsewhere.")).to_be_visible()
    await expect(items).to_have_text(["Made by a program"])
    # Who deleted it is offered to bring it back, and nothing else is said there.
    await expect(page.get_by_text("This chat was deleted elsewhere.")).to_have_count(0)
    await page.get_by_test_id("undo").click()
    await expect(items).to_have_text(["Of two tabs", "Made by a program"])
