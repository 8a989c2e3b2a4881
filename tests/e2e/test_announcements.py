"""What is read out to those who do not see the page: an answer's end, once, and no word before."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import answers, finished, ready, send
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

# Notes every text that comes into a live region, and every live region that comes with one.
LISTEN = """
const LIVE = "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log], output";
window.said = [];
const known = new WeakMap();
const hear = (region) => {
  const text = region.textContent.trim() || region.getAttribute("aria-label") || "";
  if (text && known.get(region) !== text) said.push(text);
  known.set(region, text);
};
new MutationObserver((changes) => {
  const regions = new Set();
  for (const { target, addedNodes } of changes) {
    const near = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    const region = near?.closest(LIVE);
    if (region) regions.add(region);
    for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      if (node.matches(LIVE)) regions.add(node);
      for (const inner of node.querySelectorAll(LIVE)) regions.add(inner);
    }
  }
  regions.forEach(hear);
}).observe(document, {
  subtree: true, childList: true, characterData: true, attributes: true,
  attributeFilter: ["aria-live", "role", "aria-label"],
});
"""


async def said(page: Page) -> list[Any]:
    """What has been said since this was asked last."""
    # What comes with the very end has arrived with the next frame.
    found: list[Any] = await page.evaluate(
        "new Promise((done) => setTimeout(() => done(said.splice(0)), 300))"
    )
    return found


async def _listened(people: People, app: App) -> Page:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await page.evaluate(LISTEN)
    return page


async def test_an_answer_says_once_that_it_is_finished(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    page = await _listened(people, app)
    # The second and third time it is the same sentence, and read out all the same.
    for _ in range(3):
        await send(page, "markdown tokens=120 rate=60")
        await expect(answers(page).last.locator("p, h1, h2").first).to_be_visible()
        assert await said(page) == []
        await finished(page)
        assert await said(page) == ["The answer is finished."]


async def test_an_answer_that_begins_a_chat_says_so_too(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    await page.evaluate(LISTEN)
    await send(page, "reasoning=20 tokens=60 rate=60")
    await finished(page)
    assert await said(page) == ["The answer is finished."]


async def test_one_that_is_stopped_or_fails_says_why_once(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    page = await _listened(people, app)
    await send(page, "tokens=900 rate=30")
    await page.get_by_test_id("stop").click()
    await finished(page, "stopped")
    assert await said(page) == ["The answer was stopped."]
    upstream.always = Script(error=503)
    await send(page, "And now?")
    await finished(page, "failed")
    (words,) = await said(page)
    assert words.startswith("The answer failed. ")
    assert "overloaded" in words
    # Opened again, an old failure is nothing new.
    await page.reload()
    await page.get_by_test_id("error-bubble").wait_for()
    await page.evaluate(LISTEN)
    assert await said(page) == []


async def test_two_answers_side_by_side_are_one_piece_of_news(app: App, people: People) -> None:
    page = await _listened(people, app)
    await page.get_by_test_id("also-picker").click()
    await page.get_by_test_id("also-option").filter(has_text="scripted").click()
    await expect(page.get_by_test_id("also")).to_be_visible()
    await said(page)
    await send(page, "tokens=60 rate=40")
    await expect(answers(page)).to_have_count(2)
    await expect(page.get_by_test_id("stop")).to_have_count(0)
    (words,) = await said(page)
    assert words.count("The answer is finished.") == 2
    for model in ("scripted:", "scripted-too:"):
        assert model in words
