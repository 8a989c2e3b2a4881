"""A person's own pages: prompts, files, usage, account."""

from __future__ import annotations

from playwright.async_api import Page

from tests.e2e.screens.kit import Screen, press, pressing, showing


async def prompt_form(page: Page) -> None:
    """Open a prompt with a name in braces."""
    await page.get_by_test_id("prompt-open").nth(1).click()
    await page.get_by_test_id("prompt-name").wait_for()


async def plot(page: Page) -> None:
    """Half a year, with the figures of one day."""
    await press(page, "usage-90")
    await page.locator(".lu-plot__svg").wait_for()
    await page.wait_for_timeout(500)


async def delete_file(page: Page) -> None:
    """Ask to delete a file that a chat uses."""
    row = page.get_by_test_id("files").locator("tr").filter(has_text="Top floor plan")
    await row.get_by_role("button").last.click()
    await page.get_by_test_id("delete-file-dialog").wait_for()


SCREENS = (
    Screen("prompts", "/prompts", "prompt-item"),
    Screen("prompt-form", "/prompts", "prompt-item", prompt_form),
    Screen("prompts-shared", "/prompts", "prompt-item", who="ben"),
    Screen("files", "/files", "files"),
    Screen("files-delete", "/files", "files", delete_file),
    Screen("files-empty", "/files", "no-files", who="ben"),
    Screen("usage", "/usage", "usage-models"),
    Screen("usage-90", "/usage", "usage-models", plot),
    Screen("usage-empty", "/usage", "no-usage", who="ben"),
    Screen("account", "/account", "account-username"),
    Screen("account-sessions", "/account", "account-username", showing("session-row")),
    Screen("account-keys", "/account", "key-row", showing("key-row")),
    Screen("account-key-new", "/account", "key-row", pressing("key-new")),
    Screen("account-delete", "/account", "account-username", pressing("delete-account")),
    Screen("user-menu", "/history", "history", pressing("user-menu"), sizes=("1280",)),
)
