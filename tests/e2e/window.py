"""A person's browser: their windows, what is on them, and everything that went wrong there."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    WebSocket,
    expect,
)

PASSWORD = "correct horse battery"
PATIENCE_MS = 20_000
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

# Where a page may be; the server puts a slash behind some addresses.
LOGIN = re.compile(r"/login/?(\?.*)?$")
CHAT = re.compile(r"/chat/?$")
A_CHAT = re.compile(r"/chat/[0-9a-f-]{36}/?$")

_numbers = itertools.count(1)

expect.set_options(timeout=PATIENCE_MS)


class Watch:
    """Collects what must not happen: errors, failed requests, requests to other sites."""

    def __init__(self, hosts: set[str]) -> None:
        self.hosts = hosts
        self.problems: list[str] = []
        self._allowed: list[str] = []

    def allow(self, *patterns: str) -> None:
        """Let problems pass that contain one of these patterns: this test provokes them."""
        self._allowed.extend(patterns)

    def remaining(self) -> list[str]:
        """What nobody allowed."""
        return [p for p in self.problems if not any(re.search(a, p) for a in self._allowed)]

    def attach(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"page error: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in self.hosts:
            self.problems.append(f"left the machine: {request.url}")

    def _failed(self, request: Request) -> None:
        # A navigation aborts what the old page was still loading.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")


class Person:
    """Somebody with a browser of their own, signed in or not."""

    def __init__(self, name: str, context: BrowserContext, url: str) -> None:
        number = next(_numbers)
        self.name = f"{name.capitalize()} {number}"
        self.email = f"{name}.{number}@example.org"
        self.context = context
        self.url = url
        self.user_id = ""
        self.csrf = ""

    # --- without a page: REST with the browser's cookies ----------------------------

    async def register(self) -> None:
        """Make the account over REST."""
        account = {"email": self.email, "username": self.name, "password": PASSWORD}
        answer = await self._sign_in("register", account)
        self.user_id = answer["user"]["id"]

    async def log_in(self) -> None:
        """Sign in over REST."""
        await self._sign_in("login", {"email": self.email, "password": PASSWORD})

    async def confirm(self) -> None:
        """Type the password once more, over REST."""
        await self.post("/auth/confirm", {"password": PASSWORD})

    async def _sign_in(self, verb: str, body: dict[str, str]) -> Any:
        response = await self.context.request.post(f"{self.url}/api/v1/auth/{verb}", data=body)
        assert response.ok, await response.text()
        answer = await response.json()
        self.csrf = answer["csrf_token"]
        return answer

    async def get(self, path: str) -> Any:
        """GET below /api/v1."""
        response = await self.context.request.get(f"{self.url}/api/v1{path}")
        assert response.ok, await response.text()
        return await response.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """POST below /api/v1."""
        return await self._send("POST", path, body)

    async def patch(self, path: str, body: Any) -> Any:
        """PATCH below /api/v1."""
        return await self._send("PATCH", path, body)

    async def _send(self, method: str, path: str, body: Any) -> Any:
        response = await self.context.request.fetch(
            f"{self.url}/api/v1{path}",
            method=method,
            data=body or {},
            headers={"X-CSRF-Token": self.csrf},
        )
        assert response.ok, await response.text()
        return await response.json() if response.status != 204 else None

    async def upload(self, name: str, data: bytes) -> str:
        """A new file in the library; its id."""
        response = await self.context.request.post(
            f"{self.url}/api/v1/files",
            params={"name": name},
            data=data,
            headers={"X-CSRF-Token": self.csrf, "Content-Type": "application/octet-stream"},
        )
        assert response.ok, await response.text()
        return str((await response.json())["id"])

    async def model_id(self, name: str = "scripted") -> str:
        """The id of a model that answers, once it does."""
        found = ""

        async def known() -> bool:
            nonlocal found
            items = (await self.get("/models"))["items"]
            usable = [m["id"] for m in items if name in m["name"] and m["available"]]
            found = usable[0] if usable else ""
            return bool(found)

        await until(known, 60.0)
        return found

    async def new_chat(self, title: str = "") -> str:
        """A chat with the scripted model; its id."""
        body = {"model": await self.model_id(), "title": title or None}
        return str((await self.post("/chats", body))["id"])

    async def stored(self, chat_id: str) -> list[dict[str, Any]]:
        """The chat's messages as the database has them."""
        found: list[dict[str, Any]] = (await self.get(f"/chats/{chat_id}"))["messages"]
        return found

    # --- with one --------------------------------------------------------------------

    async def tab(self, path: str = "") -> Page:
        """A new tab, at an address if one is given."""
        page = await self.context.new_page()
        if path:
            await page.goto(f"{self.url}{path}")
        return page

    async def tab_with_chat(self, title: str = "") -> tuple[Page, str]:
        """A tab with a new chat of the scripted model, ready to write in."""
        chat_id = await self.new_chat(title)
        page = await self.tab(f"/chat/{chat_id}")
        await ready(page)
        return page, chat_id


