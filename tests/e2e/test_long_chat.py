"""Long chats, and long lists of them: however long, the page holds what is near the view."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bench.seen import CHATS, END, LOG, PROBE, Listing
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.rows import put
from tests.e2e.window import finished, pick, ready
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

MOST_STEPS = 400
ALL_NODES = 3200


async def way(page: Page, listing: Listing, step: int, arrived: str) -> dict[str, Any]:
    """Turn the wheel until `arrived` holds; what was seen after each frame of the way."""
    await page.evaluate(PROBE, asdict(listing))
    await page.locator(listing.box).hover()
    for number in range(MOST_STEPS):
        await page.mouse.wheel(0, step)
        await page.wait_for_timeout(60)
        if number % 10 == 9:
            await page.wait_for_function("() => !window.benchProbe.isBlank()")
            if await page.evaluate(
                f"() => {{ const probe = window.benchProbe; return {arrived}; }}"
            ):
                found: dict[str, Any] = await page.evaluate(END)
                return found
    raise AssertionError("the way has no end")


async def test_a_chat_of_a_thousand_messages_stays_light_all_through(
    app: App, people: People
) -> None:
    bob = await people.user(app)
    await bob.model_id()
    chat_id = put(app, bob, 1, 1000)
    page = await bob.tab(f"/chat/{chat_id}")
    await expect(page.get_by_text("Words 999")).to_be_in_viewport()
    assert await page.evaluate("document.querySelectorAll('*').length") < ALL_NODES / 2
    first = page.get_by_text("Question 0", exact=True)
    top = "probe.isAtTop() && probe.rows.size === 1000"
    up = await way(page, LOG, -2000, top)
    await expect(first).to_be_in_viewport()
    assert up["elements"] <= ALL_NODES
    down = await way(page, LOG, 2000, "probe.isAtEnd()")
    await expect(page.get_by_text("Words 999")).to_be_in_viewport()
    assert down["elements"] <= ALL_NODES
    await expect(first).to_have_count(0)
    # By the scroll bar: what is there comes back, as high as it was.
    await page.locator(LOG.box).evaluate("(box) => { box.scrollTop = box.scrollHeight / 2; }")
    await page.wait_for_function(f"() => document.querySelector('{LOG.hole}') !== null")
    await page.evaluate(PROBE, asdict(LOG))
    await page.wait_for_function("() => !window.benchProbe.isBlank()")
    await page.get_by_test_id("jump-latest").click()
    await expect(page.get_by_text("Words 999")).to_be_in_viewport()


async def test_who_asks_from_far_up_is_taken_to_the_answer(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await bob.model_id()
    page = await bob.tab(f"/chat/{put(app, bob, 1, 100)}")
    await ready(page)
    await pick(page, "scripted")
    await way(page, LOG, -2000, "probe.isAtTop() && probe.rows.size === 100")
    upstream.always = Script(say="It stands at the end.")
    await page.get_by_test_id("composer").fill("Where is the answer?")
    await page.keyboard.press("Enter")
    await finished(page)
    await expect(page.get_by_text("It stands at the end.")).to_be_in_viewport()
    await expect(page.get_by_text("Where is the answer?")).to_be_in_viewport()
    await expect(page.get_by_text("Words 99")).to_have_count(1)


async def test_home_leads_to_the_first_of_what_is_there(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab(f"/chat/{put(app, bob, 1, 40)}")
    await expect(page.get_by_text("Words 39")).to_be_in_viewport()
    await page.locator(LOG.box).focus()
    await page.keyboard.press("Home")
    await expect(page.get_by_text("Question 0", exact=True)).to_be_in_viewport()
    await page.keyboard.press("End")
    await expect(page.get_by_text("Words 39")).to_be_in_viewport()


async def test_two_thousand_chats_stay_light_all_through(app: App, people: People) -> None:
    bob = await people.user(app)
    for _ in range(4):
        put(app, bob, 500)
    page = await bob.tab("/chat")
    await ready(page)
    down = await way(page, CHATS, 600, "probe.isAtEnd()")
    await expect(page.locator(".lu-chats__list")).to_have_attribute("data-total", "2000")
    assert down["elements"] < ALL_NODES / 2
    up = await way(page, CHATS, -600, "probe.isAtTop()")
    assert up["elements"] < ALL_NODES / 2
