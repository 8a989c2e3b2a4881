"""A page's websocket without the page: what a tab sends and receives, and nothing else.

    async with Tab(url, cookie=session_token) as tab:
        await tab.open("/chat")                              # hydrate, on_load
        await tab.call(CHAT, "send_message", text="Hi", key="1")
        run = await tab.until(lambda: tab.answers.newest)
        await tab.until(lambda: not tab.vars(OPEN_CHAT)["busy"])
        assert tab.answers.text(run) == ...

It speaks Reflex's protocol (socket.io on Engine.IO 4, websocket only) over aiohttp, and
knows nothing of the server's code, so that a load test may run hundreds of them in a
process of its own. It does no more per frame than parsing it and merging its delta.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import orjson

T = TypeVar("T")

COOKIE = "llm_ui_session"
ROOT = "reflex___state____state"
AUTH = f"{ROOT}.auth_state"
STREAM = f"{ROOT}.stream_state"
# The states of the chat page.
OPEN_CHAT = f"{STREAM}.open_chat_state"
CHAT = f"{OPEN_CHAT}.chat_state"
SIDEBAR = f"{ROOT}.sidebar_state"
MODEL_CHOICE = f"{ROOT}.model_choice_state"
MODES = f"{ROOT}.modes_state"
CHAT_SETTINGS = f"{ROOT}.chat_settings_state"
CHAT_FILES = f"{ROOT}.chat_files_state"
FOLLOWING = f"{ROOT}.following_state"
BRANCHES = f"{ROOT}.branches_state"
EDITING = f"{ROOT}.editing_state"
MESSAGE_PAGES = f"{ROOT}.message_pages_state"
REFRESH = f"{ROOT}.refresh_state"
ADMIN = f"{ROOT}.admin_state"
PEOPLE = f"{ROOT}.people_state"
OLLAMA = f"{ROOT}.ollama_state"
MODEL_FILES = f"{ROOT}.model_file_state"
PROVIDERS = f"{ROOT}.ai_provider_state"
MODELS = f"{ROOT}.ai_model_state"
ADDRESSES = f"{ROOT}.provider_address_state"
NAMESPACE = "/_event"
# What the part of an address behind this is called.
ARGUMENTS = {"/chat/": "chat_id", "/projects/": "folder_id"}
VAR_SUFFIX = "_rx_state_"
# What takes a handler's calls in the page (components/ui/calls.js).
CALLED = "ref_lu"
PATIENCE_S = 15.0


class Refused(Exception):
    """The server did not let the websocket in; `status` is its HTTP answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


def utf16_length(text: str) -> int:
    """The length that a browser gives this text."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class Stream:
    """One text put together by the page's rules: a chunk at offset 0 replaces, one that
    fits is appended, anything else is a gap."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    gaps: int = 0
    replaced: int = 0

    def take(self, offset: int, text: str) -> None:
        """Add a chunk."""
        if offset == 0:
            self.replaced += bool(self.parts)
            self.parts, self.length = [], 0
        elif offset != self.length:
            self.gaps += 1
            return
        if text:
            self.parts.append(text)
            self.length += utf16_length(text)

    @property
    def text(self) -> str:
        """What stands there now."""
        return "".join(self.parts)


class Answers:
    """Everything that has been streamed to a tab, by the runs' short numbers."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, int], Stream] = {}
        self.newest = 0
        self.chunks = 0

    def take(self, kind: str, chunk: Any) -> None:
        """Add a value of `current_response` or `current_reasoning`."""
        if not chunk:
            return
        self.chunks += 1
        self.newest = chunk["g"]
        self.stream(self.newest, kind).take(chunk["o"], chunk["t"])

    def stream(self, run: int, kind: str = "current_response") -> Stream:
        """The stream of a run, empty when nothing has come yet."""
        return self._streams.setdefault((kind, run), Stream())

    def text(self, run: int = 0) -> str:
        """The answer's text so far; of the newest run by default."""
        return self.stream(run or self.newest).text

    def reasoning(self, run: int = 0) -> str:
        """The thinking so far."""
        return self.stream(run or self.newest, "current_reasoning").text


