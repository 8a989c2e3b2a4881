"""Prompts, account and usage, as somebody uses them in a browser."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import LOGIN, PASSWORD, PHONE, finished, ready, send
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

NEW = "a completely different sentence"


async def _write_prompt(page: Page, name: str, text: str, tags: str = "") -> None:
    await page.get_by_test_id("new-prompt").click()
    await page.get_by_test_id("prompt-name").fill(name)
    await page.get_by_test_id("prompt-text").fill(text)
    await page.get_by_test_id("prompt-tags").fill(tags)
    await page.get_by_test_id("prompt-save").click()
    await expect(page.get_by_test_id("prompt-form")).to_be_hidden()


async def test_a_prompt_is_written_found_changed_and_deleted(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/prompts")
    await page.get_by_test_id("no-prompts").wait_for()
    await page.get_by_test_id("first-prompt").click()
    await expect(page.get_by_test_id("prompt-name")).to_be_focused()
    await page.keyboard.press("Escape")
    await _write_prompt(page, "Mail", "Write to {{person}} about {{topic}}.", "office, mail")
    await _write_prompt(page, "Short", "Be short.")
    items = page.get_by_test_id("prompt-item")
    await expect(items).to_have_count(2)
    await expect(items.last).to_contain_text("topic")

    await page.get_by_test_id("prompt-search").fill("short")
    await expect(items).to_have_count(1)
    await page.get_by_test_id("prompt-search").fill("no such words")
    await page.get_by_test_id("no-match").wait_for()
    await page.get_by_test_id("prompt-search").fill("")
    await page.get_by_test_id("prompt-tag").filter(has_text="office").click()
    await expect(items).to_have_count(1)
    await page.get_by_test_id("prompt-tag").filter(has_text="office").click()
    await expect(items).to_have_count(2)

    await items.last.get_by_test_id("prompt-edit").click()
    await expect(page.get_by_test_id("prompt-name")).to_have_value("Mail")
    await page.get_by_test_id("prompt-text").fill("Now with {{nothing else}}.")
    await expect(page.get_by_test_id("prompt-form")).to_contain_text("nothing else")
    await page.get_by_test_id("prompt-name").fill("   ")
    await page.get_by_test_id("prompt-save").click()
    await expect(page.get_by_test_id("prompt-problem")).to_contain_text("no name")
    await page.get_by_test_id("prompt-name").fill("Letter")
    await page.get_by_test_id("prompt-save").click()
    await expect(items.first).to_contain_text("Letter")

    await items.first.get_by_test_id("prompt-delete").click()
    await expect(page.get_by_test_id("prompt-delete-dialog")).to_contain_text("Letter")
    await page.get_by_test_id("prompt-delete-dialog-yes").click()
    await expect(items).to_have_count(1)
    await page.reload()
    await expect(items).to_have_count(1)


async def test_a_public_prompt_is_copied_by_another_person(app: App, people: People) -> None:
    bob, charlie = await people.user(app), await people.user(app, "charlie")
    name = f"Shared of {bob.email}"
    body = {"name": name, "text": "Say <b>this</b>.", "is_public": True}
    shared = await bob.post("/prompts", body)
    page = await charlie.tab("/prompts")
    item = page.get_by_test_id("prompt-item").filter(has_text=name)
    await expect(item).to_contain_text("Shared by Bob")
    await expect(item.get_by_test_id("prompt-edit")).to_have_count(0)
    await item.get_by_test_id("prompt-open").click()
    await expect(page.get_by_test_id("prompt-text")).to_have_value("Say <b>this</b>.")
    await expect(page.get_by_test_id("prompt-text")).to_have_attribute("readonly", "")
    await page.get_by_test_id("prompt-copy-open").click()
    own = item.filter(has=page.get_by_test_id("prompt-edit"))
    await expect(own).to_have_count(1)
    answer = await bob.context.request.delete(
        f"{bob.url}/api/v1/prompts/{shared['id']}", headers={"X-CSRF-Token": bob.csrf}
    )
    assert answer.ok
    await page.reload()
    await expect(item).to_have_count(1)


async def test_an_admin_stops_a_prompt_from_being_shared(app: App, people: People) -> None:
    bob, alice = await people.user(app), await people.alice(app)
    name = f"Shared of {bob.email}"
    shared = await bob.post("/prompts", {"name": name, "text": "Praise Bob.", "is_public": True})
    page = await alice.tab("/prompts")
    item = page.get_by_test_id("prompt-item").filter(has_text=name)
    await item.get_by_test_id("prompt-open").click()
    await page.get_by_test_id("prompt-unshare").click()
    await expect(page.get_by_test_id("prompt-form")).to_be_hidden()
    await expect(item).to_have_count(0)
    assert (await bob.get(f"/prompts/{shared['id']}"))["is_public"] is False


async def test_a_slash_inserts_a_prompt_by_keyboard(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await bob.post("/prompts", {"name": "Zweite", "text": "Only words."})
    await bob.post("/prompts", {"name": "Mail", "text": "To {{who}}: {{what}}. Dear {{who}}!"})
    page, _ = await bob.tab_with_chat()
    composer = page.get_by_test_id("composer")
    await composer.focus()
    await page.keyboard.type("/zwei")
    await expect(page.get_by_test_id("slash-option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(composer).to_have_value("Only words.")

    await composer.fill("/mail")
    await expect(page.get_by_test_id("slash-option")).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.get_by_test_id("variables-dialog").wait_for()
    await page.keyboard.type("Ann")
    await page.keyboard.press("Tab")
    await page.keyboard.type("say:Good $& {{who}}.")
    await page.get_by_test_id("variables-insert").focus()
    await page.keyboard.press("Enter")
    await expect(composer).to_have_value("To Ann: say:Good $& {{who}}.. Dear Ann!")
    await expect(composer).to_be_focused()
    await expect(page.get_by_test_id("message-user")).to_have_count(0)

    # Escape leaves what was typed; a path is no call for prompts.
    await composer.fill("/mail")
    await page.get_by_test_id("slash-option").wait_for()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("slash-menu")).to_have_count(0)
    await expect(composer).to_have_value("/mail")
    upstream.always = Script(say="Yes.")
    await send(page, "/etc/hosts: what is this?")
    await finished(page)


async def test_use_leads_from_the_library_into_a_chat(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.post("/prompts", {"name": "Mail", "text": "To {{who}}."})
    page = await bob.tab("/prompts")
    await page.get_by_test_id("prompt-use").first.click()
    await page.get_by_test_id("variable").fill("Ann")
    await page.get_by_test_id("variables-insert").click()
    await expect(page.get_by_test_id("composer")).to_have_value("To Ann.")
    assert "prompt=" not in page.url


async def test_the_default_prompt_and_titles_are_set(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    made = await bob.post("/prompts", {"name": "Kind", "text": "Be kind."})
    page = await bob.tab("/account")
    await page.get_by_test_id("account-prompt").select_option(label="Kind")
    titles = page.get_by_test_id("account-titles")
    await titles.click()
    await expect(titles).to_have_attribute("aria-checked", "false")
    kept = await bob.get("/account")
    assert (kept["default_prompt_id"], kept["auto_titles"]) == (made["id"], False)
    page, _ = await bob.tab_with_chat()
    upstream.always = Script(say="Yes.")
    await send(page, "Hello?")
    await finished(page)
    asked = upstream.requests[-1].body["messages"]
    assert asked[0] == {"role": "system", "content": "Be kind."}


async def test_name_and_password_change_and_the_other_browser_is_signed_out(
    app: App, people: People
) -> None:
    bob = await people.user(app)
    second = await people.visitor(app, "bob")
    second.email = bob.email
    await second.log_in()
    other = await second.tab("/chat")
    await ready(other)
    page = await bob.tab("/chat")
    await ready(page)
    await page.get_by_test_id("user-menu").click()
    await page.get_by_test_id("account-link").click()
    await page.get_by_test_id("account-username").fill("Robert")
    await page.get_by_test_id("profile-save").click()
    await expect(page.get_by_test_id("user-menu")).to_contain_text("Robert")
    await page.get_by_test_id("account-email").fill("robert." + bob.email)
    await page.get_by_test_id("profile-save").click()
    await expect(page.get_by_test_id("profile-problem")).to_contain_text("current password")

    await expect(page.get_by_test_id("session-row")).to_have_count(2)
    await expect(page.get_by_test_id("session-row").first).to_contain_text("Chromium on Linux")
    await page.get_by_test_id("account-current").fill(PASSWORD)
    await page.get_by_test_id("account-fresh").fill(NEW)
    await page.get_by_test_id("password-save").click()
    await expect(page.get_by_test_id("session-row")).to_have_count(1)
    await expect(page.get_by_test_id("account-current")).to_have_value("")
    await other.wait_for_url(LOGIN)

    await other.get_by_test_id("login-email").fill(bob.email)
    await other.get_by_test_id("login-password").fill(NEW)
    await other.keyboard.press("Enter")
    await ready(other)
    await page.reload()
    await page.get_by_test_id("end-session").click()
    await other.wait_for_url(LOGIN)


async def test_colours_and_language_follow_to_another_browser(app: App, people: People) -> None:
    bob = await people.user(app, color_scheme="light")
    page = await bob.tab("/account")
    await page.get_by_test_id("account-theme-dark").click()
    await expect(page.locator("html")).to_have_css("color-scheme", "dark")
    await page.get_by_test_id("account-language-de").click()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    second = await people.visitor(app, "bob", color_scheme="light")
    other = await second.tab("/login")
    await expect(other.get_by_test_id("login-submit")).to_be_enabled()
    await other.get_by_test_id("login-email").fill(bob.email)
    await other.get_by_test_id("login-password").fill(PASSWORD)
    await other.keyboard.press("Enter")
    await ready(other)
    await expect(other.locator("html")).to_have_attribute("lang", "de")
    await expect(other.locator("html")).to_have_css("color-scheme", "dark")


async def test_everything_is_taken_along_and_the_account_is_deleted(
    app: App, people: People, upstream: ScriptedServer, tmp_path: Path
) -> None:
    people.watch.allow(r"\b401\b")
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("Kept for ever")
    upstream.always = Script(say="An answer.")
    await send(page, "A question.")
    await finished(page)
    await page.goto(f"{app.url}/account")
    async with page.expect_download() as waiting:
        await page.get_by_test_id("export").click()
    download = await waiting.value
    assert re.fullmatch(r"llm-ui-\d{4}-\d\d-\d\d\.zip", download.suggested_filename)
    target = tmp_path / "export.zip"
    await download.save_as(target)
    packed = zipfile.ZipFile(io.BytesIO(target.read_bytes()))
    (chat,) = [name for name in packed.namelist() if name.endswith(".md")]
    assert "Kept-for-ever" in chat
    assert "An answer." in packed.read(chat).decode()

    await page.get_by_test_id("delete-account").click()
    await page.get_by_test_id("leave-password").fill("not it at all")
    await page.get_by_test_id("leave-word").fill("delete")
    await page.get_by_test_id("leave-submit").click()
    await expect(page.get_by_test_id("delete-problem")).to_contain_text("current password")
    await page.get_by_test_id("leave-password").fill(PASSWORD)
    await page.get_by_test_id("leave-submit").click()
    await page.wait_for_url(LOGIN)
    again = {"email": bob.email, "password": PASSWORD}
    refused = await bob.context.request.post(f"{app.url}/api/v1/auth/login", data=again)
    assert refused.status == 401


async def test_usage_shows_ones_own_tokens(
    app: App, people: People, upstream: ScriptedServer, tmp_path: Path
) -> None:
    bob = await people.user(app)
    page = await bob.tab("/usage")
    await page.get_by_test_id("no-usage").wait_for()
    page, _ = await bob.tab_with_chat()
    upstream.always = Script(say="An answer.")
    await send(page, "A question.")
    await finished(page)
    await page.goto(f"{app.url}/usage")
    await expect(page.get_by_test_id("usage-answers")).to_have_text("1")
    await expect(page.get_by_test_id("usage-model")).to_have_count(1)
    await expect(page.get_by_test_id("usage-day")).to_have_count(1)
    await expect(page.get_by_test_id("usage-plot")).to_be_visible()
    async with page.expect_download() as waiting:
        await page.get_by_test_id("usage-csv").click()
    target = tmp_path / "usage.csv"
    await (await waiting.value).save_as(target)
    assert len(target.read_text().splitlines()) == 2
    await page.get_by_test_id("usage-7").click()
    await expect(page.get_by_test_id("usage-7")).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("usage-from").fill("2024-01-01")
    await page.get_by_test_id("usage-to").fill("2024-01-31")
    await page.get_by_test_id("usage-show").click()
    await page.get_by_test_id("no-usage").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_on_a_phone_nothing_scrolls_sideways_and_the_chat_is_a_tap_away(
    app: App, people: People, theme: Literal["light", "dark"]
) -> None:
    bob = await people.user(app, viewport=PHONE, color_scheme=theme, has_touch=True, is_mobile=True)
    text = "Donaudampfschifffahrt" * 12 + " {{" + "v" * 40 + "}}"
    tags = ["Donaudampfschifffahrtskapitän" + str(n) for n in range(4)]
    await bob.post("/prompts", {"name": "W" * 100, "text": text, "tags": tags})
    for path, mark in (
        ("/prompts", "prompt-item"),
        ("/account", "account-username"),
        ("/usage", "usage-page"),
    ):
        page = await bob.tab(path)
        await page.get_by_test_id(mark).first.wait_for()
        await _no_sideways(page, path)
        await page.get_by_test_id("open-drawer").tap()
        await page.get_by_test_id("new-chat").tap()
        await page.get_by_test_id("empty-chat").wait_for()
