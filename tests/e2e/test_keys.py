"""API keys in the browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People

KEY = re.compile(r"^llmui_[0-9a-f]{8}_[\w-]{43}$")
pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def test_bob_makes_a_key_uses_it_and_alice_ends_it(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/account")
    await page.get_by_test_id("key-new").click()
    await page.get_by_test_id("key-name").fill("Weather station")
    await page.get_by_test_id("key-create").click()
    shown = page.get_by_test_id("key-value")
    await expect(shown).to_have_value(KEY)
    key = await shown.input_value()
    await page.get_by_test_id("key-done").click()
    await expect(page.get_by_test_id("key-row")).to_contain_text("Weather station")
    await page.reload()
    await expect(page.get_by_test_id("key-row")).to_contain_text("Weather station")
    assert key not in await page.content()
    program = await people.visitor(
        app, "program", extra_http_headers={"Authorization": f"Bearer {key}"}
    )
    assert (await program.get("/models"))["items"]

    alice = await people.alice(app)
    office = await alice.tab("/admin/keys")
    await office.get_by_test_id("keys-search").fill("weather")
    row = office.get_by_test_id("key-row")
    await expect(row).to_have_count(1)
    await row.get_by_test_id("key-revoke").click()
    await expect(row).to_contain_text("Revoked")
    refused = await program.context.request.get(f"{app.url}/api/v1/models")
    assert refused.status == 401
