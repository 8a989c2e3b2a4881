"""Makes the pictures below docs/screens: `python dev.py screens [--out FOLDER] [NAME …]`.

Starts the built app on a database of its own, with scripted models behind it, and takes
each screen at 1280 and 390 px, light and dark. Fails when one scrolls sideways.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import secrets
import socket
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.e2e.pictures import ANSWER, FLAGS, NEXT_QUESTION, QUESTION, SHRINK, TITLES
from tests.scripted import ScriptedServer, scripted_server
from tests.scripted.script import Script

ROOT = Path(__file__).parents[2]
SIZES = {"1280": (1280, 800), "390": (390, 844)}
THEMES = ("light", "dark")
NAME, EMAIL, PASSWORD = "Ada", "ada@example.org", "a sentence that is long enough"
READY_S = 60.0


@dataclass
class Stage:
    """Everything that the screens are taken of."""

    url: str
    answer: str = ""
    error: str = ""
    stream: str = ""


@dataclass
class Models:
    """The scripted models behind the app."""

    servers: list[ScriptedServer]

    def do(self, script: Script) -> None:
        """Have every answer from now on go like this."""
        for server in self.servers:
            server.always = script


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running_app(builtin: str, openai: str) -> AsyncIterator[str]:
    """The app on a fresh database; yields its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "DATA_DIR": folder,
            "DATABASE_URL": "",
            "SECRET_KEY": secrets.token_hex(32),
            "PORT": str(port),
            "LLM_API_URL": builtin,
            "OPENAI_BASE_URL": f"{openai}/v1",
            "OPENAI_API_KEY": "for-pictures",
        }
        env = {**os.environ, **settings}
        prepare = [sys.executable, "-m", "llm_ui.cli.prepare", "--migrate"]
        await asyncio.to_thread(subprocess.run, prepare, cwd=ROOT, env=env, check=True)
        serve = [sys.executable, "-m", "llm_ui.cli.serve", "--port", str(port), "--with-parent"]
        process = await asyncio.create_subprocess_exec(*serve, cwd=ROOT, env=env)
        try:
            url = f"http://127.0.0.1:{port}"
            await until_ready(url, process)
            yield url
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait until the app answers."""
    async with asyncio.timeout(READY_S), httpx.AsyncClient() as client:
        while process.returncode is None:
            try:
                if (await client.get(f"{url}/health/ready")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    raise SystemExit("the app did not start")


async def open_context(browser: Browser, size: str, theme: str, state: str = "") -> BrowserContext:
    """A browser window of a size and a colour scheme, signed in if there is a state."""
    width, height = SIZES[size]
    phone = size == "390"
    return await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-GB",
        has_touch=phone,
        is_mobile=phone,
        storage_state=state or None,
    )


async def ask(page: Page, url: str, text: str) -> str:
    """Ask in a new chat; returns the chat's address."""
    await page.goto(f"{url}/chat")
    await page.get_by_test_id("empty-chat").wait_for()
    await page.get_by_test_id("composer").fill(text)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/chat/*-*")
    return page.url


async def furnish(browser: Browser, stage: Stage, models: Models, state: str) -> None:
    """Make the account and its chats."""
    context = await open_context(browser, "1280", "light")
    account = {"email": EMAIL, "username": NAME, "password": PASSWORD}
    made = await context.request.post(f"{stage.url}/api/v1/auth/register", data=account)
    headers = {"X-CSRF-Token": (await made.json())["csrf_token"]}
    listed = (await (await context.request.get(f"{stage.url}/api/v1/models")).json())["items"]
    chosen = listed[0]["id"]
    for title in TITLES:
        chat = {"model": chosen, "title": title}
        await context.request.post(f"{stage.url}/api/v1/chats", data=chat, headers=headers)
    page = await context.new_page()
    models.do(Script(error=503, error_message="the model is loading"))
    stage.error = await ask(page, stage.url, "What should I read about consensus algorithms?")
    await page.get_by_test_id("error-bubble").wait_for(timeout=60_000)
    models.do(Script(say=ANSWER, rate=160))
    stage.answer = await ask(page, stage.url, QUESTION)
    await page.get_by_test_id("answer-metrics").wait_for(timeout=60_000)
    await context.storage_state(path=state)
    await context.close()


async def show(page: Page, stage: Stage, name: str) -> None:
    """Bring one screen up."""
    paths = {"login": "/login", "register": "/register", "empty": "/chat", "dashboard": "/admin"}
    known = {"answer": stage.answer, "menu": stage.answer, "error": stage.error}
    known["streaming"] = stage.stream
    await page.goto(known.get(name) or stage.url + paths[name])
    marks = {
        "login": "login-submit",
        "register": "register-submit",
        "empty": "empty-chat",
        "dashboard": "stat-users",
        "streaming": "stop",
        "error": "error-bubble",
    }
    await page.get_by_test_id(marks.get(name, "answer-metrics")).first.wait_for()
    if name == "menu" and await page.get_by_test_id("open-drawer").is_visible():
        await page.get_by_test_id("open-drawer").click()
    elif name == "menu":
        await page.get_by_test_id("model-picker").click()
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(1500 if name == "streaming" else 700)


async def take(page: Page, target: Path) -> None:
    """A picture of what is shown, in at most 256 colours."""
    sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if sideways > 0:
        raise SystemExit(f"{target.name} scrolls sideways by {sideways} px")
    shot = base64.b64encode(await page.screenshot()).decode()
    reduced = await page.evaluate(SHRINK, shot)
    picture = png(reduced["w"], reduced["h"], reduced["palette"], reduced["pixels"])
    await asyncio.to_thread(target.write_bytes, picture)


def png(width: int, height: int, palette: list[int], pixels: str) -> bytes:
    """An indexed PNG; `pixels` are the indices in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    indices = base64.b64decode(pixels)
    rows = b"".join(b"\0" + indices[y * width : (y + 1) * width] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", bytes(palette)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


GUEST = ("login", "register")
SCREENS = (*GUEST, "empty", "streaming", "answer", "menu", "error", "dashboard")


async def take_all(browser: Browser, stage: Stage, state: str, out: Path, names: list[str]) -> None:
    """Every screen asked for, in every size and theme."""
    for theme in THEMES:
        for size in SIZES:
            for name in names:
                signed_in = "" if name in GUEST else state
                context = await open_context(browser, size, theme, signed_in)
                page = await context.new_page()
                await show(page, stage, name)
                await take(page, out / f"{name}-{size}-{theme}.png")
                await context.close()


async def main(out: Path, names: list[str]) -> None:
    """Set the stage and take the pictures."""
    async with scripted_server() as builtin, scripted_server() as other, async_playwright() as play:
        builtin.model_names, other.model_names = ("built-in-small",), ("example-7b", "example-70b")
        models = Models([builtin, other])
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await play.chromium.launch(executable_path=program, args=FLAGS)
        with tempfile.TemporaryDirectory() as folder:
            state = f"{folder}/state.json"
            async with running_app(builtin.url, other.url) as url:
                stage = Stage(url)
                await furnish(browser, stage, models, state)
                if "streaming" in names:
                    models.do(Script(say=(ANSWER + "\n\n") * 40, rate=30))
                    context = await open_context(browser, "1280", "light", state)
                    stage.stream = await ask(await context.new_page(), url, NEXT_QUESTION)
                await take_all(browser, stage, state, out, names)
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screens")
    parser.add_argument("names", nargs="*", choices=[*SCREENS, []], default=[])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(options.out, options.names or list(SCREENS)))
