"""Alice has the bundled service load another model file, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from llm_ui.llm_api.engine import bundled_model
from tests.e2e.app import App
from tests.e2e.axe import look
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.model, pytest.mark.asyncio(loop_scope="package")]


async def test_a_file_is_used_and_a_broken_one_gives_way(
    app: App, people: People, tmp_path: Path
) -> None:
    heron = tmp_path / "Heron-135M.Q4_1.gguf"
    heron.symlink_to(bundled_model())
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x03\0\0\0" + b"\xff" * 5000)
    alice = await people.alice(app)
    people.watch.allow("model-files")
    page = await alice.tab("/admin/providers")
    await page.get_by_test_id("gguf-open").click()
    dialog = page.get_by_test_id("gguf-dialog")
    items = dialog.get_by_test_id("gguf-item")
    await expect(items).to_have_count(1)
    await expect(items.get_by_test_id("gguf-current")).to_be_visible()

    await dialog.get_by_test_id("gguf-path").fill("/nowhere.gguf")
    await dialog.get_by_test_id("gguf-use-path").click()
    await expect(dialog.get_by_test_id("gguf-problem")).to_contain_text("no such file")
    await dialog.get_by_test_id("gguf-path").fill(str(heron))
    await dialog.get_by_test_id("gguf-use-path").click()
    await expect(dialog.get_by_test_id("gguf-loading")).to_be_visible()
    used = items.filter(has_text="Heron-135M").get_by_test_id("gguf-current")
    await expect(used).to_be_visible(timeout=60_000)
    await expect(dialog.get_by_test_id("gguf-loading")).to_have_count(0)
    names = [each["name"] for each in (await alice.get("/models"))["items"] if each["available"]]
    assert "Heron-135M" in names

    await dialog.get_by_test_id("gguf-file").set_input_files(
        {"name": "words.gguf", "mimeType": "text/plain", "buffer": b"no model"}
    )
    problem = dialog.get_by_test_id("gguf-upload-problem")
    await expect(problem).to_contain_text("not a GGUF file")
    await dialog.get_by_test_id("gguf-file").set_input_files(broken)
    bad = items.filter(has_text="broken.gguf")
    await bad.get_by_test_id("gguf-use").click()
    await expect(dialog.get_by_test_id("gguf-failure")).to_contain_text(
        "the previous one is in use again", timeout=60_000
    )
    await expect(used).to_be_visible()
    assert await look(page, "the model files") == []
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await _no_sideways(page, "the model files")
    await bad.get_by_test_id("gguf-delete").click()
    await bad.get_by_test_id("gguf-delete-yes").click()
    await expect(bad).to_have_count(0)
    await items.first.get_by_test_id("gguf-use").click()
    await expect(items.first.get_by_test_id("gguf-current")).to_be_visible(timeout=60_000)
    await expect(items).to_have_count(1)
