"""The image that the Dockerfile makes, and two servers behind the proxy of deploy/Caddyfile."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import WebSocket, expect

from tests.conftest import fresh_postgres
from tests.containers import ROOT, Builder, Container, Image, missing
from tests.e2e.app import App, free_port
from tests.e2e.conftest import People
from tests.e2e.window import (
    CHAT,
    PASSWORD,
    answers,
    finished,
    pick,
    ready,
    send,
    text_of,
    until,
)
from tests.scripted import ScriptedServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

MEGABYTE = 10**6
LARGEST = 700 * MEGABYTE
BUNDLED = "SmolLM2"
CADDY = Path(sys.executable).parent / "caddy"
# As in deploy/Caddyfile.
HEALTH_INTERVAL_S = 5


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


@dataclass(frozen=True)
class Site:
    """Two servers behind a proxy, and the address that people use."""

    servers: tuple[App, App]
    url: str


@pytest_asyncio.fixture(loop_scope="package")
async def site(
    built: None, upstream: ScriptedServer, postgres_server: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Site]:
    """The servers of deploy/compose.yaml, as processes, behind the Caddy of requirements-dev.txt
    with the configuration of deploy/Caddyfile."""
    address = f"http://localhost:{free_port()}"
    shared = {
        "REDIS_URL": redis_url,
        "PUBLIC_URL": address,
        "TRUSTED_PROXIES": "1",
        "LLM_API_PORT": str(free_port()),
    }
    database = fresh_postgres(postgres_server, "e2e_site")
    servers = [App(tmp_path, upstream.url, database, **shared) for _ in range(2)]
    upstreams = " ".join(f"127.0.0.1:{each.port}" for each in servers)
    async with AsyncExitStack() as stack:
        for number, each in enumerate(servers):
            each.log_file = tmp_path / f"server-{number}.log"
            await each.start()
            stack.push_async_callback(each.stop)
        caddy = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [CADDY, "run", "--config", ROOT / "deploy" / "Caddyfile", "--adapter", "caddyfile"],
            env={
                **os.environ,
                "SITE": address,
                "UPSTREAMS": upstreams,
                "HOME": str(tmp_path),
                "CADDY_ADMIN": f"localhost:{free_port()}",
            },
            stderr=(tmp_path / "caddy.log").open("wb"),
        )
        stack.callback(caddy.wait)
        stack.callback(caddy.terminate)
        async with httpx.AsyncClient() as client:
            await until(lambda: answers_at(client, f"{address}/health/ready"))
        yield Site((servers[0], servers[1]), address)


async def answers_at(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def connected(sockets: list[WebSocket]) -> None:
    """Wait until a page has had a connection for a second: the proxy may take a moment to tell that
    the last one is gone."""
    checks = 0

    async def steady() -> bool:
        nonlocal checks
        checks = checks + 1 if any(not each.is_closed() for each in sockets) else 0
        return checks > 20

    await until(steady, 30)


@pytest.mark.postgres
@pytest.mark.redis
async def test_a_chat_goes_on_behind_the_proxy_when_either_server_ends(
    site: Site, people: People
) -> None:
    people.watch.allow("WebSocket", "status 502", "ERR_")
    first, second = site.servers
    people.watch.hosts.add(site.url.removeprefix("http://"))
    first.python(
        "import asyncio; from llm_ui.cli.admin import create;"
        "asyncio.run(create('alice@example.org', 'Alice', 'correct horse battery'))"
    )
    bob = await people.user(first, url=site.url)
    page, chat_id = await bob.tab_with_chat()
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108
    await page.reload()
    await ready(page)
    await send(page, "tokens=40 rate=50")
    await finished(page)
    # A program's stream is not held back either: it has begun while the answer is being written.
    async with httpx.AsyncClient(base_url=f"{site.url}/api/v1") as program:
        credentials = {"email": bob.email, "password": PASSWORD}
        signed_in = (await program.post("/auth/login", json=credentials)).json()
        headers = {"Accept": "text/event-stream", "X-CSRF-Token": signed_in["csrf_token"]}
        question = {"content": "tokens=60 rate=20"}
        path = f"/chats/{chat_id}/messages"
        async with program.stream("POST", path, json=question, headers=headers) as stream:
            assert stream.status_code == 200
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    break
            assert (await bob.stored(chat_id))[-1]["status"] == "running"
    await expect(answers(page)).to_have_count(2)
    await finished(page)
    for server in (first, second):
        assert await server.stop() == 0
        await connected(sockets)
        await send(page, "tokens=30")
        await finished(page)
        await server.serve()
        # Until the proxy sends anybody there again.
        await asyncio.sleep(HEALTH_INTERVAL_S + 1)
    await expect(answers(page)).to_have_count(4)
