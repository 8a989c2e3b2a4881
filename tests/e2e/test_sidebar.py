"""The list of chats: titles, days, renaming, deleting, links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.async_api import Locator, Page, expect
from sqlmodel import col

from llm_ui.models import ChatHistory
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import A_CHAT, CHAT, chat_id_of, finished, pick, send, until

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


def items(page: Page) -> Locator:
    return page.get_by_test_id("chat-list-item")


async def menu(page: Page, title: str) -> None:
    """Open a chat's menu."""
    row = page.locator(".lu-chat").filter(has_text=title)
    await row.hover()
    await row.get_by_test_id("chat-menu").click()


async def test_a_chat_gets_its_title_from_the_question(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.model_id()
    page = await bob.tab("/chat")
    await expect(page.get_by_test_id("no-chats")).to_be_visible()
    await pick(page, "scripted")
    await send(page, "## How do heat pumps work in winter? Be brief.")
    await page.wait_for_url(A_CHAT)
    await finished(page)
    await expect(items(page)).to_have_text(["How do heat pumps work in winter?"])
    await expect(items(page).first).to_have_attribute("aria-current", "page")
    await expect(page).to_have_title("How do heat pumps work in winter? · LLM UI")

    await page.get_by_test_id("new-chat").click()
    await page.wait_for_url(CHAT)
    await page.get_by_test_id("empty-chat").wait_for()
    await expect(page.get_by_test_id("message-user")).to_have_count(0)
    await expect(items(page)).to_have_count(1)
    await page.go_back()
    await expect(page.get_by_test_id("message-user")).to_have_count(1)


async def test_renaming(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat("Before")
    await menu(page, "Before")
    await page.get_by_test_id("rename").click()
    field = page.get_by_test_id("rename-title")
    await expect(field).to_have_value("Before")
    await field.fill("  After <b>all</b> ")
    await page.keyboard.press("Enter")
    await expect(items(page)).to_have_text(["After <b>all</b>"])
    await expect(page.get_by_test_id("chat-title")).to_have_text("After <b>all</b>")
    await page.reload()
    await expect(items(page)).to_have_text(["After <b>all</b>"])
    assert (await bob.get(f"/chats/{chat_id}"))["title"] == "After <b>all</b>"


async def test_taking_a_chat_away_as_a_file(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("say:Herons-wait")
    await menu(page, "Herons")
    async with page.expect_download() as waiting:
        await page.get_by_test_id("download").click()
    download = await waiting.value
    assert download.suggested_filename.endswith("Herons-wait.md")
    assert (await download.path()).read_text().startswith("# say:Herons-wait")
    await expect(page.get_by_test_id("chat-title")).to_contain_text("Herons")


async def test_deleting_can_be_undone(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.new_chat("Stays")
    page, chat_id = await bob.tab_with_chat("Goes")
    await expect(items(page)).to_have_text(["Goes", "Stays"])
    await menu(page, "Goes")
    await page.get_by_test_id("delete").click()
    await page.wait_for_url(CHAT)
    await expect(items(page)).to_have_text(["Stays"])
    await page.get_by_test_id("undo").click()
    await expect(items(page)).to_have_text(["Goes", "Stays"])
    await expect(page.get_by_test_id("undo-toast")).to_have_count(0)
    await items(page).first.click()
    await page.wait_for_url(f"**/chat/{chat_id}")
    await expect(page.get_by_test_id("chat-title")).to_have_text("Goes")


async def test_deleting_for_good(app: App, people: People) -> None:
    people.watch.allow(r"\b404\b")
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat("Goes")
    await menu(page, "Goes")
    await page.get_by_test_id("delete").click()
    await expect(page.get_by_test_id("undo-toast")).to_be_visible()
    await page.get_by_test_id("undo-toast").get_by_role("button", name="Close").click()
    await expect(page.get_by_test_id("undo-toast")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_test_id("no-chats")).to_be_visible()
    response = await bob.context.request.get(f"{app.url}/api/v1/chats/{chat_id}")
    assert response.status == 404


async def test_chats_stand_under_their_days(app: App, people: People) -> None:
    bob = await people.user(app)
    ages = {"Now": 0, "A day": 1, "Some days": 4, "Some weeks": 20, "Long ago": 90}
    for title, age in ages.items():
        chat_id = await bob.new_chat(title)
        used = datetime.now(UTC) - timedelta(days=age)
        app.sql(
            sa.update(ChatHistory).where(col(ChatHistory.id) == chat_id).values(updated_at=used)
        )
    page = await bob.tab("/chat")
    await expect(items(page)).to_have_text(list(ages))
    await expect(page.locator(".lu-chats__heading")).to_have_text(
        ["Today", "Yesterday", "Previous 7 days", "Previous 30 days", "Older"]
    )


async def test_chats_are_links(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat("A link")
    href = await items(page).first.get_attribute("href")
    assert href == f"/chat/{chat_id}"
    async with bob.context.expect_page() as opened:
        await items(page).first.click(modifiers=["ControlOrMeta"])
    tab = await opened.value
    await expect(tab.get_by_test_id("chat-title")).to_have_text("A link")
    assert chat_id_of(tab) == chat_id


async def test_the_chosen_model_stays_with_the_chat(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await expect(page.get_by_test_id("model-picker")).to_contain_text("scripted")
    await bob.model_id("SmolLM2")
    await page.reload()
    await pick(page, "SmolLM2")
    await page.reload()
    await expect(page.get_by_test_id("model-picker")).to_contain_text("SmolLM2")
    assert (await bob.get(f"/chats/{chat_id}"))["model"]["id"] == await bob.model_id("SmolLM2")

    # The next chat starts with it, and another one is found by typing.
    await page.goto(f"{app.url}/chat")
    picker = page.get_by_test_id("model-picker")
    await expect(picker).to_contain_text("SmolLM2")
    await picker.click()
    option = page.get_by_test_id("model-option")
    await expect(option.filter(has_text="SmolLM2").first).to_be_focused()

    async def found() -> bool:
        # Letters that come long after each other begin a new word.
        await page.keyboard.type("SCRIPT")
        there = option.filter(has_text="scripted").first
        return bool(await there.evaluate("(e) => e === document.activeElement"))

    await until(found)
    await page.keyboard.press("Enter")
    await expect(picker).to_contain_text("scripted")
