"""Alice looks after providers in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.e2e.app import App, free_port
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, Person, finished, pick, ready, send, text_of
from tests.scripted import ScriptedServer, scripted_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

KEY = "sk-very-secret-4711"


@pytest_asyncio.fixture(loop_scope="package")
async def cellar() -> AsyncIterator[ScriptedServer]:
    """A model server of alice's own."""
    async with scripted_server() as server:
        server.model_names = ("cellar-7b", "cellar-70b")
        yield server


def card(page: Page, name: str) -> Locator:
    return page.get_by_test_id("provider-card").filter(has=page.get_by_role("heading", name=name))


async def open_page(alice: Person) -> Page:
    page = await alice.tab("/admin/providers")
    await page.get_by_test_id("provider-card").first.wait_for()
    return page


async def begin(page: Page, preset: str = "") -> None:
    """Open the form of a well-known service, or of one that nobody knows."""
    await page.get_by_test_id("add-provider").click()
    chosen = page.get_by_test_id("provider-other")
    if preset:
        chosen = page.get_by_test_id("provider-preset").filter(has_text=preset)
    await chosen.click()
    await expect(page.get_by_test_id("provider-api_url")).to_be_visible()


async def delete(page: Page, name: str) -> None:
    await card(page, name).get_by_test_id("provider-delete").click()
    await page.get_by_test_id("provider-delete-yes").click()
    await expect(card(page, name)).to_have_count(0)


async def test_a_provider_is_added_tested_used_switched_off_and_deleted(
    app: App, people: People, cellar: ScriptedServer
) -> None:
    alice = await people.alice(app)
    page = await open_page(alice)
    await begin(page)
    await page.get_by_test_id("provider-name").fill("Cellar")
    await page.get_by_test_id("provider-api_url").fill(f"{cellar.url}/v1")
    await page.get_by_test_id("provider-api_key").fill(KEY)
    await page.get_by_test_id("provider-test").click()
    tested = page.get_by_test_id("provider-dialog").get_by_test_id("test-ok")
    await expect(tested).to_contain_text("cellar-70b")
    await expect(tested).to_contain_text("2 models")
    await page.get_by_test_id("provider-save").click()
    own = card(page, "Cellar")
    await expect(own.get_by_test_id("sync-result")).to_contain_text("cellar-7b")
    await expect(own.get_by_test_id("provider-status")).to_have_text("Working")
    await expect(own.get_by_test_id("provider-models")).to_contain_text("2 models")

    cellar.model_names = ("cellar-7b", "cellar-8b")
    await own.get_by_test_id("sync-now").click()
    await expect(own.get_by_test_id("sync-result")).to_contain_text("cellar-8b")
    await own.get_by_test_id("last-difference").click()
    await expect(own).to_contain_text("1 removed")

    # Nothing of the key is in the page, nor when the form is opened again.
    await own.get_by_test_id("provider-edit").click()
    await expect(page.get_by_test_id("provider-api_key")).to_have_value("")
    await expect(page.get_by_test_id("provider-dialog")).to_contain_text("A key is stored")
    assert KEY not in await page.content()
    await page.keyboard.press("Escape")

    await page.goto(f"{app.url}/chat")
    await ready(page)
    await pick(page, "cellar-7b")
    cellar.script("say:From the cellar.")
    await send(page, "Who are you?")
    await finished(page)
    assert await text_of(page) == "From the cellar."
    assert cellar.requests[-1].headers["authorization"] == f"Bearer {KEY}"

    page = await open_page(alice)
    switch = card(page, "Cellar").get_by_test_id("provider-switch")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "false")
    listed = [each["name"] for each in (await alice.get("/models"))["items"]]
    assert not any(name.startswith("cellar") for name in listed)
    await switch.click()
    await expect(card(page, "Cellar").get_by_test_id("sync-result")).to_be_visible()
    listed = [each["name"] for each in (await alice.get("/models"))["items"]]
    assert "cellar-7b" in listed

    await card(page, "Cellar").get_by_test_id("provider-delete").click()
    question = page.get_by_test_id("provider-delete-dialog")
    await expect(question).to_contain_text("3 models will be permanently deleted too")
    await expect(question).to_contain_text("1 chat uses them")
    await page.get_by_test_id("provider-delete-yes").click()
    await expect(card(page, "Cellar")).to_have_count(0)
    await page.reload()
    await page.get_by_test_id("provider-card").first.wait_for()
    await expect(card(page, "Cellar")).to_have_count(0)


