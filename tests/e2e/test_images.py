"""Alice sets up who makes images; bob has some made."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, Person, answers, ready, send
from tests.scripted import ScriptedServer, scripted_server
from tests.scripted.images import png

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

KEY = "sk-images-4711"


@pytest_asyncio.fixture(loop_scope="package")
async def studio() -> AsyncIterator[ScriptedServer]:
    """Who makes the images."""
    async with scripted_server() as server:
        yield server


async def add_models(alice: Person, page: Page, studio: ScriptedServer) -> None:
    """Alice's page of media, with two models on it."""
    await expect(page.get_by_test_id("no-media")).to_be_visible()
    # The provider of the test before is still there, and answers no longer.
    here = f"Studio {studio.url}"
    provider = {
        "provider_type": "openai",
        "name": here,
        "api_url": f"{studio.url}/v1",
        "api_key": KEY,
        "offers_new_models": False,
    }
    await alice.post("/admin/providers", provider)
    await page.reload()
    for name in ("gpt-image-1", "dall-e-3"):
        await page.get_by_test_id("media-add-model").click()
        dialog = page.get_by_test_id("media-add-dialog")
        await dialog.get_by_test_id("media-provider").select_option(label=here)
        await dialog.get_by_test_id("media-save").click()
        await expect(dialog.get_by_test_id("media-problem")).to_contain_text("name")
        await expect(dialog.get_by_test_id("media-name")).to_be_focused()
        await dialog.get_by_test_id("media-name").fill(name)
        await dialog.get_by_test_id("media-save").click()
        await expect(dialog).to_be_hidden()
    await expect(page.get_by_test_id("media-model")).to_have_count(2)


async def set_size(page: Page) -> None:
    """Set what one of the models is asked for."""
    canvas = page.get_by_test_id("media-model").filter(has_text="gpt-image-1")
    await canvas.get_by_test_id("media-model-edit").click()
    dialog = page.get_by_test_id("model-dialog")
    await dialog.get_by_test_id("model-display_name").fill("Canvas")
    await dialog.get_by_test_id("model-size").fill("large")
    await dialog.get_by_test_id("model-save").click()
    await expect(dialog.get_by_test_id("model-problem")).to_contain_text("1024x1024")
    await expect(dialog.get_by_test_id("model-size")).to_be_focused()
    await dialog.get_by_test_id("model-size").fill("512x512")
    await dialog.get_by_test_id("model-save").click()
    await expect(dialog).to_be_hidden()
    canvas = page.get_by_test_id("media-model").filter(has_text="Canvas")
    await canvas.get_by_test_id("media-model-edit").click()
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_test_id("model-size")).to_have_value("512x512")
    await expect(dialog.get_by_test_id("model-temperature")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_images_are_set_up_made_shown_and_removed(
    app: App, people: People, studio: ScriptedServer
) -> None:
    alice = await people.alice(app)
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await expect(page.get_by_test_id("mode-image")).to_have_count(0)

    admin = await alice.tab("/admin/media")
    await add_models(alice, admin, studio)
    await set_size(admin)
    assert KEY not in await admin.content()

    await page.reload()
    await ready(page)
    switch = page.get_by_test_id("mode-image")
    await switch.focus()
    await page.keyboard.press("Enter")
    await expect(switch).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("image-model").select_option(label="dall-e-3")
    await expect(page.get_by_test_id("composer-hint")).to_contain_text("dall-e-3")
    studio.script("delay=2")
    await send(page, "A sun over a field of rye")
    await expect(page.get_by_test_id("making-image")).to_contain_text("Creating the image…")
    live = page.locator("[aria-live=polite].lu-sr")
    await expect(live).to_have_text("Creating the image…")
    # The tab may go meanwhile.
    await page.goto("about:blank")
    await page.go_back()
    await ready(page)
    picture = answers(page).last.get_by_test_id("picture")
    await expect(picture).to_have_attribute("alt", "A sun over a field of rye", timeout=15_000)
    assert await picture.evaluate("async (e) => { await e.decode(); return e.naturalWidth }") == 256
    assert studio.requests[-1].model == "dall-e-3"
    assert studio.requests[-1].headers["authorization"] == f"Bearer {KEY}"

    opener = page.get_by_test_id("picture-open")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("picture-viewer")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("picture-viewer")).to_have_count(0)
    await expect(opener).to_be_focused()
    async with page.expect_download() as told:
        await page.get_by_test_id("picture-download").click()
    download = await told.value
    assert download.suggested_filename == "A sun over a field of rye.png"
    assert (await download.path()).read_bytes() == png()

    # What fails says why, and is made the second time; a stop is a stop.
    studio.script("error-400 error-message=moderated")
    await send(page, "Something else")
    await expect(page.get_by_test_id("error-bubble")).to_contain_text("moderated")
    await page.get_by_test_id("error-bubble").get_by_test_id("retry").click()
    await expect(answers(page).last.get_by_test_id("picture")).to_be_visible()
    await expect(live).to_have_text("The image is ready.")
    studio.script("stall-headers")
    await send(page, "A whale")
    await page.get_by_test_id("making-image").wait_for()
    await page.get_by_test_id("stop").click()
    await expect(page.get_by_test_id("stopped-note")).to_have_text("Stopped")

    for left in (1, 0):
        await admin.get_by_test_id("media-model-delete").first.click()
        dialog = admin.get_by_test_id("media-delete-dialog")
        await expect(dialog).to_contain_text("already created are kept")
        await admin.get_by_test_id("media-delete-yes").click()
        await expect(admin.get_by_test_id("media-model")).to_have_count(left)
    await expect(admin.get_by_test_id("no-media")).to_be_visible()
    await page.reload()
    await ready(page)
    await expect(page.get_by_test_id("mode-image")).to_have_count(0)
    await expect(page.get_by_test_id("picture")).to_have_count(2)


async def test_on_a_phone_and_for_bob(app: App, people: People, studio: ScriptedServer) -> None:
    bob = await people.user(app)
    page = await bob.tab("/admin/media")
    await page.wait_for_url("**/chat*")
    await expect(page.get_by_test_id("media-page")).to_have_count(0)
    alice = await people.alice(app, viewport=PHONE, has_touch=True, is_mobile=True, locale="en-GB")
    page = await alice.tab("/admin/media")
    await add_models(alice, page, studio)
    await _no_sideways(page, "the page of media")
    await page.goto(f"{app.url}/chat")
    await ready(page)
    await page.get_by_test_id("mode-image").tap()
    await page.get_by_test_id("image-model").wait_for()
    await _no_sideways(page, "the composer")
    await send(page, "A sun over a field of rye")
    await answers(page).last.get_by_test_id("picture").wait_for()
    await _no_sideways(page, "an image")
    page = await alice.tab("/admin/media")
    for _ in range(2):
        await page.get_by_test_id("media-model-delete").first.tap()
        await page.get_by_test_id("media-delete-yes").tap()
        await page.get_by_test_id("media-delete-dialog").wait_for(state="hidden")
    await page.get_by_test_id("no-media").wait_for()
