"""Choosing from the library: by keyboard, on a phone, with nothing there, and when it fails."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect

from tests import files
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_files import attach, prompt
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, finished, ready, send
from tests.scripted import ScriptedServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

FILES = "**/api/v1/files?limit=30*"


async def open_library(page: Page) -> None:
    await page.get_by_test_id("attach").click()
    await page.get_by_test_id("attach-library").click()
    await expect(page.get_by_test_id("library-dialog")).to_be_visible()


async def test_files_of_the_library_are_found_ticked_and_attached_by_keyboard(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    for name, data in (("roof.txt", b"The roof leaks."), ("pump.txt", b"The pump hums.")):
        await bob.upload(name, data)
    await bob.upload("photo.png", files.png())
    page, _ = await bob.tab_with_chat()
    await page.get_by_test_id("attach").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("attach-device")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("library-search")).to_be_focused()
    rows = page.get_by_test_id("library-file")
    # The newest first.
    await expect(rows).to_contain_text(["photo.png", "pump.txt", "roof.txt"])
    await expect(rows.first.locator("img")).to_have_js_property("complete", True)
    await expect(rows.nth(1)).to_contain_text("Text · 14 bytes")
    await page.keyboard.type(".TXT")
    await expect(rows).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Space")
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("library-dialog")).to_have_count(0)
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await expect(page.get_by_test_id("file-chip")).to_contain_text(["pump.txt", "roof.txt"])
    await send(page, "What is wrong here?")
    await finished(page)
    assert "The roof leaks." in prompt(upstream)
    assert "The pump hums." in prompt(upstream)
    await expect(page.get_by_test_id("message-file")).to_have_count(2)


async def test_the_library_on_a_phone_comes_by_pages_and_marks_what_is_attached(
    app: App, people: People
) -> None:
    bob = await people.user(app, viewport=PHONE, has_touch=True, color_scheme="dark")
    await bob.upload("secret.pdf", files.pdf("x", password="y"))
    for n in range(32):
        await bob.upload(f"{n:02}.txt", b"words")
    page = await bob.tab("/chat")
    await ready(page)
    await attach(page, "mine.txt", b"words")
    await open_library(page)
    rows = page.get_by_test_id("library-file")
    await expect(rows).to_have_count(30)
    await _no_sideways(page, "the library")
    mine = rows.filter(has_text="mine.txt")
    await expect(mine).to_contain_text("Attached")
    await expect(mine.get_by_role("checkbox")).to_be_disabled()
    await page.get_by_test_id("library-more").click()
    await expect(rows).to_have_count(34)
    await expect(page.get_by_test_id("library-more")).to_have_count(0)
    broken = rows.filter(has_text="secret.pdf")
    await expect(broken).to_contain_text("password-protected")
    await expect(broken.get_by_role("checkbox")).to_be_disabled()
    for n in range(9):
        await rows.filter(has_text=f"{n:02}.txt").click()
    await expect(page.get_by_text("You can attach at most 10 files to a message.")).to_be_visible()
    await expect(rows.filter(has_text="20.txt").get_by_role("checkbox")).to_be_disabled()
    await page.get_by_test_id("library-choose").click()
    await expect(page.get_by_test_id("file-chip")).to_have_count(10)
    # What is chosen waits with the draft, like what was uploaded.
    await page.reload()
    await expect(page.get_by_test_id("file-chip")).to_have_count(10)


async def test_an_empty_library_leads_to_the_computers_own_dialog(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await open_library(page)
    await page.get_by_test_id("library-empty").wait_for()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_test_id("library-upload").click()
    await (await chooser.value).set_files(
        {"name": "first.txt", "mimeType": "text/plain", "buffer": b"words"}
    )
    await expect(page.get_by_test_id("file-chip")).to_have_attribute("data-status", "ready")
    await open_library(page)
    await page.get_by_test_id("library-search").fill("nothing like it")
    await page.get_by_test_id("library-no-match").wait_for()
    # The first Escape takes the search back, the second one leaves.
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("library-file")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("library-dialog")).to_have_count(0)
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await expect(page.get_by_test_id("file-chip")).to_have_count(1)


async def test_a_library_that_cannot_be_loaded_says_so_and_is_asked_again(
    app: App, people: People
) -> None:
    people.watch.allow("503")
    bob = await people.user(app)
    await bob.upload("roof.txt", b"words")
    page, _ = await bob.tab_with_chat()

    async def away(route: Route) -> None:
        await route.fulfill(status=503, body="not now")

    await page.route(FILES, away)
    await open_library(page)
    await expect(page.get_by_test_id("library-failed")).to_contain_text("could not be loaded")
    await page.unroute(FILES)
    await page.get_by_test_id("library-failed").get_by_role("button").click()
    await expect(page.get_by_test_id("library-file")).to_contain_text("roof.txt")
    await expect(page.get_by_test_id("library-search")).to_be_focused()
