"""The image that the Dockerfile makes, and two servers behind the proxy of deploy/Caddyfile."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.containers import ROOT, Builder, Container, Image, missing
from tests.e2e.app import App, free_port
from tests.e2e.conftest import People
from tests.e2e.window import CHAT, PASSWORD, answers, finished, pick, ready, send, text_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

MEGABYTE = 10**6
LARGEST = 700 * MEGABYTE
BUNDLED = "SmolLM2"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image of this checkout."""
    if lacking := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(lacking)
        pytest.skip(lacking)
    builder = Builder(tmp_path_factory.mktemp("image"))
    try:
        yield builder.build(builder.base())
    finally:
        builder.remove()


@pytest_asyncio.fixture(loop_scope="package")
async def container(image: Image, tmp_path: Path) -> AsyncIterator[Container]:
    """A container that nobody has used yet."""
    running = Container(image, tmp_path)
    await running.start()
    yield running
    assert await running.stop() == 0


@pytest.mark.model
@pytest.mark.timeout(900)
async def test_the_image_answers_and_keeps_its_data(
    image: Image, container: Container, people: People
) -> None:
    assert image.size < LARGEST
    assert image.user == "1000:1000"
    alice = await people.visitor(container, "alice")
    page = await alice.tab("/")
    await page.wait_for_url("**/setup")
    await page.get_by_test_id("register-email").fill(alice.email)
    await page.get_by_test_id("register-username").fill(alice.name)
    await page.get_by_test_id("register-password").fill(PASSWORD)
    await page.get_by_test_id("register-submit").click()
    await page.wait_for_url(CHAT)
    # The model may still be loading.
    await alice.model_id(BUNDLED)
    await page.reload()
    await pick(page, BUNDLED)
    await send(page, "What is the capital of France?")
    await finished(page)
    answer = await text_of(page)
    assert answer
    chat = page.url

    # A power cut; what is in the volume is all that is left.
    await page.close()
    await container.kill()
    await container.serve()
    page = await alice.tab()
    await page.goto(chat)
    await ready(page)
    assert await text_of(page) == answer
    kept = {each.name for each in container.data.iterdir()}
    assert {".env", "llm_ui.db"} <= kept
    owners = {each.stat().st_uid for each in container.data.rglob("*")}
    assert owners == {1000}


@pytest.fixture
def two_servers(
    built: None, postgres_server: str, redis_url: str, tmp_path: Path
) -> tuple[App, App]:
    """Two servers as deploy/compose.yaml has them, which Caddy is to find."""
    raise NotImplementedError
