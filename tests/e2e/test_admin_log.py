"""The monitoring log in the browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

SEED = """
import asyncio
from llm_ui.config import get_settings
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.services.audit.recording import record
async def main():
    start_database(get_settings().database)
    async with unit_of_work() as session:
        {body}
    await stop_database()
asyncio.run(main())
"""


def seed(app: App, body: str) -> None:
    app.python(SEED.format(body=body))


async def test_alice_looks_for_what_went_wrong(app: App, people: People) -> None:
    seed(
        app,
        "[record(session, 'error.unhandled', 'ZeroDivisionError in GET /herons', level='error',"
        " reference=f'HERON{n:03}') for n in range(60)]",
    )
    alice = await people.alice(app)
    page = await alice.tab("/admin/log")
    await page.get_by_test_id("log-search").fill("herons")
    await expect(page.get_by_test_id("log-clear")).to_be_visible()
    rows = page.get_by_test_id("log-row")
    await expect(rows).to_have_count(50)
    await page.get_by_test_id("log-more").click()
    await expect(rows).to_have_count(60)
    (group,) = await page.get_by_test_id("error-group").all()
    await expect(group).to_contain_text("60")
    await page.get_by_test_id("log-search").fill("no such words")
    await expect(page.get_by_test_id("log-empty")).to_be_visible()
    await page.get_by_test_id("log-clear").click()
    await expect(rows.first).to_be_visible()


async def test_new_rows_appear_by_themselves_while_alice_watches(app: App, people: People) -> None:
    alice = await people.alice(app)
    page = await alice.tab("/admin/log")
    await page.get_by_test_id("log-live").click()
    await expect(page.get_by_test_id("log-live")).to_be_checked()
    await expect(page.get_by_text("Otters is not responding")).to_have_count(0)
    seed(app, "record(session, 'provider.down', 'Otters: refused', level='error')")
    await expect(page.get_by_text("Otters is not responding")).to_be_visible()


async def test_how_long_rows_are_kept_is_set_here_and_logged(app: App, people: People) -> None:
    alice = await people.alice(app)
    page = await alice.tab("/admin/log")
    await page.get_by_test_id("log-keep").select_option("90")
    await page.reload()
    await expect(page.get_by_test_id("log-keep")).to_have_value("90")
    row = page.get_by_test_id("log-row").filter(has_text="Changed the settings").first
    await row.get_by_text("Details").click()
    await expect(row.locator("del")).to_have_text("365")
    await expect(row.locator("ins")).to_have_text("90")


async def test_bob_is_sent_away(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/admin/log")
    await page.wait_for_url("**/chat")
    await expect(page.get_by_test_id("log-row")).to_have_count(0)
