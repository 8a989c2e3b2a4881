"""Files of a project in the browser: brought, taken out, and drawn on by its chats."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests import files
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_files import picked, prompt, transfer_to
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, WIDE, finished, pick, ready, send
from tests.scripted import Script, ScriptedServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

SAYS = "The heat pump was installed by Brunhilde Kowalski"


@pytest.mark.parametrize(("size", "theme"), [(WIDE, "light"), (PHONE, "dark")])
async def test_a_project_gets_files_and_gives_them_back(
    app: App, people: People, size: dict[str, int], theme: str
) -> None:
    bob = await people.user(app, viewport=size, color_scheme=theme)
    await bob.upload("old.txt", b"words")
    project = (await bob.post("/projects", {"name": "House"}))["id"]
    page = await bob.tab(f"/projects/{project}")
    await page.get_by_test_id("no-project-files").wait_for()
    rows = page.get_by_test_id("project-file")
    await page.get_by_test_id("upload-input").set_input_files(
        [
            picked("pump.docx", files.docx(SAYS)),
            picked("secret.pdf", files.pdf("x", password="y")),
        ]
    )
    await expect(rows).to_contain_text(["pump.docx", "secret.pdf"])
    await expect(rows.first).to_have_attribute("data-status", "ready")
    await expect(rows.last).to_contain_text("password-protected")
    await transfer_to(page.locator("body"), "drop", "plan.png", files.png(), "image/png")
    await expect(rows).to_have_count(3)
    await page.get_by_test_id("from-library").click()
    library = page.get_by_test_id("library-file")
    await expect(library.filter(has_text="pump.docx")).to_contain_text("In the project")
    await library.filter(has_text="old.txt").click()
    await page.get_by_test_id("library-choose").click()
    await expect(rows).to_contain_text(["old.txt", "plan.png", "pump.docx", "secret.pdf"])
    await _no_sideways(page, "a project with files")

    await rows.first.get_by_test_id("project-file-remove").click()
    await expect(rows).to_have_count(3)
    await page.get_by_test_id("undo-remove-file").click()
    await expect(rows).to_have_count(4)
    await expect(page.get_by_test_id("removed-file")).to_have_count(0)
    await page.reload()
    await expect(rows).to_have_count(4)


async def test_the_chats_of_a_project_say_and_take_what_comes_along(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    model = await bob.model_id()
    project = (await bob.post("/projects", {"name": "House"}))["id"]
    page = await bob.tab(f"/projects/{project}")
    await page.get_by_test_id("upload-input").set_input_files(
        [picked("pump.docx", files.docx(SAYS))]
    )
    await expect(page.get_by_test_id("project-file")).to_have_attribute("data-status", "ready")
    await page.get_by_test_id("new-chat-here").click()
    await ready(page)
    await pick(page, "scripted-too")
    along = page.get_by_test_id("files-along")
    await expect(along).to_have_text("Using 1 project file")
    await along.click()
    await expect(page.get_by_test_id("along-file")).to_contain_text("pump.docx")
    await page.keyboard.press("Escape")
    upstream.always = Script(say="It was Brunhilde Kowalski [1].")
    await send(page, "Who installed it?")
    await finished(page)
    assert SAYS in prompt(upstream)
    await expect(along).to_be_visible()
    await page.locator(".lu-md-cite").click()
    source = page.get_by_test_id("source").locator("a")
    await expect(source).to_have_text("pump.docx")
    await expect(source).to_be_focused()
    async with page.context.expect_page() as opened, page.expect_popup():
        await source.click()
    await (await opened.value).close()

    # In another chat, until that one is moved into the project too.
    outside = (await bob.post("/chats", {"model": model, "title": "Outside"}))["id"]
    await page.goto(f"{app.url}/chat/{outside}")
    await ready(page)
    await expect(along).to_have_count(0)
    await bob.post("/chats/organize", {"ids": [outside], "project_id": project})
    await page.reload()
    await expect(along).to_be_visible()
    await along.click()
    await page.get_by_test_id("along-manage").click()
    await expect(page.get_by_test_id("project-title")).to_have_text("House")
