"""Alice looks after models in a browser, and Bob chooses among them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, Person, finished, pick, ready, send
from tests.scripted import ScriptedServer, scripted_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


@pytest_asyncio.fixture(loop_scope="package")
async def cellar(app: App, people: People) -> AsyncIterator[tuple[ScriptedServer, Person]]:
    """A provider of alice's own with three models, gone afterwards; and alice."""
    alice = await people.alice(app)
    async with scripted_server() as server:
        server.model_names = ("cellar-a", "cellar-b", "cellar-c")
        body = {"provider_type": "openai", "name": "Cellar", "api_url": f"{server.url}/v1"}
        made = await alice.post("/admin/providers", body)
        await alice.post(f"/admin/providers/{made['id']}/sync")
        yield server, alice
        removed = await alice.context.request.delete(
            f"{app.url}/api/v1/admin/providers/{made['id']}", headers={"X-CSRF-Token": alice.csrf}
        )
        assert removed.ok


def row(page: Page, name: str) -> Locator:
    return page.get_by_test_id("model-row").filter(has_text=name)


async def open_page(alice: Person) -> Page:
    page = await alice.tab("/admin/models")
    await page.get_by_test_id("model-row").first.wait_for()
    return page


async def order(page: Page) -> list[str]:
    names = await page.get_by_test_id("model-open").all_inner_texts()
    return [name for name in names if name.startswith("cellar")]


async def test_a_model_is_named_priced_given_to_bob_and_used_by_him(
    app: App, people: People, cellar: tuple[ScriptedServer, Person]
) -> None:
    server, alice = cellar
    bob, charlie = await people.user(app, "bob"), await people.user(app, "charlie")
    page = await open_page(alice)
    await page.get_by_test_id("models-search").fill("cellar-b")
    await expect(page.get_by_test_id("models-count")).to_have_text("1 model")
    await expect(page.get_by_test_id("model-up")).to_have_count(0)

    # What is wrong is said, and the field has the focus; what is right is kept.
    await row(page, "cellar-b").get_by_test_id("model-open").click()
    await page.get_by_test_id("model-display_name").fill("House Wine")
    await page.get_by_test_id("model-description").fill("For every day")
    await page.get_by_test_id("model-icon-star").check(force=True)
    await page.get_by_test_id("model-context_window").fill("1.5")
    await page.get_by_test_id("model-save").click()
    await expect(page.get_by_test_id("model-problem")).to_contain_text("whole number of tokens")
    await expect(page.get_by_test_id("model-context_window")).to_be_focused()
    await page.get_by_test_id("model-context_window").fill("32,000")
    await page.get_by_test_id("model-more").click()
    await page.get_by_test_id("model-prompt").fill("Speak of grapes.")
    await page.get_by_test_id("model-temperature").fill("0,4")
    await page.get_by_test_id("visible-chosen").check()
    await page.get_by_test_id("reader-search").fill(bob.email)
    await page.get_by_test_id("reader-found").first.click()
    await expect(page.get_by_test_id("reader")).to_contain_text(bob.email)
    await page.get_by_test_id("model-save").click()
    await expect(page.get_by_test_id("model-dialog")).to_be_hidden()
    own = row(page, "House Wine")
    await expect(own.get_by_test_id("model-seen")).to_have_text("1 user")
    await expect(own).to_contain_text("cellar-b")

    # A price for today, written the German way.
    await own.get_by_test_id("model-price").click()
    await expect(page.get_by_test_id("no-prices")).to_be_visible()
    await page.get_by_test_id("price-input").fill("1,000")
    await page.get_by_test_id("price-output").fill("2,5")
    await page.get_by_test_id("price-save").click()
    await expect(page.get_by_test_id("price-problem")).to_contain_text("could mean one thousand")
    await page.get_by_test_id("price-input").fill("1,5")
    await page.get_by_test_id("price-save").click()
    await expect(page.get_by_test_id("price-row")).to_contain_text("Current")
    await page.get_by_test_id("prices-close").click()
    await expect(own.get_by_test_id("model-price")).to_have_text("$1.50 / $2.50")

    # Bob finds it with its description, and asks it as alice has set it up.
    chat = await bob.tab("/chat")
    await ready(chat)
    await chat.get_by_test_id("model-picker").click()
    option = chat.get_by_test_id("model-option").filter(has_text="House Wine")
    await expect(option).to_contain_text("For every day")
    await expect(option.locator("svg.lucide-star")).to_be_visible()
    await chat.keyboard.press("Escape")
    await pick(chat, "House Wine")
    await chat.get_by_test_id("chat-settings").click()
    temperature = chat.get_by_test_id("setting-temperature")
    await expect(temperature).to_have_attribute("placeholder", "Default: 0.4")
    await chat.keyboard.press("Escape")
    server.script("say:From the cellar.")
    await send(chat, "What is good?")
    await finished(chat)
    asked = server.requests[-1].body
    assert (asked["model"], asked["temperature"]) == ("cellar-b", 0.4)
    assert asked["messages"][0] == {"role": "system", "content": "Speak of grapes."}
    usage = await chat.context.new_page()
    await usage.goto(f"{app.url}/usage")
    await expect(usage.get_by_text("House Wine").first).to_be_visible()
    await expect(usage.locator("main")).to_contain_text("$0.0")
    listed = await charlie.get("/models")
    assert "House Wine" not in [each["name"] for each in listed["items"]]