class Tab:
    """A tab of somebody's browser.

    Args:
        cookie: the session's token, or "" for a visitor.
        token: the tab's own number; a fresh one by default.
        origin: what the browser would send as Origin; the server's own by default.
        keep_frames: whether to keep every frame's text in `frames`.
    """

    def __init__(
        self,
        url: str,
        *,
        cookie: str = "",
        token: str = "",
        origin: str | None = None,
        headers: dict[str, str] | None = None,
        keep_frames: bool = True,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token or str(uuid.uuid4())
        self.path = "/"
        self.headers = {"Origin": origin or self.url, **(headers or {})}
        if cookie:
            self.headers["Cookie"] = f"{COOKIE}={cookie}"
        self.state: dict[str, dict[str, Any]] = {}
        self.answers = Answers()
        self.gaps = 0
        self.events: list[dict[str, Any]] = []
        self.frames: list[str] = []
        self.frame_count = 0
        self.bytes_received = 0
        self.closed_at: float | None = None
        self._keep_frames = keep_frames
        self._session = session
        self._own_session = session is None
        self._socket: aiohttp.ClientWebSocketResponse
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._joined = False

    # --- the connection ---------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def connect(self, path: str | None = None) -> None:
        """Shake hands and join the namespace. Raises Refused.

        With a `path` it does so as a browser does, whose first event comes along.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession()
        address = f"{self.url.replace('http', 'ws', 1)}/_event/"
        query = {"token": self.token, "EIO": "4", "transport": "websocket"}
        try:
            self._socket = await self._session.ws_connect(
                address, params=query, headers=self.headers, compress=0, max_msg_size=0
            )
        except aiohttp.WSServerHandshakeError as error:
            await self._close_session()
            raise Refused(error.status) from None
        self.closed_at, self._joined = None, False
        self._reader = asyncio.create_task(self._read())
        boot = ""
        if path is not None:
            self._show(path)
            boot = orjson.dumps({"event": self._event(f"{ROOT}.hydrate_and_load", {})}).decode()
        await self.send_raw(f"40{NAMESPACE},{boot}")
        await self.until(lambda: self._joined)
        if path is not None:
            await self.until(lambda: self.vars(ROOT).get("is_hydrated"))

    async def close(self) -> None:
        """Go away, as a closed tab does."""
        await self.drop()
        await self._close_session()

    async def drop(self) -> None:
        """Lose the connection; `connect` makes it anew under the same token."""
        await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    async def _close_session(self) -> None:
        if self._own_session and self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def is_open(self) -> bool:
        """Whether the server still keeps the connection."""
        return self.closed_at is None

    # --- receiving --------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data)
        finally:
            self.closed_at = time.monotonic()
            self._changed.set()

    async def _take(self, frame: str) -> None:
        size = len(frame.encode())
        self.bytes_received += size + (2 if size < 126 else 4 if size < 65536 else 10)
        self.frame_count += 1
        if self._keep_frames:
            self.frames.append(frame)
        if frame == "2":
            await self._socket.send_str("3")
        elif frame.startswith(f"42{NAMESPACE},"):
            for event in self._take_packet(orjson.loads(frame[frame.index("[") :])):
                await self.send(event["name"], event["payload"])
        elif frame.startswith(f"40{NAMESPACE}"):
            self._joined = True
        elif frame.startswith(f"41{NAMESPACE}"):
            await self._socket.close()
        self._changed.set()

    def _take_packet(self, packet: list[Any]) -> list[dict[str, Any]]:
        """Take what came; returns the events in it that a page hands back to the server."""
        if packet[0] == "new_token":
            self.token = packet[1]
        if packet[0] != "event":
            return []
        for state, values in (packet[1].get("delta") or {}).items():
            known = self.state.setdefault(state, {})
            for marked, value in values.items():
                name = marked.removesuffix(VAR_SUFFIX)
                known[name] = value
                if name in ("current_response", "current_reasoning"):
                    self.answers.take(name, value)
            if "put" in values.get("message_changes" + VAR_SUFFIX, {}):
                self._change_messages(known)
        events = packet[1].get("events") or []
        self.events += events
        return [each for each in events if not each["name"].startswith("_")]

    def _change_messages(self, known: dict[str, Any]) -> None:
        """What comes alone follows the message it names, or stands in front of it, as in the
        page."""
        change, shown = known["message_changes"], known["messages"]
        ids = [each["id"] for each in shown]
        if "before" in change and ids[:1] == [change["before"]]:
            known["messages"] = change["put"] + shown
        elif change.get("after") in ids:
            known["messages"] = shown[: ids.index(change["after"]) + 1] + change["put"]
        else:
            self.gaps += 1

    async def until(self, found: Callable[[], T], timeout: float = PATIENCE_S) -> T:
        """Wait until `found()` is true; returns what it gave."""
        deadline = time.monotonic() + timeout
        while not (result := found()):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                if result := found():
                    return result
                raise AssertionError(f"not within {timeout} s: {found}") from None
        return result

    def vars(self, state: str) -> dict[str, Any]:
        """The vars of a state as the page has them."""
        return self.state.get(state, {})

    @property
    def redirects(self) -> list[str]:
        """Where the server has sent this page."""
        return [e["payload"]["path"] for e in self.events if e["name"] == "_redirect"]

    @property
    def toasts(self) -> list[str]:
        """The words of the news that were shown."""
        return [call[2] for call in self.calls if call[0] == "say"]

    @property
    def calls(self) -> list[list[str]]:
        """What the server has called in the page: names, with their values."""
        called = [e["payload"] for e in self.events if e["name"] == "_set_value"]
        return [each["value"] for each in called if each["ref"] == CALLED]

    @property
    def everything(self) -> str:
        """All that was received, as one text."""
        return "\n".join(self.frames)

    # --- sending ----------------------------------------------------------------------

    def _event(self, name: str, payload: Any) -> dict[str, Any]:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        for folder, argument in ARGUMENTS.items():
            if value := address.path.partition(folder)[2]:
                query[argument] = value
        route = {"pathname": address.path, "asPath": self.path, "query": query}
        return {"name": name, "payload": payload, "router_data": route}

    async def send(self, name: str, payload: Any, **extra: Any) -> None:
        """Send an event under its full name."""
        event = {**self._event(name, payload), **extra}
        await self.send_raw(f"42{NAMESPACE},{orjson.dumps(['event', event]).decode()}")

    async def send_raw(self, frame: str) -> None:
        """Send a frame as it is."""
        await self._socket.send_str(frame)

    async def send_bytes(self, frame: bytes) -> None:
        """Send a frame of bytes, which no page does."""
        await self._socket.send_bytes(frame)

    async def call(self, state: str, handler: str, **payload: Any) -> None:
        """Call a handler of a state."""
        await self.send(f"{state}.{handler}", payload)

    async def open(self, path: str = "/") -> None:
        """Show a page: its on_load handlers run after the state has been sent."""
        self._show(path)
        await self.send(f"{ROOT}.hydrate_and_load", {})
        await self.until(lambda: self.vars(ROOT).get("is_hydrated"))

    def _show(self, path: str) -> None:
        self.path = path
        self.state.setdefault(ROOT, {})["is_hydrated"] = False

    async def settle(self) -> None:
        """Wait until every event sent so far has been handled (background ones excepted).

        A tab's events are handled one after the other, so the answer to one more will do.
        """
        before = self.frame_count
        wanted = f'"is_hydrated{VAR_SUFFIX}"'
        await self.send(f"{ROOT}.hydrate", {})
        keep, self._keep_frames = self._keep_frames, True
        if not keep:
            self.frames, before = [], 0
        await self.until(lambda: any(wanted in each for each in self.frames[before:]))
        self._keep_frames = keep
