"""The browser part of bench/finding.py: opening, scrolling, jumping, typing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from bench import seen
from bench.finding_data import Long
from bench.search import LONG, SEED
from bench.stage import Stage
from bench.trace import profiled

TYPING_MS = 40
# One turn of the wheel: less than a full view, so that nothing is skipped.
TURN_PX = 600

# Records when a message is completely on screen and the composer is usable; 0 means an empty chat.
OPENED = """(id) => {
  const opened = () => {
    const area = document.querySelector('textarea[data-testid="composer"]');
    const picker = document.querySelector('[data-testid="model-picker"]');
    if (!area || area.disabled || !picker) return false;
    if (!id) return document.querySelector('[data-testid="empty-chat"]') !== null;
    const last = document.querySelector(`[data-id="${id}"]`);
    if (!last?.textContent) return false;
    const box = last.closest(".lu-log-box").getBoundingClientRect();
    const { bottom } = last.getBoundingClientRect();
    return bottom > box.top && bottom <= box.bottom + 1;
  };
  const look = () => {
    if (opened()) window.benchOpened = performance.now();
    else requestAnimationFrame(() => setTimeout(look));
  };
  requestAnimationFrame(() => setTimeout(look));
}"""
CLICK = """(chat) => {
  document.querySelector(`#sidebar [href^="/chat/${chat}"]`).click();
  return performance.now();
}"""
COUNT = "document.getElementsByTagName('*').length"
SNAPSHOT = """() => ({
  html: document.body.innerHTML.replace(/<script[^]*?<\\/script>/g, ""),
  root: document.documentElement.className,
  css: [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .map((rule) => rule.cssText).join("\\n"),
})"""
PAINT = """({ html, root, css }) => new Promise((done) => {
  document.documentElement.className = root;
  document.head.appendChild(document.createElement("style")).textContent = css;
  requestAnimationFrame(() => setTimeout(() => {
    const began = performance.now();
    document.body.innerHTML = html;
    const box = document.querySelector(".lu-log-box");
    box.scrollTop = box.scrollHeight;
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }));
})"""

# Resolves to the ms from the last key until a query's hits are on screen.
HITS = """(query) => new Promise((done, failed) => {
  const field = document.querySelector('[data-testid="palette-field"]');
  const list = field.closest("dialog").querySelector('[role="listbox"]');
  const began = performance.now();
  let typed = 0;
  field.addEventListener("input", () => { typed = performance.now(); });
  const look = () => {
    const now = performance.now();
    const answered = field.value === query && list.getAttribute("aria-busy") === "false";
    if (answered && list.querySelector('[data-testid="palette-chat"] mark')) done(now - typed);
    else if (now - began > 20000) failed(new Error(`no hits for ${query}`));
    else requestAnimationFrame(() => setTimeout(look));
  };
  look();
})"""


@dataclass
class Found:
    """The measurements on one database; times in ms, sizes in bytes."""

    click_ms: list[float] = field(default_factory=list)
    address_ms: list[float] = field(default_factory=list)
    empty_ms: list[float] = field(default_factory=list)
    painted_ms: list[float] = field(default_factory=list)
    open_elements: int = 0
    empty_elements: int = 0
    open_bytes: int = 0
    page_bytes: int = 0
    chat_bytes: int = 0
    log: dict[str, seen.Way] = field(default_factory=dict)
    log_bytes: int = 0
    chats: dict[str, seen.Way] = field(default_factory=dict)
    jump_ms: list[float] = field(default_factory=list)
    jump_bytes: float = 0.0
    palette_ms: list[float] = field(default_factory=list)
    rest_ms: list[float] = field(default_factory=list)
    rest_floor_ms: list[float] = field(default_factory=list)


class Received:
    """Counts the bytes a page receives over its websocket."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.on("Network.webSocketFrameReceived", self._frame)

    def _frame(self, event: dict[str, Any]) -> None:
        self.bytes += len(event["response"]["payloadData"].encode())


def at_rest(page: Page, at: Stage) -> None:
    """Open a new chat and wait until the page has settled."""
    page.goto(f"{at.url}/chat")
    page.get_by_test_id("empty-chat").wait_for()
    page.get_by_test_id("chat-list-item").first.wait_for()
    page.wait_for_timeout(1500)


def opened_ms(page: Page) -> float:
    """When the chat was open, by the page's own clock."""
    page.wait_for_function("() => window.benchOpened")
    moment: float = page.evaluate("window.benchOpened")
    return moment


def by_address(context: BrowserContext, at: Stage, long: Long | None) -> float:
    """Ms from the start of the navigation until the chat (or a new one) is open."""
    page = context.new_page()
    wanted = f'"{long.last_id}"' if long else "0"
    page.add_init_script(f"({OPENED})({wanted})")
    page.goto(f"{at.url}/chat/{long.chat_id}" if long else f"{at.url}/chat")
    spent = opened_ms(page)
    page.wait_for_timeout(1000)
    page.close()
    return round(spent, 1)


def by_click(context: BrowserContext, at: Stage, long: Long, found: Found) -> None:
    """Open the long chat from the sidebar of a new chat."""
    page = context.new_page()
    at_rest(page, at)
    found.empty_elements = page.evaluate(COUNT)
    received = Received(page)
    seen.begin(page, seen.CHATS)
    page.evaluate(OPENED, long.last_id)
    clicked = page.evaluate(CLICK, long.chat_id)
    found.click_ms.append(round(opened_ms(page) - clicked, 1))
    # What is loaded automatically afterwards counts as well.
    page.wait_for_timeout(1500)
    found.open_elements = max(found.open_elements, seen.end(page).elements)
    found.open_bytes = received.bytes
    snapshot = page.evaluate(SNAPSHOT)
    bare = context.new_page()
    found.painted_ms.append(round(bare.evaluate(PAINT, snapshot), 1))
    bare.close()
    page.close()


def through_the_log(page: Page, at: Stage, long: Long, found: Found) -> None:
    """Scroll through the whole long chat, up to its first message and back."""
    page.goto(f"{at.url}/chat/{long.chat_id}")
    page.locator(f'.lu-message[data-id="{long.last_id}"]').wait_for()
    page.wait_for_timeout(1500)
    received = Received(page)
    top = f"probe.isAtTop() && !!document.querySelector('[data-id=\"{long.first_id}\"]')"
    found.log["up"] = seen.wheel(page, seen.LOG, -TURN_PX, top)
    assert found.log["up"].rows == LONG, found.log["up"]
    found.log["down"] = seen.wheel(page, seen.LOG, TURN_PX, "probe.isAtEnd()")
    found.log_bytes = received.bytes


def through_the_chats(page: Page, at: Stage, repeat: int, found: Found) -> None:
    """Scroll through all chats with the wheel, and jump around in the list."""
    at_rest(page, at)
    found.chats["wheel"] = seen.wheel(page, seen.CHATS, TURN_PX, "probe.isAtEnd()")
    received = Received(page)
    seen.begin(page, seen.CHATS)
    rng = random.Random(SEED)
    for share in [0.5, 1.0, 0.0, *(rng.random() for _ in range(repeat - 3))]:
        found.jump_ms.append(seen.jump(page, seen.CHATS, share))
        page.wait_for_timeout(300)
    found.chats["jumps"] = seen.end(page)
    found.jump_bytes = received.bytes / repeat


def in_the_palette(page: Page, wanted: Iterable[str], found: Found) -> None:
    """Type each query and wait for its hits."""
    for query in wanted:
        page.keyboard.press("Control+k")
        page.get_by_test_id("palette-field").wait_for()
        # Not awaited here: the page watches while the keys are pressed.
        page.evaluate(f"(query) => {{ window.benchHits = ({HITS})(query); }}", query)
        page.keyboard.type(query, delay=TYPING_MS)
        found.palette_ms.append(round(page.evaluate("window.benchHits"), 1))
        page.keyboard.press("Escape")
        page.get_by_test_id("palette").wait_for(state="hidden")


def profile(browser: Browser, page: Page, at: Stage, long: Long, to: Path) -> None:
    """Repeat parts of it under Chromium's profiler; write the summary to a text file."""

    def by_its_address() -> None:
        page.goto(f"{at.url}/chat/{long.chat_id}")
        page.locator(f'.lu-message[data-id="{long.last_id}"]').wait_for()
        page.wait_for_timeout(1500)

    def turns(count: int, step: int) -> None:
        page.locator(seen.LOG.box).hover()
        for _ in range(count):
            page.mouse.wheel(0, step)
            page.wait_for_timeout(seen.PACE_MS)

    def jumps() -> None:
        seen.begin(page, seen.CHATS)
        for share in (0.2, 0.8, 0.4, 0.6, 0.0):
            seen.jump(page, seen.CHATS, share)
        seen.end(page)

    acts: dict[str, Callable[[], None]] = {
        "opening a long chat by URL": by_its_address,
        "100 wheel turns up": lambda: turns(100, -TURN_PX),
        "100 wheel turns down": lambda: turns(100, TURN_PX),
        "5 jumps in the chat list": jumps,
    }
    parts = []
    for name, act in acts.items():
        with profiled(browser, page) as summary:
            act()
        parts.append(f"== {name}\n\n{summary.text()}")
    to.write_text("\n".join(parts), encoding="utf-8")
