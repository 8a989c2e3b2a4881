"""The main job, from an empty installation, with the model that comes with it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import (
    A_CHAT,
    CHAT,
    LOGIN,
    PASSWORD,
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
)

pytestmark = [pytest.mark.e2e, pytest.mark.model, pytest.mark.asyncio(loop_scope="package")]

BUNDLED = "SmolLM2"
LONG = "Write a long story about a lighthouse keeper and the sea."


async def _register(page: Page, person: Person) -> None:
    await page.get_by_test_id("register-email").fill(person.email)
    await page.get_by_test_id("register-username").fill(person.name)
    await page.get_by_test_id("register-password").fill(PASSWORD)
    await page.get_by_test_id("register-submit").click()
    await page.wait_for_url(CHAT)


async def _stored(person: Person, chat_id: str) -> dict[str, object]:
    return (await person.stored(chat_id))[-1]


async def test_from_an_empty_installation_to_a_kept_answer(fresh_app: App, people: People) -> None:
    alice = await people.visitor(fresh_app, "alice")
    # Nobody can sign in yet: every way leads to the first account.
    page = await alice.tab("/login")
    await page.wait_for_url("**/setup")
    await page.goto(f"{fresh_app.url}/")
    await page.wait_for_url("**/setup")
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Create the administrator’s account"
    )
    await _register(page, alice)
    await expect(page.get_by_test_id("next-steps").get_by_role("link")).to_have_count(3)
    await page.get_by_test_id("user-menu").click()
    await page.get_by_test_id("admin-link").click()
    await expect(page.get_by_test_id("stat-users")).to_contain_text("1")

    # The model may still be loading.
    await alice.model_id(BUNDLED)
    await page.goto(f"{fresh_app.url}/chat")
    await pick(page, BUNDLED)
    await send(page, LONG)
    await page.wait_for_url(A_CHAT)
    first = await grown(page)
    second = await grown(page, first)

    # A reload in the middle: the answer is there, and goes on.
    await page.reload()
    after_reload = await grown(page, second)
    other = await alice.tab(page.url.removeprefix(fresh_app.url))
    seen = await grown(other, after_reload)
    await grown(page, seen)

    # Stopped in one tab, it is stopped in both, and both show what is kept.
    await other.get_by_test_id("stop").click()
    for tab in (page, other):
        await finished(tab, "stopped")
        await expect(tab.get_by_test_id("stopped-note")).to_be_visible()
    kept = await _stored(alice, chat_id_of(page))
    assert kept["status"] == "stopped"
    assert plain(await text_of(page)) == plain(await text_of(other))
    assert len(plain(str(kept["content"]))) >= seen - 20

    # A short one runs to its end; so small a model does not always find one by itself.
    alice.csrf = (await alice.get("/auth/me"))["csrf_token"]
    limit = await alice.context.request.patch(
        f"{fresh_app.url}/api/v1/chats/{chat_id_of(page)}",
        data={"settings": {"max_tokens": 60}},
        headers={"X-CSRF-Token": alice.csrf},
    )
    assert limit.ok
    await send(page, "Say hello in five words.")
    await finished(page)
    await expect(page.get_by_test_id("answer-metrics").last).to_be_visible()
    done = await _stored(alice, chat_id_of(page))
    assert done["status"] == "done"
    assert done["output_tokens"]

    # The server restarts: whoever is signed in stays so, and everything is there.
    people.watch.allow("WebSocket", "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE")
    await fresh_app.stop()
    await expect(page.get_by_test_id("offline")).to_be_visible()
    await fresh_app.serve()
    await expect(page.get_by_test_id("offline")).to_have_count(0)
    await page.goto(f"{fresh_app.url}/chat")
    await ready(page)
    await page.get_by_test_id("chat-list-item").filter(has_text="lighthouse").click()
    await expect(answers(page)).to_have_count(2)
    # The tab that nobody touched has caught up by itself.
    await expect(answers(other)).to_have_count(2)
    assert plain(await text_of(page)) == plain(await text_of(other))

    # Signed out and in again, too.
    await page.get_by_test_id("user-menu").click()
    # The server leads the tab away as well; the page that counts is the one that is loaded anew.
    async with page.expect_event("load"):
        await page.get_by_test_id("sign-out").click()
    await page.wait_for_url(LOGIN)
    await page.get_by_test_id("login-email").fill(alice.email)
    await page.get_by_test_id("login-password").fill(PASSWORD)
    await page.get_by_test_id("login-submit").click()
    await page.wait_for_url(CHAT)
    await page.get_by_test_id("chat-list-item").filter(has_text="lighthouse").click()
    await expect(answers(page)).to_have_count(2)
