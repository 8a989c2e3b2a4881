"""An administrator lets people in and out, in browsers."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import (
    CHAT,
    LOGIN,
    PASSWORD,
    Person,
    answers,
    finished,
    grown,
    ready,
    send,
)

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

STREAMING = "tokens=4000 rate=25"


async def office(alice: Person) -> Page:
    page = await alice.tab("/admin/people")
    await page.get_by_test_id("person-row").first.wait_for()
    return page


async def menu_of(page: Page, person: Person) -> None:
    """Find somebody and open their menu."""
    await page.get_by_test_id("people-search").fill(person.email)
    await expect(page.get_by_test_id("people-count")).to_have_text("1 user")
    await page.get_by_test_id("person-menu-button").click()


async def link_in(page: Page) -> str:
    field = page.get_by_test_id("handed-link")
    await field.wait_for()
    link = await field.input_value()
    await page.get_by_test_id("link-done").click()
    await expect(field).to_have_value("")
    return link


async def test_an_invited_person_joins_in_another_browser(app: App, people: People) -> None:
    alice = await people.alice(app)
    page = await office(alice)
    await page.get_by_test_id("people-invite").click()
    bob = await people.visitor(app, "bob")
    await page.get_by_test_id("invite-email").fill(bob.email)
    await page.get_by_test_id("person-invite-submit").click()
    link = await link_in(page)
    await page.get_by_test_id("view-invitations").click()
    await expect(page.get_by_test_id("invitation-row")).to_contain_text(bob.email)

    asked: list[str] = []
    there = await bob.tab()
    there.on("request", lambda request: asked.append(f"{request.url} {request.headers}"))
    await there.goto(link)
    await expect(there.get_by_test_id("join-email")).to_have_value(bob.email)
    # A reload keeps the link, though its secret is out of the address.
    await there.reload()
    token = link.partition("#")[2]
    assert token not in there.url
    await expect(there.get_by_test_id("join-email")).to_have_value(bob.email)
    await there.get_by_test_id("join-username").fill("Bob the Invited")
    await there.get_by_test_id("join-password").fill(PASSWORD)
    await there.get_by_test_id("join-submit").click()
    await there.wait_for_url(CHAT)
    await ready(there)
    assert token
    assert not [each for each in asked if token in each]
    assert token not in app.log_file.read_text()

    await bob.context.clear_cookies()
    await bob.log_in()
    people.watch.allow(r"\b404\b")
    late = await people.visitor(app, "charlie")
    page = await late.tab()
    await page.goto(link)
    await expect(page.get_by_test_id("link-over")).to_contain_text("no longer works")


async def test_a_password_link_signs_in_here_and_out_elsewhere(app: App, people: People) -> None:
    alice, bob = await people.alice(app), await people.user(app)
    chat = await bob.tab("/chat")
    await ready(chat)
    page = await office(alice)
    await menu_of(page, bob)
    await page.get_by_test_id("do-reset").click()
    link = await link_in(page)
    elsewhere = await people.visitor(app, "bob")
    there = await elsewhere.tab()
    await there.goto(link)
    await expect(there.get_by_test_id("reset-email")).to_have_value(bob.email)
    await there.get_by_test_id("reset-password").fill("an altogether new one")
    await there.get_by_test_id("reset-submit").click()
    await there.wait_for_url(CHAT)
    await chat.wait_for_url(LOGIN)


async def test_who_is_disabled_while_an_answer_is_written_is_out(app: App, people: People) -> None:
    people.watch.allow(r"\b401\b")
    alice, bob = await people.alice(app), await people.user(app)
    chat, chat_id = await bob.tab_with_chat()
    await send(chat, STREAMING)
    await grown(chat, 20)
    page = await office(alice)
    await menu_of(page, bob)
    await page.get_by_test_id("do-disable").click()
    await expect(page.get_by_test_id("person-ask")).to_contain_text("signed out immediately")
    await page.get_by_test_id("person-ask-yes").click()
    await chat.wait_for_url(LOGIN)
    await expect(page.get_by_test_id("person-state")).to_have_text("Disabled")

    await page.get_by_test_id("person-menu-button").click()
    await page.get_by_test_id("do-enable").click()
    await expect(page.get_by_test_id("person-state")).to_have_text("Active")
    await bob.log_in()
    chat = await bob.tab(f"/chat/{chat_id}")
    # What was written when they were shut out is kept.
    await finished(chat, "stopped")
    assert await grown(chat, 20)


async def test_what_a_deleted_person_made_is_handed_over(app: App, people: People) -> None:
    people.watch.allow(r"\b401\b")
    alice, bob, charlie = (
        await people.alice(app),
        await people.user(app),
        await people.user(app, "charlie"),
    )
    chat, chat_id = await bob.tab_with_chat("Bob's marmalade")
    await send(chat, "tokens=5")
    await finished(chat)
    page = await office(alice)
    await menu_of(page, bob)
    await page.get_by_test_id("do-delete").click()
    await page.get_by_test_id("delete-keep").check()
    await page.get_by_test_id("delete-heir").fill(charlie.email)
    await page.get_by_test_id("delete-email").fill("not the address")
    await page.get_by_test_id("person-delete-submit").click()
    await expect(page.get_by_test_id("delete-problem")).to_contain_text(bob.email)
    await page.get_by_test_id("delete-email").fill(bob.email)
    await page.get_by_test_id("person-delete-submit").click()
    await expect(page.get_by_test_id("nobody")).to_be_visible()
    await chat.wait_for_url(LOGIN)

    theirs = await charlie.tab(f"/chat/{chat_id}")
    await expect(answers(theirs)).to_have_count(1)
    await expect(theirs.get_by_test_id("chat-title")).to_have_text("Bob's marmalade")


async def test_the_door_says_who_may_come_in(app: App, people: People) -> None:
    alice = await people.alice(app)
    page = await office(alice)
    visitor = await people.visitor(app, "dora")
    there = await visitor.tab("/login")
    await expect(there.get_by_test_id("forgot")).to_be_visible()
    await page.get_by_test_id("view-registration").click()
    try:
        for value, said in (("invite", "by invitation"), ("closed", "Registration is closed")):
            await page.get_by_test_id("registration").select_option(value)
            await expect(page.get_by_text("Saved.")).to_be_visible()
            await there.goto(f"{app.url}/register")
            await expect(there.get_by_test_id("registration-refused")).to_contain_text(said)
            await expect(there.get_by_test_id("register-submit")).to_have_count(0)
        await page.get_by_test_id("registration").select_option("open")
        await page.get_by_test_id("domains").fill("example.com")
        await page.get_by_test_id("domains-save").click()
        await expect(page.get_by_test_id("domains")).to_have_value("example.com")
        await there.goto(f"{app.url}/register")
        await expect(there.get_by_test_id("domains-note")).to_contain_text("example.com")
        people.watch.allow(r"\b422\b")
        await there.get_by_test_id("register-email").fill(visitor.email)
        await there.get_by_test_id("register-username").fill("Dora")
        await there.get_by_test_id("register-password").fill(PASSWORD)
        await there.get_by_test_id("register-submit").click()
        await expect(there.get_by_role("alert")).to_contain_text("at example.com")
    finally:
        await page.get_by_test_id("registration").select_option("open")
        await page.get_by_test_id("domains").fill("")
        await page.get_by_test_id("domains-save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await page.reload()
        await expect(page.get_by_test_id("domains")).to_have_value("")
        await expect(page.get_by_test_id("registration")).to_have_value("open")


async def test_making_an_administrator_takes_the_password_once_more(
    app: App, people: People
) -> None:
    alice, bob = await people.alice(app, confirmed=False), await people.user(app)
    page = await office(alice)
    await menu_of(page, bob)
    await page.get_by_test_id("do-promote").click()
    await page.get_by_test_id("person-ask-yes").click()
    dialog = page.get_by_test_id("confirm-password")
    await expect(dialog).to_be_visible()
    await expect(page.get_by_test_id("confirm-word")).to_be_focused()

    # Who changes their mind is back where they were, and nothing has happened.
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_test_id("person-ask")).to_be_visible()
    await page.get_by_test_id("person-ask-yes").click()
    await expect(page.get_by_test_id("confirm-word")).to_be_focused()
    await page.keyboard.type("not the password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("confirm-problem")).to_contain_text("password")
    await page.get_by_test_id("confirm-word").fill(PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.get_by_test_id("person-ask")).to_be_hidden()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_test_id("person-row")).to_contain_text("Administrator")
    await expect(page.get_by_test_id("confirm-word")).to_have_value("")


async def test_a_backup_is_taken_away_with_the_password_once_more(app: App, people: People) -> None:
    alice = await people.alice(app, confirmed=False)
    page = await alice.tab("/admin/jobs")
    await page.get_by_test_id("backup-now").or_(page.get_by_test_id("start-job")).first.wait_for()
    await alice.post("/admin/jobs", {"job_type": "backup"})
    backup = page.get_by_test_id("backup-row").first
    await backup.wait_for()
    await backup.get_by_test_id("backup-download").click()
    await page.get_by_test_id("confirm-word").fill(PASSWORD)
    async with page.expect_download() as coming:
        await page.keyboard.press("Enter")
    assert (await coming.value).suggested_filename.startswith("llm-ui-")
