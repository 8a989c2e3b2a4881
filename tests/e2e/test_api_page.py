"""The OpenAPI page, and REST beside an open page."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

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


async def _try_out(page: Page, operation: str, body: str = "") -> str:
    """Press "Try it out" and "Execute"; gives the status of the answer."""
    place = page.locator(f"#operations-{operation}")
    await place.locator("button.opblock-summary-control").click()
    await place.get_by_role("button", name="Try it out").click()
    if body:
        await place.locator("textarea.body-param__text").fill(body)
    await place.get_by_role("button", name="Execute").click()
    status = place.locator("table.live-responses-table .response-col_status").last
    await expect(status).to_contain_text("20")
    return (await status.inner_text()).split()[0]


async def test_who_is_signed_in_tries_out_what_changes_something(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/api/docs")
    assert await _try_out(page, "projects-create_project", '{"name": "Tried out"}') == "201"
    listed = await bob.get("/projects")
    assert [each["name"] for each in listed["items"]] == ["Tried out"]


async def test_a_key_is_entered_on_the_page(app: App, people: People) -> None:
    bob = await people.user(app)
    made = await bob.post("/keys", {"key_name": "Docs", "scopes": ["chat"]})
    guest = await people.visitor(app, "somebody with a key")
    page = await guest.tab("/api/docs")
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".dialog-ux")
    bearer = dialog.locator(".auth-container", has_text="bearerAuth")
    await bearer.locator("input").fill(made["key"])
    await bearer.get_by_role("button", name="Apply credentials").click()
    await dialog.get_by_role("button", name="Close").last.click()
    assert await _try_out(page, "projects-create_project", '{"name": "By key"}') == "201"
    listed = await bob.get("/projects")
    assert [each["name"] for each in listed["items"]] == ["By key"]


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