async def open_browser(browser: Browser, url: str, watch: Watch, **options: Any) -> BrowserContext:
    """A fresh browser profile, watched."""
    options.setdefault("viewport", WIDE)
    options.setdefault("locale", "en-GB")
    context = await browser.new_context(base_url=url, **options)
    context.set_default_timeout(PATIENCE_MS)
    watch.attach(context)
    return context


# --- what is on a chat page --------------------------------------------------------------


def chat_id_of(page: Page) -> str:
    """The chat in a page's address."""
    return urlsplit(page.url).path.removeprefix("/chat/")


def answers(page: Page) -> Locator:
    """All answers."""
    return page.get_by_test_id("message-assistant")


def words(page: Page) -> Locator:
    """The rendered text of the last answer."""
    return answers(page).last.locator(".lu-md-body .lu-md")


async def ready(page: Page) -> None:
    """Wait until the page has its data and one can write."""
    await page.get_by_test_id("model-picker").wait_for()


async def put(page: Page, text: str) -> None:
    """Have a text in the composer at once, however long it is."""
    await page.get_by_test_id("composer").evaluate(
        """(area, text) => {
          area.value = text;
          area.dispatchEvent(new Event("input", { bubbles: true }));
          area.focus();
        }""",
        text,
    )


async def send(page: Page, text: str) -> None:
    """Write and press Enter, or the button where fingers do; waits for the question to stand
    in the conversation."""
    before = await page.get_by_test_id("message-user").count()
    await page.get_by_test_id("composer").fill(text)
    if await page.evaluate("matchMedia('(pointer: coarse) and (hover: none)').matches"):
        await page.get_by_test_id("send").click()
    else:
        await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message-user")).to_have_count(before + 1)


async def finished(page: Page, status: str = "done") -> None:
    """Wait until the last answer has ended this way."""
    await expect(answers(page).last).to_have_attribute("data-status", status)
    await expect(page.get_by_test_id("stop")).to_have_count(0)


async def text_of(page: Page) -> str:
    """What can be read of the last answer now."""
    return str(await words(page).inner_text())


async def grown(page: Page, beyond: int = 0) -> int:
    """Wait until more than `beyond` characters of the last answer are shown; their count."""

    async def more() -> bool:
        return len(await text_of(page)) > beyond

    await until(more)
    return len(await text_of(page))


async def pick(page: Page, model: str) -> None:
    """Choose a model in the picker."""
    await page.get_by_test_id("model-picker").click()
    await page.get_by_test_id("model-option").filter(has_text=model).first.click()
    await expect(page.get_by_test_id("model-picker")).to_contain_text(model)


def plain(markdown: str) -> str:
    """Words only, to compare a rendered text without markup with its source."""
    return " ".join(markdown.split())


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait for a condition that neither page nor server will tell of."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        await asyncio.sleep(0.05)


# --- what comes over the wire ------------------------------------------------------------

PREFIX = "42/_event,"


class Frames:
    """Puts `current_response` together from a page's websocket, as its component does."""

    def __init__(self, page: Page) -> None:
        self.runs: dict[int, bytearray] = {}
        self.gaps: list[str] = []
        self.pushes = 0
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._frame)

    def _frame(self, payload: str | bytes) -> None:
        if not isinstance(payload, str) or not payload.startswith(PREFIX):
            return
        update = json.loads(payload.removeprefix(PREFIX))[1]
        update = json.loads(update) if isinstance(update, str) else update
        for values in (update.get("delta") or {}).values():
            piece = values.get("current_response_rx_state_")
            if piece:
                self._piece(piece["g"], piece["o"], piece["t"])

    def _piece(self, run: int, offset: int, text: str) -> None:
        self.pushes += 1
        have = self.runs.setdefault(run, bytearray())
        units = text.encode("utf-16-le", "surrogatepass")
        if offset == 0:
            have[:] = units
        elif 2 * offset == len(have):
            have += units
        else:
            self.gaps.append(f"run {run}: {offset} instead of {len(have) // 2}")

    def text(self) -> str:
        """The text of the newest run."""
        return list(self.runs.values())[-1].decode("utf-16-le")
