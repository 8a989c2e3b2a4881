"""Alice looks after the models on an Ollama's disk in a browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.axe import look
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE
from tests.scripted import scripted_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def test_a_model_is_pulled_cancelled_gone_on_with_and_deleted(
    app: App, people: People
) -> None:
    async with scripted_server() as garage:
        garage.model_names = ("old:1b", "older-" + "long-" * 12 + "model:70b-q4")
        alice = await people.alice(app)
        body = {"name": "Garage", "provider_type": "ollama", "api_url": garage.url}
        made = await alice.post("/admin/providers", body)
        page = await alice.tab("/admin/providers")
        card = page.get_by_test_id("provider-card").filter(has_text="Garage")
        await card.get_by_test_id("stored-open").click()
        dialog = page.get_by_test_id("stored-dialog")
        stored = dialog.get_by_test_id("stored-model")
        await expect(stored).to_have_count(2)
        await expect(stored.first).to_contain_text("858 MB")
        await dialog.get_by_test_id("pull-name").fill("what model?")
        await dialog.get_by_test_id("pull-do").click()
        await expect(dialog.get_by_test_id("pull-problem")).to_contain_text("qwen3:0.6b")
        await dialog.get_by_test_id("pull-name").fill("ollama pull slow:1b")
        await page.keyboard.press("Enter")
        pull = dialog.get_by_test_id("pull")
        await expect(pull.get_by_test_id("pull-note")).to_contain_text(" of 858 MB")
        await expect(dialog.get_by_test_id("pull-name")).to_have_value("")
        await pull.get_by_test_id("pull-cancel").click()
        await expect(pull.get_by_test_id("pull-note")).to_have_text("Canceled")
        await pull.get_by_test_id("pull-retry").click()
        await expect(stored).to_have_count(3)
        await expect(pull.get_by_test_id("pull-note")).to_have_text("Done")
        names = [each["name"] for each in (await alice.get("/models"))["items"]]
        assert "slow:1b" in names

        row = stored.filter(has_text="old:1b")
        await row.get_by_test_id("stored-delete").click()
        await row.get_by_test_id("stored-delete-yes").click()
        await expect(stored).to_have_count(2)
        await dialog.get_by_test_id("pull-name").fill("nosuch:1b")
        await dialog.get_by_test_id("pull-do").click()
        await expect(pull.first.get_by_test_id("pull-note")).to_contain_text(
            "does not know the model “nosuch:1b”"
        )
        assert await look(page, "the disk") == []
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await stored.last.get_by_test_id("stored-delete").click()
        await _no_sideways(page, "the disk")
        await dialog.get_by_test_id("stored-close").click()
        await expect(dialog).to_be_hidden()
        answer = await alice.context.request.delete(
            f"{app.url}/api/v1/admin/providers/{made['id']}", headers={"X-CSRF-Token": alice.csrf}
        )
        assert answer.ok
