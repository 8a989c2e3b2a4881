"""Files in the browser: attached by picking, dropping and pasting, asked about, kept."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import Locator, Page, expect

from tests import files
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, Person, finished, ready, send, until
from tests.scripted import ScriptedServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

ANNEX = "The annex was built in 1987"


def picked(name: str, data: bytes) -> dict[str, Any]:
    """A file as a person picks it; the type that the browser claims is a lie."""
    return {"name": name, "mimeType": "application/x-anything", "buffer": data}


async def attach(page: Page, name: str, data: bytes, status: str = "ready") -> None:
    await page.get_by_test_id("attach-input").set_input_files([picked(name, data)])
    chip = page.get_by_test_id("file-chip").filter(has_text=name)
    await expect(chip).to_have_attribute("data-status", status)


async def gone(bob: Person, file_id: str) -> bool:
    """Whether a file is in the library no more."""
    return file_id not in [each["id"] for each in (await bob.get("/files"))["items"]]


def prompt(upstream: ScriptedServer) -> str:
    """The last question as the model got it."""
    return str(upstream.requests[-1].body["messages"][-1]["content"])


async def transfer(page: Page, event: str, name: str, data: bytes, media_type: str) -> None:
    """Drop or paste a file on the composer."""
    await transfer_to(page.get_by_test_id("composer"), event, name, data, media_type)


async def transfer_to(place: Locator, event: str, name: str, data: bytes, media_type: str) -> None:
    """Drop or paste a file somewhere."""
    await place.evaluate(
        """(area, [event, name, data, type]) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const carried = new DataTransfer();
          carried.items.add(new File([bytes], name, { type }));
          const common = { bubbles: true, cancelable: true };
          area.dispatchEvent(event === "paste"
            ? new ClipboardEvent("paste", { ...common, clipboardData: carried })
            : new DragEvent(event, { ...common, dataTransfer: carried }));
        }""",
        [event, name, base64.b64encode(data).decode(), media_type],
    )


@pytest.mark.parametrize("kind", ["pdf", "docx"])
async def test_a_document_is_attached_asked_about_and_kept(
    app: App, people: People, upstream: ScriptedServer, kind: str
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await attach(page, f"annex.{kind}", getattr(files, kind)(ANNEX))
    await send(page, "When was it built?")
    await finished(page)
    assert ANNEX in prompt(upstream)
    assert prompt(upstream).endswith("When was it built?")
    shown = page.get_by_test_id("message-file")
    await expect(shown).to_contain_text(f"annex.{kind}")
    await expect(page.get_by_test_id("file-chip")).to_have_count(0)
    [question, _] = await bob.stored(chat_id)
    assert [each["name"] for each in question["files"]] == [f"annex.{kind}"]
    await page.reload()
    await expect(shown).to_contain_text(f"annex.{kind}")
    # It opens here: what was read in it, and the way to the file itself.
    await shown.click()
    await expect(page.get_by_test_id("preview-text")).to_contain_text(ANNEX)
    async with page.expect_download() as download:
        await page.get_by_test_id("preview-download").click()
    assert (await download.value).suggested_filename == f"annex.{kind}"
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("file-preview")).to_have_count(0)
    await expect(shown).to_be_focused()


async def test_the_first_message_of_a_new_chat_takes_its_file_along(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await bob.model_id()
    page = await bob.tab("/chat")
    await ready(page)
    await attach(page, "notes.txt", ANNEX.encode())
    await send(page, "When was it built?")
    await finished(page)
    assert ANNEX in prompt(upstream)
    await expect(page.get_by_test_id("file-chip")).to_have_count(0)


async def test_files_are_dropped_and_images_pasted(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await transfer(page, "dragenter", "a.txt", b"words", "text/plain")
    await expect(page.get_by_test_id("drop-zone")).to_be_visible()
    await transfer(page, "drop", "a.txt", b"words", "text/plain")
    await expect(page.get_by_test_id("drop-zone")).to_have_count(0)
    await transfer(page, "paste", "image.png", files.png(), "image/png")
    chips = page.get_by_test_id("file-chip")
    await expect(chips).to_have_count(2)
    for chip in await chips.all():
        await expect(chip).to_have_attribute("data-status", "ready")
    await expect(chips.nth(1).locator("img")).to_be_visible()
    # What is attached waits with the draft.
    await page.reload()
    await expect(chips).to_have_count(2)
    await chips.first.get_by_test_id("file-remove").click()
    await expect(chips).to_have_count(1)


async def test_a_long_text_that_is_pasted_becomes_a_file(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    paste = """(area, text) => {
      const carried = new DataTransfer();
      carried.setData("text/plain", text);
      area.dispatchEvent(new ClipboardEvent("paste",
        { bubbles: true, cancelable: true, clipboardData: carried }));
    }"""
    # The page stays alive meanwhile: none of it passes through the field.
    await page.get_by_test_id("composer").evaluate(paste, "a line\n" * 20_000)
    chip = page.get_by_test_id("file-chip")
    await expect(chip).to_contain_text("Pasted text.txt")
    await expect(chip).to_have_attribute("data-status", "ready")
    await expect(page.get_by_test_id("composer")).to_have_value("")
    await send(page, "How many lines?")
    await finished(page)
    assert "a line\na line" in prompt(upstream)


async def test_a_long_text_that_is_dropped_becomes_a_file(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    drop = """(area, text) => {
      const carried = new DataTransfer();
      carried.setData("text/plain", text);
      area.dispatchEvent(new DragEvent("drop",
        { bubbles: true, cancelable: true, dataTransfer: carried }));
    }"""
    await page.get_by_test_id("composer").evaluate(drop, "a line\n" * 2500)
    await expect(page.get_by_test_id("file-chip")).to_contain_text("Pasted text.txt")
    await expect(page.get_by_test_id("composer")).to_have_value("")


async def test_a_folder_that_is_dropped_says_that_it_cannot_be_sent(
    app: App, people: People, tmp_path: Path
) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "one.txt").write_text("words")
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    browser = await page.context.new_cdp_session(page)
    dragged = {
        "items": [],
        "dragOperationsMask": 1,
        "files": [str(tmp_path / "papers"), str(tmp_path / "one.txt")],
    }
    for event in ("dragEnter", "dragOver", "drop"):
        await browser.send(
            "Input.dispatchDragEvent", {"type": event, "x": 640, "y": 300, "data": dragged}
        )
    chips = page.get_by_test_id("file-chip")
    await expect(chips.filter(has_text="papers")).to_contain_text("Folders cannot be uploaded")
    await expect(chips.filter(has_text="one.txt")).to_have_attribute("data-status", "ready")


async def test_more_files_than_go_with_a_message_are_counted_before_it_is_sent(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    many = [picked(f"{n}.txt", b"words") for n in range(11)]
    await page.get_by_test_id("attach-input").set_input_files(many)
    await expect(page.get_by_role("alert").filter(has_text="At most 10 files")).to_be_visible()
    before = len(upstream.requests)
    await page.get_by_test_id("composer").fill("Read them")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("file-remove").first.click()
    await expect(page.get_by_text("At most 10 files")).to_have_count(0)
    assert len(upstream.requests) == before
    await expect(page.get_by_test_id("composer")).to_have_value("Read them")


async def test_sizes_are_refused_before_anything_is_sent(
    built: None, people: People, upstream: ScriptedServer, tmp_path: Path
) -> None:
    app = App(tmp_path, upstream.url, MAX_FILE_MB="1", FILE_QUOTA_MB="1")
    await app.start()
    try:
        bob = await people.user(app)
        page, _ = await bob.tab_with_chat()
        uploads: list[str] = []
        page.on("request", lambda sent: uploads.append(sent.method + sent.url))
        await attach(page, "large.txt", b"x" * 1_100_000, "refused")
        large = page.get_by_test_id("file-chip").filter(has_text="large.txt")
        await expect(large).to_contain_text("larger than the 1 MB allowed")
        await expect(large.get_by_test_id("file-retry")).to_have_count(0)
        await attach(page, "first.txt", b"words " * 100_000)
        await attach(page, "second.txt", b"words " * 100_000, "refused")
        second = page.get_by_test_id("file-chip").filter(has_text="second.txt")
        await expect(second).to_contain_text("storage limit of 1 MB")
        assert len([each for each in uploads if each.startswith("POST")]) == 1
        # Whoever makes room can try again: what is taken away unsent is not kept.
        [kept] = (await bob.get("/files"))["items"]
        await (
            page.get_by_test_id("file-chip")
            .filter(has_text="first.txt")
            .get_by_test_id("file-remove")
            .click()
        )
        await until(partial(gone, bob, kept["id"]), 20)
        await second.get_by_test_id("file-retry").click()
        await expect(second).to_have_attribute("data-status", "ready")
        await bob.context.close()
    finally:
        assert await app.stop() == 0


async def test_what_cannot_be_used_says_why_and_keeps_the_message_back(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    people.watch.allow("422", "Unprocessable")
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await attach(page, "program.exe", b"\x7fELF\x02\x01\x01\x00", "refused")
    await attach(page, "secret.pdf", files.pdf("x", password="y"), "failed")
    await expect(page.get_by_test_id("file-chip").last).to_contain_text("password")
    before = len(upstream.requests)
    await page.get_by_test_id("composer").fill("Read them")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("or remove those that failed")).to_be_visible()
    assert len(upstream.requests) == before
    for _ in range(2):
        await page.get_by_test_id("file-remove").first.click()
    await send(page, "Read them")


async def test_an_image_for_a_model_that_cannot_see_comes_back_with_its_words(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    note = page.get_by_test_id("blind-note")
    await expect(note).to_have_count(0)
    await attach(page, "photo.png", files.png())
    # Said before anything is sent; taken back with the image.
    await expect(note).to_contain_text("does not support images")
    await page.get_by_test_id("file-remove").click()
    await expect(note).to_have_count(0)
    await attach(page, "photo.png", files.png())
    await page.get_by_test_id("composer").fill("What is this?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("or pick a model that does")).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_have_value("What is this?")
    await expect(page.get_by_test_id("file-chip")).to_contain_text("photo.png")
    # What was taken away before it was sent is not kept.
    assert [each["name"] for each in (await bob.get("/files"))["items"]] == ["photo.png"]


async def test_images_of_a_question_are_seen_and_open_large(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app, viewport=PHONE)
    model = await bob.model_id()
    table = sa.table("aimodel", sa.column("id"), sa.column("capabilities", sa.JSON))
    before = app.sql(sa.select(table.c.capabilities).where(table.c.id == model))[0][0]
    app.sql(sa.update(table).where(table.c.id == model).values(capabilities=["vision"]))
    try:
        page, _ = await bob.tab_with_chat()
        for name in ("one.png", "two.png", "three.png"):
            await attach(page, name, files.png(400, 300))
        await expect(page.get_by_test_id("blind-note")).to_have_count(0)
        await send(page, "What are these?")
        await finished(page)
    finally:
        app.sql(sa.update(table).where(table.c.id == model).values(capabilities=before))
    shown = page.get_by_test_id("message-image")
    await expect(shown).to_have_count(3)
    box = await shown.first.bounding_box()
    assert box is not None
    assert box["width"] >= 96
    await _no_sideways(page, "a question with images")
    await shown.first.focus()
    await page.keyboard.press("Enter")
    viewer = page.get_by_test_id("picture-viewer")
    await expect(viewer).to_contain_text("1 of 3")
    await page.keyboard.press("ArrowLeft")
    await expect(viewer).to_contain_text("3 of 3")
    await expect(viewer.locator("img")).to_have_attribute("alt", "three.png")
    await page.get_by_test_id("picture-zoom").click()
    await expect(page.get_by_test_id("picture-zoom")).to_have_attribute("aria-pressed", "true")
    # The focus stays in the dialog, and goes back to where it came from.
    for _ in range(8):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "!document.hasFocus() || document.activeElement === document.body"
            " || !!document.activeElement.closest('dialog')"
        )
    await page.keyboard.press("Escape")
    await expect(viewer).to_have_count(0)
    await expect(shown.first).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_library(app: App, people: People, theme: str) -> None:
    """XSS through file names."""
    bob = await people.user(app, color_scheme=theme, viewport=PHONE)
    page = await bob.tab("/files")
    await page.get_by_test_id("no-files").wait_for()
    hostile = "<img src=x onerror=alert(1)>" + "x" * 120 + ".txt"
    await page.get_by_test_id("upload-input").set_input_files(
        [picked(hostile, b"words"), picked("annex.docx", files.docx(ANNEX))]
    )
    rows = page.get_by_test_id("file-row")
    await expect(rows).to_have_count(2)
    await expect(page.get_by_test_id("file-chip")).to_have_count(0)
    await expect(page.get_by_test_id("quota")).to_contain_text("of 500 MB")
    await expect(rows.filter(has_text="onerror")).to_have_count(1)
    assert await page.locator("img[src=x]").count() == 0
    await _no_sideways(page, "the library")

    await page.get_by_test_id("file-search").fill("ANNEX")
    await expect(rows).to_have_count(1)
    await page.get_by_test_id("file-search").fill("nothing like it")
    await page.get_by_test_id("no-file-matches").wait_for()
    await page.get_by_test_id("file-search").fill("")
    await expect(rows).to_have_count(2)

    # By keyboard alone: the question is asked once, Escape keeps the file.
    await rows.filter(has_text="annex").get_by_test_id("delete-file").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_test_id("delete-file-dialog")
    await expect(dialog).to_be_visible()
    await expect(dialog).to_contain_text("not used in any chat")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await rows.filter(has_text="annex").get_by_test_id("delete-file").click()
    await page.get_by_test_id("delete-file-dialog-submit").click()
    await expect(rows).to_have_count(1)
