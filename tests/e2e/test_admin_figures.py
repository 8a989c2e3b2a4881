"""Usage and performance in the browser, from answers that were given."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE, finished, send
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def _names(page: Page) -> list[str]:
    return await page.get_by_test_id("usage-narrow").all_inner_texts()


async def test_alice_sees_what_bob_used_and_how_fast_it_came(
    app: App, people: People, upstream: ScriptedServer, tmp_path: Path
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    upstream.always = Script(say="Herons stand still for hours.")
    await send(page, "What do herons do?")
    await finished(page)
    await page.goto(f"{app.url}/admin/usage")
    await page.wait_for_url("**/chat")

    alice = await people.alice(app)
    page = await alice.tab("/admin/usage")
    await expect(page.get_by_test_id("usage-row")).not_to_have_count(0)
    everybodys = await page.get_by_test_id("usage-answers").inner_text()
    await page.get_by_test_id("by-person").click()
    row = page.get_by_test_id("usage-row").filter(has_text=bob.email)
    await expect(row).to_have_count(1)
    heading = page.get_by_test_id("sort-name")
    await heading.click()
    await expect(heading.locator("xpath=..")).to_have_attribute("aria-sort", "ascending")
    assert await _names(page) == sorted(await _names(page), key=str.casefold)
    await heading.click()
    await expect(heading.locator("xpath=..")).to_have_attribute("aria-sort", "descending")
    # Of more people than the table shows, bob is among the last.
    await heading.click()
    await expect(heading.locator("xpath=..")).to_have_attribute("aria-sort", "ascending")

    await row.get_by_test_id("usage-narrow").click()
    await expect(page.get_by_test_id("widen-person")).to_contain_text(bob.name)
    await expect(page.get_by_test_id("usage-answers")).to_have_text("1")
    await page.get_by_test_id("usage-narrow").click()
    await expect(page.get_by_test_id("widen-model")).to_be_visible()
    async with page.expect_download() as waiting:
        await page.get_by_test_id("usage-csv").click()
    target = tmp_path / "usage.csv"
    await (await waiting.value).save_as(target)
    (line,) = target.read_text().splitlines()[1:]
    assert bob.email in line
    await page.get_by_test_id("widen-person").click()
    await page.get_by_test_id("widen-model").click()
    await expect(page.get_by_test_id("usage-answers")).to_have_text(everybodys)

    await page.get_by_test_id("usage-start").fill("2024-01-31")
    await page.get_by_test_id("usage-end").fill("2024-01-01")
    await page.get_by_test_id("usage-show").click()
    await expect(page.get_by_text("Swap the two dates")).to_be_visible()
    await page.get_by_test_id("usage-start").fill("2023-12-31")
    await page.get_by_test_id("usage-show").click()
    await page.get_by_test_id("no-usage").wait_for()

    await page.goto(f"{app.url}/admin/performance")
    await page.get_by_test_id("span-hour").click()
    await expect(page.get_by_test_id("span-hour")).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("speed-measure").select_option("duration")
    await page.get_by_test_id("speed-look-at").first.click()
    plot = page.get_by_test_id("speed-plot")
    await expect(page.locator(".lu-lines-plot__entry")).to_have_count(3)
    await plot.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".lu-plot__now")).not_to_be_empty()
    await page.get_by_test_id("plot-figures").click()
    figures = page.locator(".lu-lines-plot__figures tbody tr")
    await expect(figures.first).to_contain_text("s")
    await page.get_by_test_id("speed-all").click()
    await page.get_by_test_id("speed-measure").select_option("errors")
    await expect(page.get_by_test_id("speed-row").first).to_contain_text("%")
    for path, there in (("/admin/usage", "usage-row"), ("/admin/performance", "speed-row")):
        await page.set_viewport_size(PHONE)
        await page.goto(app.url + path)
        await page.get_by_test_id(there).first.wait_for()
        await _no_sideways(page, path)
