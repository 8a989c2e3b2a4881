"""All chats, projects, the palette, the shortcuts."""

from __future__ import annotations

from playwright.async_api import Page

from tests.e2e.screens.kit import Screen, Step, press, pressing


def typed(test_id: str, text: str, shown: str) -> Step:
    """A step that types into a field and waits for what comes of it."""

    async def step(page: Page) -> None:
        await page.get_by_test_id(test_id).fill(text)
        await page.get_by_test_id(shown).first.wait_for()

    return step


async def filtered(page: Page) -> None:
    """Only the chats about the house, of the last month."""
    await page.get_by_test_id("filter-tag").select_option("house")
    await page.get_by_test_id("filter-since").select_option("month")
    await page.get_by_test_id("clear-filters").wait_for()


async def picked(page: Page) -> None:
    """Choose three chats."""
    for place in (1, 2, 4):
        await page.get_by_test_id("pick").nth(place).click()
    await page.get_by_test_id("bulk-tag").wait_for()


async def palette(page: Page) -> None:
    """Open the palette."""
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-field").wait_for()


async def palette_found(page: Page) -> None:
    """Look for something in it."""
    await palette(page)
    await page.keyboard.type("heat pump")
    await page.locator('[data-testid="palette"] mark').first.wait_for()


async def shortcuts(page: Page) -> None:
    """Show the shortcuts."""
    await page.keyboard.press("Control+/")
    await page.get_by_test_id("keys").wait_for()


async def new_project(page: Page) -> None:
    """Begin a project."""
    await press(page, "new-project-button")
    await page.get_by_test_id("project-name").first.fill("Winter garden")


SCREENS = (
    Screen("history", "/history", "history"),
    Screen("history-filtered", "/history", "history", filtered),
    Screen("history-picked", "/history", "history", picked),
    Screen("history-found", "/history", "history", typed("history-search", "heat pump", "found")),
    Screen(
        "history-nothing",
        "/history",
        "history",
        typed("history-search", "zeppelin", "nothing-found"),
    ),
    Screen("history-empty", "/history", "no-history", who="ben"),
    Screen("projects", "/projects", "project"),
    Screen("project", "/projects/{project}", "project-chats"),
    Screen("project-edit", "/projects/{project}", "project-chats", pressing("edit-project")),
    Screen("project-new", "/projects", "project", new_project),
    Screen("projects-empty", "/projects", "no-projects", who="ben"),
    Screen("palette", "/history", "history", palette),
    Screen("palette-found", "/history", "history", palette_found),
    Screen("shortcuts", "/history", "history", shortcuts),
)
