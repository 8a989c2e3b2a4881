"""The chat page, in its many states."""

from __future__ import annotations

from playwright.async_api import Page, WebSocketRoute

from tests.e2e.screens.kit import PHONE, WIDE, Screen, press, pressing, showing
from tests.e2e.screens.texts import FILES_QUESTION

ANSWERED = "answer-metrics"


async def think_aloud(page: Page) -> None:
    """Open the thoughts."""
    await page.get_by_test_id("thinking").locator("summary").click()


async def edit(page: Page) -> None:
    """Begin to put the question in other words."""
    await page.get_by_test_id("message-user").hover()
    await page.get_by_test_id("edit").click()


async def attach(page: Page) -> None:
    """Two files of which one cannot be read, beside words that are not sent yet."""
    wall = await page.request.get("/api/v1/files?q=wall")
    [found] = (await wall.json())["items"]
    image = await page.request.get(f"/api/v1/files/{found['id']}/content")
    picked = [
        {"name": "Kitchen, June.png", "mimeType": "image/png", "buffer": await image.body()},
        {"name": "old-drawing.dwg", "mimeType": "application/acad", "buffer": b"AC1015\0\0\1"},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Windows: 4"},
    ]
    await page.get_by_test_id("attach-input").set_input_files(picked)  # type: ignore[arg-type]
    await page.get_by_test_id("composer").fill(FILES_QUESTION)
    await page.locator('[data-testid="file-chip"][data-status="ready"]').nth(1).wait_for()
    await page.get_by_role("alert").first.wait_for()


async def detach(page: Page) -> None:
    """Take what was attached out of the library again."""
    me = await (await page.request.get("/api/v1/auth/me")).json()
    for name in ("Kitchen", "notes"):
        found = await (await page.request.get(f"/api/v1/files?q={name}")).json()
        for each in found["items"]:
            address = f"/api/v1/files/{each['id']}"
            await page.request.delete(address, headers={"X-CSRF-Token": me["csrf_token"]})


async def library(page: Page) -> None:
    """Choose from the files that are there already."""
    await press(page, "attach", "attach-library")
    await page.get_by_test_id("library-file").first.wait_for()


async def temporary(page: Page) -> None:
    """Switch to a temporary chat."""
    await press(page, "temporary-switch")
    await page.get_by_role("status").filter(has_text=".").first.wait_for()


async def slash(page: Page) -> None:
    """Ask for prompts."""
    await page.get_by_test_id("composer").press_sequentially("/")
    await page.get_by_test_id("slash-option").first.wait_for()


async def two_models(page: Page) -> None:
    """Choose the second model in its menu."""
    await press(page, "also-picker")
    await page.get_by_test_id("also-option").first.wait_for()


async def delete(page: Page) -> None:
    """Delete a chat, which can be undone."""
    row = page.locator("#sidebar .lu-chat").filter(has_text="Four days in Lisbon")
    await row.hover()
    await row.get_by_test_id("chat-menu").click()
    await press(page, "delete")
    await page.get_by_test_id("undo").wait_for()


async def bring_back(page: Page) -> None:
    """What was deleted for a picture."""
    await press(page, "undo")
    await page.get_by_test_id("undo-toast").wait_for(state="detached")


async def chat_menu(page: Page) -> None:
    """The menu of a chat in the list."""
    row = page.locator("#sidebar .lu-chat").filter(has_text="Letter to the housing office")
    await row.hover()
    await row.get_by_test_id("chat-menu").click()


async def drawer_menu(page: Page) -> None:
    """The same on a phone."""
    await press(page, "open-drawer")
    await page.wait_for_timeout(400)
    await chat_menu(page)


async def offline(page: Page) -> None:
    """Lose the network, once the code has its colours."""
    await page.locator(".hljs-string").first.wait_for()
    await page.context.set_offline(True)
    await page.get_by_test_id("offline").wait_for()


async def silence(page: Page) -> None:
    """A server that says nothing: the page stays as it begins."""

    def nobody(route: WebSocketRoute) -> None:
        route.on_message(lambda _message: None)

    await page.route_web_socket("**/_event/**", nobody)


SCREENS = (
    Screen("streaming", "/chat/{streaming}", "stop", settle=1500),
    Screen("empty", "/chat", "empty-chat"),
    Screen("answer", "/chat/{answer}", ANSWERED),
    Screen("models", "/chat/{answer}", ANSWERED, pressing("model-picker")),
    Screen("settings", "/chat/{answer}", ANSWERED, pressing("chat-settings")),
    Screen("answer-menu", "/chat/{answer}", ANSWERED, pressing("answer-more")),
    Screen("thinking", "/chat/{thinking}", ANSWERED, think_aloud),
    Screen("browsing", "/chat/{browsing}", ANSWERED, showing("sources")),
    Screen("image", "/chat/{image}", "picture"),
    Screen("pair", "/chat/{pair}", "pair"),
    Screen("pair-choice", "/chat", "empty-chat", two_models),
    Screen("versions", "/chat/{edit}", ANSWERED),
    Screen("edit", "/chat/{edit}", ANSWERED, edit),
    Screen("files-answer", "/chat/{files}", ANSWERED),
    Screen("attach", "/chat", "empty-chat", attach, after=detach, settle=1200),
    Screen("library", "/chat", "empty-chat", library),
    Screen("slash", "/chat/{answer}", ANSWERED, slash),
    Screen("temporary", "/chat", "empty-chat", temporary),
    Screen("long", "/chat/{long}", ANSWERED, settle=1200),
    Screen("error", "/chat/{error}", "error-bubble"),
    Screen("offline", "/chat/{answer}", ANSWERED, offline, settle=1200),
    Screen("waiting", "/chat/{answer}", "composer", before=silence, settle=1500),
    Screen("side-menu", "/chat/{answer}", ANSWERED, chat_menu, sizes=WIDE),
    Screen("drawer", "/chat/{answer}", ANSWERED, pressing("open-drawer"), sizes=PHONE),
    Screen("drawer-menu", "/chat/{answer}", ANSWERED, drawer_menu, sizes=PHONE),
    Screen("undo", "/chat/{answer}", ANSWERED, delete, after=bring_back, sizes=WIDE),
    Screen("first-day", "/chat", "empty-chat", who="ben"),
)