async def test_what_is_wrong_is_said_where_it_is(app: App, people: People) -> None:
    alice = await people.alice(app)
    page = await open_page(alice)
    await begin(page, "Anthropic")
    await expect(page.get_by_test_id("provider-api_url")).to_have_value("https://api.anthropic.com")
    problem = page.get_by_test_id("provider-problem")
    await page.get_by_test_id("provider-save").click()
    await expect(problem).to_contain_text("requires a key")
    await expect(page.get_by_test_id("provider-api_key")).to_be_focused()
    await page.get_by_test_id("provider-back").click()
    await page.get_by_test_id("provider-preset").filter(has_text="vLLM").click()
    address = page.get_by_test_id("provider-api_url")
    await address.fill("gpu-box:8000")
    await page.get_by_test_id("provider-save").click()
    await expect(problem).to_contain_text("http://")
    await expect(address).to_have_attribute("aria-invalid", "true")
    await address.fill(f"http://127.0.0.1:{free_port()}/v1")
    await page.get_by_test_id("provider-more").click()
    headers = page.get_by_test_id("provider-headers")
    await headers.fill("Authorization: Bearer x")
    await page.get_by_test_id("provider-save").click()
    await expect(problem).to_contain_text("Authorization")
    await expect(headers).to_be_focused()
    await headers.fill("")
    await page.get_by_test_id("provider-connect").fill("soon")
    await page.get_by_test_id("provider-test").click()
    await expect(problem).to_contain_text("not a number")
    await page.get_by_test_id("provider-connect").fill("3")
    await page.get_by_test_id("provider-test").click()
    failed = page.get_by_test_id("provider-dialog").get_by_test_id("test-failed")
    await expect(failed).to_contain_text("connection was refused")
    await expect(problem).to_have_text("")
    # It may be saved all the same: the server may be there tomorrow.
    await page.get_by_test_id("provider-save").click()
    own = card(page, "vLLM")
    await expect(own.get_by_test_id("sync-failed")).to_be_visible()
    await expect(own.get_by_test_id("provider-reason")).to_contain_text("refused")
    await delete(page, "vLLM")


async def test_a_further_address_takes_over(
    app: App, people: People, cellar: ScriptedServer
) -> None:
    alice = await people.alice(app)
    page = await open_page(alice)
    await begin(page, "llama.cpp")
    await page.get_by_test_id("provider-api_url").fill(f"http://127.0.0.1:{free_port()}/v1")
    await page.get_by_test_id("provider-save").click()
    own = card(page, "llama.cpp")
    await expect(own.get_by_test_id("sync-failed")).to_be_visible()
    await own.get_by_test_id("address-add").click()
    await page.get_by_test_id("address-api_url").fill("nowhere")
    await page.get_by_test_id("address-save").click()
    await expect(page.get_by_test_id("address-problem")).to_contain_text("http://")
    await page.get_by_test_id("address-api_url").fill(f"{cellar.url}/v1")
    await page.get_by_test_id("address-save").click()
    await expect(own.get_by_test_id("provider-address")).to_have_count(1)
    await expect(own.get_by_test_id("test-ok")).to_be_visible()
    await own.get_by_test_id("sync-now").click()
    await expect(own.get_by_test_id("sync-result")).to_contain_text("cellar-7b")
    await expect(own.get_by_test_id("provider-status").first).to_have_text("Failover active")

    await page.goto(f"{app.url}/chat")
    await ready(page)
    await pick(page, "cellar-7b")
    cellar.script("say:From the other address.")
    await send(page, "Who are you?")
    await finished(page)
    assert await text_of(page) == "From the other address."

    page = await open_page(alice)
    own = card(page, "llama.cpp")
    await own.get_by_test_id("address-delete").click()
    await page.get_by_test_id("address-delete-dialog-yes").click()
    await expect(own.get_by_test_id("provider-address")).to_have_count(0)
    await delete(page, "llama.cpp")


async def test_of_what_the_environment_names_the_address_is_only_read(
    app: App, people: People
) -> None:
    alice = await people.alice(app)
    page = await open_page(alice)
    own = page.get_by_test_id("provider-card").filter(has_text="from the environment")
    await expect(own.get_by_test_id("provider-delete")).to_have_count(0)
    await own.get_by_test_id("provider-edit").click()
    await expect(page.get_by_test_id("provider-locked")).to_contain_text("OPENAI_BASE_URL")
    await expect(page.get_by_test_id("provider-api_url")).to_have_attribute("readonly", "")
    await expect(page.get_by_test_id("provider-api_key")).to_have_count(0)


async def test_bob_is_sent_away(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/admin/providers")
    await page.wait_for_url("**/chat*")
    await expect(page.get_by_test_id("provider-card")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_on_a_phone_nothing_scrolls_sideways(
    app: App, people: People, cellar: ScriptedServer, theme: Literal["light", "dark"]
) -> None:
    cellar.model_names = ("a-model-with-a-name-that-does-not-end-" * 4, "short")
    alice = await people.alice(
        app, viewport=PHONE, color_scheme=theme, has_touch=True, is_mobile=True, locale="de-DE"
    )
    page = await open_page(alice)
    await begin(page)
    await page.get_by_test_id("provider-name").fill("Donaudampfschifffahrt" * 4)
    await page.get_by_test_id("provider-api_url").fill(f"{cellar.url}/v1")
    await page.get_by_test_id("provider-more").tap()
    await page.get_by_test_id("provider-headers").fill("X-Team: " + "blue" * 60)
    await page.get_by_test_id("provider-test").tap()
    await page.get_by_test_id("provider-dialog").get_by_test_id("test-ok").wait_for()
    await _no_sideways(page, "the form")
    await page.get_by_test_id("provider-save").tap()
    own = card(page, "Donaudampfschifffahrt")
    await own.get_by_test_id("sync-result").wait_for()
    await own.get_by_test_id("address-add").tap()
    await page.get_by_test_id("address-api_url").fill("http://127.0.0.1:9/" + "x" * 300)
    await page.get_by_test_id("address-save").tap()
    await own.get_by_test_id("test-failed").wait_for()
    await own.get_by_test_id("last-difference").tap()
    await _no_sideways(page, "a provider")
    await own.get_by_test_id("provider-delete").tap()
    await page.get_by_test_id("provider-delete-yes").wait_for()
    await _no_sideways(page, "the question")
    await page.get_by_test_id("provider-delete-yes").tap()
    await expect(own).to_have_count(0)
