"""What is seen without an account."""

from __future__ import annotations

from playwright.async_api import Page

from tests.e2e.screens.kit import Screen


async def wrong_password(page: Page) -> None:
    """Try to sign in with a wrong password."""
    await page.get_by_test_id("login-email").fill("ada@example.org")
    await page.get_by_test_id("login-password").fill("not my password")
    await page.get_by_test_id("login-submit").click()
    await page.get_by_role("alert").wait_for()


SCREENS = (
    Screen("login", "/login", "login-submit", who=""),
    Screen("login-wrong", "/login", "login-submit", wrong_password, who=""),
    Screen("register", "/register", "register-submit", who=""),
    Screen("not-found", "/nowhere", "not-found", who=""),
)
