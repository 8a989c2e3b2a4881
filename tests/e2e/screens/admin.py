"""The administrator's pages, in their states; the crowded ones after all others."""

from __future__ import annotations

from playwright.async_api import Page

from tests.e2e.screens.chat import silence
from tests.e2e.screens.finding import typed
from tests.e2e.screens.kit import Screen, Step, press, pressing, showing

NOWHERE = "http://127.0.0.1:9/v1"


def steps(*each: Step) -> Step:
    """Several steps, one after the other."""

    async def step(page: Page) -> None:
        for one in each:
            await one(page)

    return step


async def failed_test(page: Page) -> None:
    """Try a provider out where nobody listens."""
    await press(page, "add-provider", "provider-other")
    await page.get_by_test_id("provider-name").fill("Lab server")
    await page.get_by_test_id("provider-base_url").fill(NOWHERE)
    await press(page, "provider-test")
    await page.get_by_test_id("test-failed").wait_for()


async def worked_test(page: Page) -> None:
    """Try out a provider that answers."""
    card = page.get_by_test_id("provider-card").filter(has_text="OpenAI")
    await card.get_by_test_id("test-saved").click()
    await page.get_by_test_id("test-ok").wait_for()


async def refused_person(page: Page) -> None:
    """Make an account for an address that has one."""
    await press(page, "people-create")
    await page.get_by_test_id("create-email").fill("ben@example.org")
    await page.get_by_test_id("create-name").fill("Ben")
    await press(page, "person-create-submit")
    await page.get_by_test_id("create-problem").wait_for()


async def of_ben(page: Page, what: str) -> None:
    """Do something to ben by his menu."""
    row = page.get_by_test_id("person-row").filter(has_text="ben@example.org")
    await row.get_by_test_id("person-menu-button").click()
    await page.wait_for_timeout(200)
    if what:
        await page.get_by_test_id(what).locator("visible=true").first.click()


async def person_menu(page: Page) -> None:
    """His menu."""
    await of_ben(page, "")


async def person_delete(page: Page) -> None:
    """The question what becomes of his things."""
    await of_ben(page, "do-delete")
    await page.get_by_test_id("delete-email").wait_for()


async def person_reset(page: Page) -> None:
    """A link for a new password, to hand over."""
    await of_ben(page, "do-reset")
    await page.get_by_test_id("handed-link").wait_for()


async def log_details(page: Page) -> None:
    """What an entry of the log says beside."""
    await page.locator(".lu-log__details summary").first.click()


SCREENS = (
    Screen("dashboard", "/admin", "stat-users"),
    Screen("dashboard-machine", "/admin", "stat-users", showing("machine")),
    Screen("providers", "/admin/providers", "provider-card"),
    Screen("providers-waiting", "/admin/providers", "user-menu", before=silence, sizes=("1280",)),
    Screen("provider-new", "/admin/providers", "provider-card", pressing("add-provider")),
    Screen("provider-failed", "/admin/providers", "provider-card", failed_test),
    Screen("provider-worked", "/admin/providers", "provider-card", worked_test),
    Screen("provider-edit", "/admin/providers", "provider-card", pressing("provider-edit")),
    Screen("media", "/admin/media", "media-model"),
    Screen("media-model", "/admin/media", "media-model", pressing("media-model-edit")),
    Screen("people", "/admin/people", "person-row"),
    Screen("people-waiting", "/admin/people", "user-menu", before=silence, sizes=("1280",)),
    Screen("people-nobody", "/admin/people", "person-row",
           typed("people-search", "zeppelin", "nobody")),
    Screen("person-menu", "/admin/people", "person-row", person_menu),
    Screen("person-new-refused", "/admin/people", "person-row", refused_person),
    Screen("person-delete", "/admin/people", "person-row", person_delete),
    Screen("person-reset", "/admin/people", "person-row", person_reset),
    Screen("invitations", "/admin/people", "person-row", pressing("view-invitations")),
    Screen("registration", "/admin/people", "person-row", pressing("view-registration")),
    Screen("admin-keys", "/admin/keys", "key-row"),
    Screen("admin-keys-none", "/admin/keys", "key-row",
           typed("keys-search", "zeppelin", "keys-empty"), sizes=("1280",)),
    Screen("jobs", "/admin/jobs", "backup-row"),
    Screen("jobs-start", "/admin/jobs", "backup-row", pressing("start-job")),
    Screen("backups", "/admin/jobs", "backup-row", showing("backups-kept")),
    Screen("log", "/admin/log", "log-row"),
    Screen("log-details", "/admin/log", "log-row", log_details),
    Screen("log-none", "/admin/log", "log-row", typed("log-search", "zeppelin", "log-empty"),
           sizes=("1280",)),
    Screen("crowd-people", "/admin/people", "person-row", crowded=True),
    Screen("crowd-keys", "/admin/keys", "key-row", crowded=True),
    Screen("crowd-jobs", "/admin/jobs", "job-row", crowded=True),
    Screen("crowd-log", "/admin/log", "log-row", crowded=True),
    Screen("crowd-history", "/history", "history", crowded=True),
    Screen("crowd-dashboard", "/admin", "stat-users", crowded=True),
)  # fmt: skip