async def test_models_are_put_in_order_by_keyboard_and_switched_together(
    app: App, people: People, cellar: tuple[ScriptedServer, Person]
) -> None:
    _, alice = cellar
    page = await open_page(alice)
    names = page.get_by_test_id("filter-provider")
    await names.select_option(label="Cellar")
    await expect(page.get_by_test_id("models-count")).to_have_text("3 models")
    assert await order(page) == ["cellar-a", "cellar-b", "cellar-c"]
    down = row(page, "cellar-a").get_by_test_id("model-down")
    await down.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("announced")).to_have_text(
        "cellar-a moved to position 2 of 3."
    )
    await expect(down).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("announced")).to_have_text(
        "cellar-a moved to position 3 of 3."
    )
    # At the end the way back has the focus.
    await expect(row(page, "cellar-a").get_by_test_id("model-up")).to_be_focused()
    assert await order(page) == ["cellar-b", "cellar-c", "cellar-a"]
    picker = [each["name"] for each in (await alice.get("/models"))["items"]]
    assert [name for name in picker if name.startswith("cellar")] == await order(page)

    await row(page, "cellar-c").get_by_test_id("model-menu-button").click()
    await page.get_by_test_id("do-default").locator("visible=true").click()
    await expect(row(page, "cellar-c").get_by_test_id("model-default")).to_be_visible()
    guest = await people.user(app, "dora")
    chat = await guest.tab("/chat")
    await ready(chat)
    await expect(chat.get_by_test_id("model-picker")).to_contain_text("cellar-c")

    await page.get_by_test_id("pick-all").click()
    await page.get_by_test_id("bulk-off").click()
    for name in await order(page):
        switch = row(page, name).get_by_test_id("model-switch")
        await expect(switch).to_have_attribute("aria-checked", "false")
    offered = [each["name"] for each in (await guest.get("/models"))["items"]]
    assert not any(name.startswith("cellar") for name in offered)
    await row(page, "cellar-a").get_by_test_id("model-switch").click()
    await page.get_by_test_id("filter-state").select_option("on")
    await expect(page.get_by_test_id("model-row")).to_have_count(1)


async def test_types_and_prices_fit_a_phone(
    app: App, people: People, cellar: tuple[ScriptedServer, Person]
) -> None:
    server, _ = cellar
    alice = await people.alice(
        app, viewport=PHONE, has_touch=True, is_mobile=True, locale="de-DE", color_scheme="dark"
    )
    long = "a-model-with-a-name-that-does-not-end-" * 4
    server.model_names = (long, "short")
    (made,) = [
        each for each in (await alice.get("/admin/providers"))["items"] if each["name"] == "Cellar"
    ]
    await alice.post(f"/admin/providers/{made['id']}/sync")
    page = await open_page(alice)
    await _no_sideways(page, "the list")
    gone = row(page, "cellar-a")
    await expect(gone.get_by_test_id("model-gone")).to_have_text("Nicht mehr angeboten")
    await row(page, long).get_by_test_id("model-open").tap()
    await page.get_by_test_id("model-save").wait_for()
    await _no_sideways(page, "the form")
    await page.keyboard.press("Escape")
    await row(page, long).get_by_test_id("model-price").tap()
    await page.get_by_test_id("price-input").fill("0,15")
    await page.get_by_test_id("price-output").fill("999999")
    await page.get_by_test_id("price-save").tap()
    await page.get_by_test_id("price-row").wait_for()
    await _no_sideways(page, "prices")
    await page.get_by_test_id("price-delete").tap()
    await expect(page.get_by_test_id("no-prices")).to_be_visible()
    # What was deleted comes back as it was.
    await expect(page.get_by_test_id("price-input")).to_have_value("0,15")
    await page.get_by_test_id("price-save").tap()
    await expect(page.get_by_test_id("price-row")).to_contain_text("0,15")
    await page.get_by_test_id("prices-close").tap()
    await page.get_by_test_id("view-types").tap()
    await page.get_by_test_id("type-new").tap()
    await page.get_by_test_id("type-name").fill("Donaudampfschifffahrtsgesellschaft")
    await page.get_by_test_id("type-save").tap()
    kind = page.get_by_test_id("type-row").filter(has_text="Donau")
    await expect(kind).to_be_visible()
    await _no_sideways(page, "types")
    await kind.get_by_test_id("type-delete").tap()
    await page.get_by_test_id("type-delete-dialog-yes").tap()
    await expect(kind).to_have_count(0)
