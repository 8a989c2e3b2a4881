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
    await page.get_by_test_id("provider-api_url").fill(NOWHERE)
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


async def of_mara(page: Page) -> None:
    """What one person used, by model."""
    mara = page.get_by_test_id("usage-narrow").filter(has_text="Mara")
    await mara.click()
    await page.get_by_test_id("widen-person").wait_for()


async def hovering(page: Page) -> None:
    """The figures under the pointer."""
    await page.get_by_test_id("speed-all").wait_for()
    box = await page.get_by_test_id("speed-plot").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.62, box["y"] + 80)


async def model_chosen(page: Page) -> None:
    """A model for chosen people only, one of whom is being looked for."""
    await press(page, "model-open", "visible-chosen")
    for name in ("ben", "mats"):
        await page.get_by_test_id("reader-search").fill(name)
        await page.get_by_test_id("reader-found").filter(has_text=name).first.wait_for()
        if name == "ben":
            await page.get_by_test_id("reader-found").first.click()
            await page.get_by_test_id("reader").wait_for()
    await page.get_by_test_id("reader-found").first.scroll_into_view_if_needed()


async def model_defaults(page: Page) -> None:
    """What a model is asked with where nobody says anything else."""
    await page.get_by_test_id("model-open").nth(1).click()
    await press(page, "model-more")
    await page.get_by_test_id("model-stop").scroll_into_view_if_needed()


async def prices_of_two(page: Page) -> None:
    """What a model costs, and what it will cost."""
    await page.get_by_test_id("model-price").nth(1).click()
    if await page.get_by_test_id("price-row").count() < 2:
        await page.get_by_test_id("price-valid_from").fill("2027-01-01")
        for name, amount in (("input", "0.5"), ("cached", "0.05"), ("output", "2")):
            await page.get_by_test_id(f"price-{name}").fill(amount)
        await press(page, "price-save")
    await page.get_by_test_id("price-row").nth(1).wait_for()


async def price_refused(page: Page) -> None:
    """A price that could be a thousand times another."""
    await press(page, "model-price")
    await page.get_by_test_id("price-input").fill("1,000")
    await page.get_by_test_id("price-output").fill("4")
    await press(page, "price-save")
    await page.get_by_test_id("price-problem").locator("p").wait_for()


SCREENS = (
    Screen("dashboard", "/admin", "stat-users"),
    Screen("dashboard-machine", "/admin", "stat-users", showing("machine")),
    Screen("providers", "/admin/providers", "provider-card"),
    Screen("providers-waiting", "/admin/providers", "user-menu", before=silence, sizes=("1280",)),
    Screen("provider-new", "/admin/providers", "provider-card", pressing("add-provider")),
    Screen("provider-failed", "/admin/providers", "provider-card", failed_test),
    Screen("provider-worked", "/admin/providers", "provider-card", worked_test),
    Screen("provider-edit", "/admin/providers", "provider-card", pressing("provider-edit")),
    Screen("admin-models", "/admin/models", "model-row"),
    Screen(
        "models-none",
        "/admin/models",
        "model-row",
        typed("models-search", "zeppelin", "models-none"),
        sizes=("1280",),
    ),
    Screen("models-picked", "/admin/models", "model-row", pressing("pick-all")),
    Screen("models-menu", "/admin/models", "model-row", pressing("model-menu-button")),
    Screen("model-edit", "/admin/models", "model-row", pressing("model-open")),
    Screen("model-chosen", "/admin/models", "model-row", model_chosen),
    Screen("model-defaults", "/admin/models", "model-row", model_defaults),
    Screen("model-prices", "/admin/models", "model-row", prices_of_two),
    Screen("model-price-refused", "/admin/models", "model-row", price_refused),
    Screen("model-types", "/admin/models", "model-row", pressing("view-types")),
    Screen("type-edit", "/admin/models", "model-row", pressing("view-types", "type-edit")),
    Screen("media", "/admin/media", "media-model"),
    Screen("media-model", "/admin/media", "media-model", pressing("media-model-edit")),
    Screen("people", "/admin/people", "person-row"),
    Screen("people-waiting", "/admin/people", "user-menu", before=silence, sizes=("1280",)),
    Screen(
        "people-nobody", "/admin/people", "person-row", typed("people-search", "zeppelin", "nobody")
    ),
    Screen("person-menu", "/admin/people", "person-row", person_menu),
    Screen("person-new-refused", "/admin/people", "person-row", refused_person),
    Screen("person-delete", "/admin/people", "person-row", person_delete),
    Screen("person-reset", "/admin/people", "person-row", person_reset),
    Screen("invitations", "/admin/people", "person-row", pressing("view-invitations")),
    Screen("registration", "/admin/people", "person-row", pressing("view-registration")),
    Screen("admin-keys", "/admin/keys", "key-row"),
    Screen(
        "admin-keys-none",
        "/admin/keys",
        "key-row",
        typed("keys-search", "zeppelin", "keys-empty"),
        sizes=("1280",),
    ),
    Screen("admin-usage", "/admin/usage", "usage-row"),
    Screen(
        "admin-usage-people",
        "/admin/usage",
        "usage-row",
        steps(pressing("by-person"), showing("usage-table")),
    ),
    Screen(
        "admin-usage-of-one",
        "/admin/usage",
        "usage-row",
        steps(pressing("usage-90", "by-person"), of_mara),
    ),
    Screen("admin-usage-waiting", "/admin/usage", "user-menu", before=silence, sizes=("1280",)),
    Screen("performance", "/admin/performance", "speed-row"),
    Screen(
        "performance-of-one",
        "/admin/performance",
        "speed-row",
        steps(pressing("span-week", "speed-look-at"), showing("speed-plot"), hovering),
    ),
    Screen("performance-table", "/admin/performance", "speed-row", showing("speed-table")),
    Screen(
        "performance-waiting", "/admin/performance", "user-menu", before=silence, sizes=("1280",)
    ),
    Screen("jobs", "/admin/jobs", "backup-row"),
    Screen("jobs-start", "/admin/jobs", "backup-row", pressing("start-job")),
    Screen("backups", "/admin/jobs", "backup-row", showing("backups-kept")),
    Screen("log", "/admin/log", "log-row"),
    Screen("log-details", "/admin/log", "log-row", log_details),
    Screen(
        "log-none",
        "/admin/log",
        "log-row",
        typed("log-search", "zeppelin", "log-empty"),
        sizes=("1280",),
    ),
    Screen("crowd-models", "/admin/models", "model-row", crowded=True),
    Screen("crowd-people", "/admin/people", "person-row", crowded=True),
    Screen("crowd-keys", "/admin/keys", "key-row", crowded=True),
    Screen("crowd-jobs", "/admin/jobs", "job-row", crowded=True),
    Screen("crowd-log", "/admin/log", "log-row", crowded=True),
    Screen("crowd-history", "/history", "history", crowded=True),
    Screen(
        "crowd-usage",
        "/admin/usage",
        "usage-row",
        steps(pressing("by-person"), showing("usage-further")),
        crowded=True,
    ),
    Screen("crowd-dashboard", "/admin", "stat-users", crowded=True),
)
