"""The OpenAPI page, and REST beside an open page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import finished, ready, words

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

# From the page itself, as somebody's script would do it.
CALL = """
async () => {
  const me = await (await fetch("/api/v1/auth/me")).json();
  const send = (path, body) => fetch("/api/v1" + path, {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": me.csrf_token },
  });
  const { items } = await (await fetch("/api/v1/models")).json();
  const model = items.find((each) => each.name === "scripted").id;
  const chat = await (await send("/chats", { model, title: "By script" })).json();
  await send(`/chats/${chat.id}/messages`, { content: "say:Hello from REST." });
  return chat.id;
}
"""

FORGED = """
async (model) => {
  const body = JSON.stringify({ model });
  const headers = { "Content-Type": "application/json" };
  return (await fetch("/api/v1/chats", { method: "POST", headers, body })).status;
}
"""


async def test_the_page_of_the_api_needs_nobody_else(app: App, people: People) -> None:
    guest = await people.visitor(app, "bob")
    page = await guest.tab("/api/docs")
    # That no request left the machine is what `people` looks after.
    await expect(page.locator(".swagger-ui .title")).to_contain_text("LLM UI")
    await expect(page.locator("#operations-chats-ask")).to_be_visible()


async def test_what_a_script_makes_stands_in_the_page(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.model_id()
    page = await bob.tab("/chat")
    await ready(page)
    chat_id = await page.evaluate(CALL)
    await page.goto(f"{app.url}/chat/{chat_id}")
    await expect(page.get_by_test_id("chat-title")).to_have_text("By script")
    await finished(page)
    await expect(words(page)).to_have_text("Hello from REST.")


async def test_without_the_token_nothing_changes(app: App, people: People) -> None:
    people.watch.allow(r"\b403\b")
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    status = await page.evaluate(FORGED, await bob.model_id())
    assert status == 403
    assert (await bob.get("/chats"))["items"] == []


async def test_an_unknown_address_is_a_page_with_a_way_on(app: App, people: People) -> None:
    people.watch.allow(r"\b404\b")
    bob = await people.user(app)
    page = await bob.tab("/there-is-nothing")
    await page.get_by_test_id("not-found").get_by_role("link").click()
    await ready(page)
