"""The components on a bare page in Chromium, bundled with the app's own build tools."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from llm_ui.cli.development.suite import find_browser

HERE = Path(__file__).parent
CHROMIUM = find_browser() or "chromium"
# The folder whose node_modules has vite and the packages: what a build of the app leaves.
HOME = Path(os.environ.get("LLM_UI_WEB", ".web"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]


def node() -> str:
    """The environment's own node, else whatever the machine has."""
    beside = Path(sys.executable).with_name("node")
    return str(beside) if beside.exists() else shutil.which("node") or pytest.skip("no node")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def bundle(out: Path, *page: Path) -> None:
    """Make a page (see page/build.mjs)."""
    if not (HOME / "node_modules" / "vite").exists():
        pytest.skip("build the app once: its .web folder has the tools that this needs")
    command = [node(), HERE / "page" / "build.mjs", HOME, out, *page]
    subprocess.run([str(part) for part in command], check=True)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Where the files of a folder are."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="package")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page with the components is served."""
    out = tmp_path_factory.mktemp("lab")
    bundle(out)
    with served(out) as url:
        yield url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these tests."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as chromium,
    ):
        yield chromium


@contextmanager
def _tab(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(url)
    tab.wait_for_function("window.lab")
    yield tab
    context.close()
    assert errors == []


@pytest.fixture
def page(browser: Browser, lab_url: str) -> Iterator[Page]:
    """A fresh page; whatever it reports as an error fails the test."""
    with _tab(browser, lab_url) as tab:
        yield tab


@pytest.fixture(scope="package")
def quiet(browser: Browser, lab_url: str) -> Iterator[Page]:
    """One page for tests that leave no trace in it."""
    with _tab(browser, lab_url) as tab:
        yield tab
