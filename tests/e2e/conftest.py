"""One production server for all browser tests, scripted models behind it, and people.

Everything runs in one event loop for the whole package. A test gets people with
browsers of their own from `people`; whatever their pages complain about fails it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from llm_ui.cli.development.suite import find_browser
from llm_ui.cli.setup import frontend
from llm_ui.cli.setup.installation import Installation, checkout
from tests.conftest import fresh_postgres
from tests.e2e.app import ROOT, App
from tests.e2e.pictures import FLAGS
from tests.e2e.stage import Stage, furnish
from tests.e2e.window import Person, Watch, open_browser
from tests.scripted import ScriptedServer, scripted_server
from tests.web import web_server

LOG_SIGNS = ("Traceback", " ERROR ", "RuntimeWarning", "was never awaited")


def place() -> Installation:
    """This checkout, with its own environment or the one that runs the tests."""
    own = checkout(ROOT)
    if own.python.exists():
        return own
    return Installation(ROOT, Path(sys.executable), own_venv=False, command="python3 dev.py")


@pytest.fixture(scope="package")
def built() -> None:
    """The frontend of the present sources."""
    frontend.ensure_built(place())


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def chromium() -> AsyncIterator[Browser]:
    """One browser; each person gets a profile in it."""
    program = find_browser()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: install it, or name it in CHROMIUM")
        pytest.skip("Chromium is missing: install it, or name it in CHROMIUM")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def model_server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        server.model_names = ("scripted", "scripted-too")
        yield server


@pytest.fixture
def upstream(model_server: ScriptedServer) -> Iterator[ScriptedServer]:
    """The scripted models; what a test tells them ends with it."""
    yield model_server
    model_server.queue.clear()
    model_server.always = None


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def app(
    built: None, model_server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[App]:
    """The app; somebody (alice) has set it up and is its admin."""
    folder = tmp_path_factory.mktemp("app")
    running = App(folder, model_server.url, MODEL_FOLDERS=str(folder.parent))
    await running.start()
    running.python(
        "import asyncio; from llm_ui.cli.admin import create;"
        "asyncio.run(create('alice@example.org', 'Alice', 'correct horse battery'))"
    )
    yield running
    assert await running.stop() == 0


@pytest_asyncio.fixture(loop_scope="package", params=["sqlite", "postgres"])
async def fresh_app(
    request: pytest.FixtureRequest, built: None, upstream: ScriptedServer, tmp_path: Path
) -> AsyncIterator[App]:
    """An installation that nobody has used yet, on each kind of database."""
    url = ""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        url = fresh_postgres(server, "e2e")
    running = App(tmp_path, upstream.url, url)
    await running.start()
    yield running
    assert await running.stop() == 0


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stage(
    built: None,
    chromium: Browser,
    model_server: ScriptedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Stage]:
    """An installation of its own whose admin, alice, has some of everything."""
    async with web_server() as web, AsyncExitStack() as stack:
        settings = {"BROWSE_HOSTS": web.host, "LLM_API_URL": model_server.url}
        running = App(tmp_path_factory.mktemp("stage"), model_server.url, **settings)
        await running.start()
        running.python(
            "import asyncio; from llm_ui.cli.admin import create;"
            "asyncio.run(create('alice@example.org', 'Alice', 'correct horse battery'))"
        )
        alice = await People(chromium, stack, tmp_path_factory.mktemp("stage")).alice(running)
        yield Stage(running, await furnish(alice, web, model_server))
        assert await running.stop() == 0


class People:
    """Gives people their browsers, and looks after those at the end."""

    def __init__(self, browser: Browser, stack: AsyncExitStack, shots: Path) -> None:
        self._browser = browser
        self._stack = stack
        self._shots = shots
        self.watch = Watch(set())
        self.everybody: list[Person] = []

    async def visitor(self, app: App, name: str, *, url: str = "", **options: Any) -> Person:
        """Somebody who is not signed in."""
        self.watch.hosts |= {f"127.0.0.1:{app.port}", f"127.0.0.1:{app.wire_port}"}
        context = await open_browser(self._browser, url or app.url, self.watch, **options)
        self._stack.push_async_callback(context.close)
        person = Person(name, context, url or app.url)
        self.everybody.append(person)
        return person

    async def user(self, app: App, name: str = "bob", **options: Any) -> Person:
        """Somebody with a new account, signed in."""
        person = await self.visitor(app, name, **options)
        await person.register()
        return person

    async def alice(self, app: App, *, confirmed: bool = True, **options: Any) -> Person:
        """The admin, signed in; `confirmed` has typed the password once more."""
        person = await self.visitor(app, "alice", **options)
        person.email = "alice@example.org"
        await person.log_in()
        if confirmed:
            await person.confirm()
        return person

    async def picture(self) -> None:
        """What everybody sees, for whoever looks into a failure."""
        print(*self.watch.problems, sep="\n")
        for person in self.everybody:
            for number, page in enumerate(person.context.pages):
                target = self._shots / f"{person.name}-{number}.png"
                print(f"{target}: {page.url}")
                await page.screenshot(path=target)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know whether their test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest_asyncio.fixture(loop_scope="package")
async def people(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path
) -> AsyncIterator[People]:
    """People; afterwards nothing may have gone wrong in their browsers."""
    async with AsyncExitStack() as stack:
        found = People(chromium, stack, tmp_path)
        yield found
        failed = request.node.stash.get(FAILED, False)
        if failed or found.watch.remaining():
            await found.picture()
    assert failed or found.watch.remaining() == []


@pytest.fixture(autouse=True)
def clean_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test may leave an error in the server's log."""
    name = "fresh_app" if "fresh_app" in request.fixturenames else "app"
    running: App | None = request.getfixturevalue(name) if name in request.fixturenames else None
    before = running.log_file.stat().st_size if running else 0
    yield
    if running is None:
        return
    fresh = running.log_file.read_bytes()[before:].decode(errors="replace")
    assert not any(sign in fresh for sign in LOG_SIGNS), fresh[-4000:]
