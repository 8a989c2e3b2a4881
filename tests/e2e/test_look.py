"""Phones, colours and languages."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_markdown import RICH
from tests.e2e.window import CHAT, PHONE, finished, ready, send
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

WIDE_ANSWER = RICH + (
    "\n```text\n" + "a_line_of_code_that_does_not_end_" * 20 + "\n```\n\n"
    "| " + " | ".join(f"column {n}" for n in range(14)) + " |\n" + "|---" * 14 + "|\n"
    "| "
    + " | ".join("value" for _ in range(14))
    + " |\n\n"
    + "https://example.org/"
    + "x" * 300
    + "\n\n"
    + "Donaudampfschifffahrt" * 20
    + "\n\n$$\n"
    + " + ".join(f"x_{{{n}}}^2" for n in range(40))
    + "\n$$\n"
)


async def _no_sideways(page: Page, where: str) -> None:
    await page.evaluate("document.fonts.ready")
    too_wide = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    assert too_wide <= 0, f"{where} scrolls sideways by {too_wide} px"


async def _paint(page: Page, where: str, theme: str) -> None:
    await _no_sideways(page, where)
    shade = await page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert shade == theme


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_on_a_phone_nothing_scrolls_sideways(
    app: App, people: People, upstream: ScriptedServer, theme: Literal["light", "dark"]
) -> None:
    phone: dict[str, Any] = {
        "viewport": PHONE,
        "color_scheme": theme,
        "has_touch": True,
        "is_mobile": True,
    }
    guest = await people.visitor(app, "bob", **phone)
    for path in ("login", "register"):
        page = await guest.tab(f"/{path}")
        await expect(page.get_by_test_id(f"{path}-submit")).to_be_enabled()
        await _paint(page, path, theme)

    alice = await people.alice(app, **phone)
    page = await alice.tab("/chat")
    await page.get_by_test_id("empty-chat").wait_for()
    await _paint(page, "the empty chat", theme)

    page, _ = await alice.tab_with_chat("A title that is much too long for a telephone " * 3)
    upstream.always = Script(say=WIDE_ANSWER, rate=500)
    await send(page, "Show me everything. " + "Donaudampfschifffahrt" * 20)
    await page.get_by_test_id("stop").wait_for()
    await _paint(page, "a streaming chat", theme)
    await finished(page)
    await _paint(page, "a full chat", theme)
    await page.get_by_test_id("model-picker").click()
    await page.get_by_test_id("model-option").first.wait_for()
    await _paint(page, "the model menu", theme)
    await page.keyboard.press("Escape")

    upstream.always = Script(error=500, error_message="x" * 280)
    await send(page, "Once more.")
    await finished(page, "failed")
    await _paint(page, "an error", theme)

    page = await alice.tab("/admin")
    await page.get_by_test_id("stat-users").wait_for()
    await _paint(page, "the dashboard", theme)


async def test_the_drawer(app: App, people: People) -> None:
    bob = await people.user(app, viewport=PHONE, has_touch=True, is_mobile=True)
    await bob.new_chat("Over there")
    page, _ = await bob.tab_with_chat("Here")
    side = page.locator("#sidebar")
    await expect(side).to_be_hidden()
    await page.get_by_test_id("open-drawer").tap()
    await expect(side).to_be_in_viewport(ratio=0.9)
    await _no_sideways(page, "the drawer")
    await page.keyboard.press("Escape")
    await expect(side).to_be_hidden()

    await page.get_by_test_id("open-drawer").tap()
    await expect(side).to_be_in_viewport(ratio=0.9)
    await page.touchscreen.tap(380, 400)
    await expect(side).to_be_hidden()

    await page.get_by_test_id("open-drawer").tap()
    await page.get_by_test_id("chat-list-item").filter(has_text="Over there").tap()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Over there")
    await expect(side).to_be_hidden()


async def test_the_sidebar_can_be_put_away_for_good(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    await page.get_by_test_id("hide-sidebar").click()
    await expect(page.locator("#sidebar")).to_be_hidden()
    await page.reload()
    await ready(page)
    await expect(page.locator("#sidebar")).to_be_hidden()
    await page.get_by_test_id("show-sidebar").click()
    await expect(page.locator("#sidebar")).to_be_in_viewport()


async def test_the_theme_stays(app: App, people: People) -> None:
    bob = await people.user(app, color_scheme="light")
    page = await bob.tab("/chat")
    await ready(page)
    html = page.locator("html")
    await expect(html).to_have_css("color-scheme", "light")
    await page.get_by_test_id("user-menu").click()
    await page.get_by_test_id("theme-dark").click()
    await expect(html).to_have_css("color-scheme", "dark")
    await page.reload()
    await ready(page)
    await expect(html).to_have_css("color-scheme", "dark")
    background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    shade = [int(part) for part in background.strip("rgba()").split(",")[:3]]
    assert max(shade) < 80, background


async def test_german(app: App, people: People, upstream: ScriptedServer) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    await page.get_by_test_id("user-menu").click()
    await page.get_by_test_id("language-de").click()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.get_by_test_id("new-chat")).to_have_text("Neuer Chat")
    await expect(page.get_by_test_id("empty-chat")).to_contain_text("Bob")

    # The server's own sentences follow.
    page, _ = await bob.tab_with_chat()
    upstream.always = Script(error=503)
    await send(page, "Hallo?")
    await finished(page, "failed")
    await expect(page.get_by_test_id("error-bubble")).to_contain_text("überlastet")
    await expect(page.get_by_test_id("retry")).to_have_text("Noch einmal versuchen")


async def test_a_german_browser_is_greeted_in_german(app: App, people: People) -> None:
    people.watch.allow(r"\b401\b")
    guest = await people.visitor(app, "bob", locale="de-DE")
    page = await guest.tab("/login")
    await expect(page.get_by_test_id("login-submit")).to_have_text("Anmelden")
    await page.get_by_test_id("login-email").fill(guest.email)
    await page.get_by_test_id("login-password").fill("falsch falsch")
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_role("alert")).to_contain_text("Passwort")


async def test_without_a_mouse(app: App, people: People) -> None:
    """Sign in, ask and read with the keyboard alone."""
    bob = await people.user(app)
    chat_id = await bob.new_chat()
    await bob.context.clear_cookies()
    page = await bob.tab(f"/login?next=/chat/{chat_id}")
    await expect(page.get_by_test_id("login-submit")).to_be_enabled()
    await page.get_by_test_id("login-email").focus()
    await page.keyboard.type(bob.email)
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse battery")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/chat/{chat_id}")
    await ready(page)
    await page.get_by_test_id("composer").focus()
    await page.keyboard.type("say:Well done.")
    await page.keyboard.press("Enter")
    await finished(page)
    await page.get_by_test_id("new-chat").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(CHAT)
