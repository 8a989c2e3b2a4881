"""Coming in, being kept out, leaving."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import CHAT, LOGIN, PASSWORD, ready

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def test_a_second_account_is_no_admin(app: App, people: People) -> None:
    bob = await people.visitor(app, "bob")
    page = await bob.tab("/login")
    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_test_id("register-email").fill(bob.email)
    await page.get_by_test_id("register-username").fill(bob.name)
    await page.get_by_test_id("register-password").fill(PASSWORD)
    await page.get_by_test_id("register-submit").click()
    await page.wait_for_url(CHAT)
    await page.get_by_test_id("user-menu").click()
    await expect(page.get_by_test_id("sign-out")).to_be_visible()
    await expect(page.get_by_test_id("admin-link")).to_have_count(0)

    # The address of the admin's page gives nothing away.
    await page.goto(f"{app.url}/admin")
    await page.get_by_test_id("user-menu").wait_for()
    await page.wait_for_url(CHAT)
    await expect(page.get_by_test_id("stat-users")).to_have_count(0)
    await expect(page.get_by_test_id("provider-row")).to_have_count(0)


async def test_who_is_not_signed_in_is_led_to_the_door_and_back(app: App, people: People) -> None:
    bob = await people.user(app)
    chat_id = await bob.new_chat("Kept for later")
    await bob.context.clear_cookies()
    page = await bob.tab(f"/chat/{chat_id}")
    await page.wait_for_url(LOGIN)
    await page.get_by_test_id("login-email").fill(bob.email)
    await page.get_by_test_id("login-password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/chat/{chat_id}")
    await expect(page.get_by_test_id("chat-title")).to_have_text("Kept for later")


async def test_a_refused_sign_in_says_why_and_keeps_what_was_typed(
    app: App, people: People
) -> None:
    people.watch.allow(r"\b401\b")
    bob = await people.user(app)
    await bob.context.clear_cookies()
    page = await bob.tab("/login")
    await page.get_by_test_id("login-email").fill(bob.email)
    await page.get_by_test_id("login-password").fill("not the password")
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_role("alert")).to_contain_text("Incorrect email or password")
    await expect(page.get_by_test_id("login-email")).to_have_value(bob.email)
    await expect(page.get_by_test_id("login-password")).to_have_value("not the password")

    # An unknown address gets the very same words.
    said = await page.get_by_role("alert").inner_text()
    await page.get_by_test_id("login-email").fill("nobody.at.all@example.org")
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_test_id("login-submit")).to_be_enabled()
    await expect(page.get_by_role("alert")).to_have_text(said)


async def test_a_refused_registration_names_the_field(app: App, people: People) -> None:
    people.watch.allow(r"\b(422|409)\b")
    bob = await people.visitor(app, "bob")
    page = await bob.tab("/register")
    await page.get_by_test_id("register-email").fill(bob.email)
    await page.get_by_test_id("register-username").fill("Bob")
    await page.get_by_test_id("register-password").fill("short")
    await page.get_by_test_id("register-submit").click()
    await expect(page.get_by_role("alert")).to_contain_text("too short")
    await expect(page.get_by_test_id("register-password")).to_be_focused()
    await expect(page.get_by_test_id("register-username")).to_have_value("Bob")

    await page.get_by_test_id("register-email").fill("alice@example.org")
    await page.get_by_test_id("register-password").fill(PASSWORD)
    await page.get_by_test_id("register-submit").click()
    await expect(page.get_by_role("alert")).to_contain_text("An account cannot be created")


async def test_signing_out_ends_the_other_tab_at_once(app: App, people: People) -> None:
    bob = await people.user(app)
    one, other = await bob.tab("/chat"), await bob.tab("/chat")
    await ready(one)
    await ready(other)
    await one.get_by_test_id("user-menu").click()
    await one.get_by_test_id("sign-out").click()
    await one.wait_for_url(LOGIN)
    await other.wait_for_url(LOGIN, timeout=3000)
    await other.goto(f"{app.url}/chat")
    await other.wait_for_url(LOGIN)


async def test_another_browser_of_the_same_person_stays_signed_in(app: App, people: People) -> None:
    bob = await people.user(app)
    elsewhere = await people.visitor(app, "bob")
    elsewhere.email = bob.email
    await elsewhere.log_in()
    here, there = await bob.tab("/chat"), await elsewhere.tab("/chat")
    await ready(here)
    await ready(there)
    await here.get_by_test_id("user-menu").click()
    await here.get_by_test_id("sign-out").click()
    await here.wait_for_url(LOGIN)
    await there.reload()
    await ready(there)


async def test_a_deactivated_account_is_out_with_its_next_step(app: App, people: People) -> None:
    people.watch.allow(r"\b(401|403)\b")
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    alice = await people.alice(app)
    admin_id = (await alice.get("/auth/me"))["user"]["id"]
    app.python(
        "import asyncio\n"
        "from llm_ui.auth import Actor\n"
        "from llm_ui.config import get_settings\n"
        "from llm_ui.db import start_database, stop_database, unit_of_work\n"
        "from llm_ui.services.accounts import users\n"
        "async def go():\n"
        "    start_database(get_settings().database)\n"
        f"    alice = Actor({admin_id!r}, 'Alice', 'alice@example.org', 'admin', '')\n"
        "    async with unit_of_work() as session:\n"
        f"        await users.change(session, alice, {bob.user_id!r}, is_active=False)\n"
        "    await stop_database()\n"
        "asyncio.run(go())\n"
    )
    await page.get_by_test_id("composer").fill("Is anybody there?")
    await page.keyboard.press("Enter")
    await page.wait_for_url(LOGIN)
    await page.get_by_test_id("login-email").fill(bob.email)
    await page.get_by_test_id("login-password").fill(PASSWORD)
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_role("alert")).to_contain_text("has been disabled")


async def test_an_outsider_finds_nothing_at_the_address_of_a_chat(app: App, people: People) -> None:
    bob, charlie = await people.user(app), await people.user(app, "charlie")
    chat_id = await bob.new_chat("Bob's secret")
    page = await charlie.tab(f"/chat/{chat_id}")
    await page.wait_for_url(CHAT)
    await page.get_by_test_id("empty-chat").wait_for()
    await expect(page.get_by_text("does not exist or is not yours")).to_be_visible()
    await expect(page.get_by_text("Bob's secret")).to_have_count(0)
