"""The chat page from a cold cache: bytes on the wire, and when it is usable.

    python -m bench.first_load [--repeat 3]

Uses a new browser profile each time, signed in by its cookie alone; the server is warm and on the
same machine, so the time is for parsing and running, not for the network. The page is usable once
it has its data: the model picker and an enabled composer are shown.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser

from bench.chrome import VIEWPORT, chromium
from bench.row import Figure, Row, median
from bench.server import cookie_of
from bench.stage import Stage, stage
from tests.states.client import COOKIE

GOAL_KB, GOAL_S = 600.0, 1.5
USABLE = """() => {
  const look = () => {
    const area = document.querySelector('textarea[data-testid="composer"]')
      ?? document.querySelector('[data-testid="composer"] textarea');
    const picker = document.querySelector('[data-testid="model-picker"]');
    if (area && !area.disabled && picker) window.benchUsable ??= performance.now();
  };
  const all = { childList: true, subtree: true, attributes: true };
  new MutationObserver(look).observe(document, all);
}"""


@dataclass
class Load:
    """One load: bytes by kind of resource, requests, ms until usable."""

    kinds: dict[str, int]
    requests: int
    usable_ms: float


def load(browser: Browser, at: Stage, cookie: str) -> Load:
    """Open the chat page once with an empty cache."""
    context = browser.new_context(viewport=VIEWPORT)
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": at.url}])
    page = context.new_page()
    page.add_init_script(f"({USABLE})()")
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    kind_of: dict[str, str] = {}
    kinds: Counter[str] = Counter()

    def answered(event: dict[str, Any]) -> None:
        kind_of[event["requestId"]] = event["type"]

    def finished(event: dict[str, Any]) -> None:
        kinds[kind_of.get(event["requestId"], "Other")] += int(event["encodedDataLength"])

    def received(event: dict[str, Any]) -> None:
        kinds["WebSocket"] += len(event["response"]["payloadData"].encode())

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    session.on("Network.webSocketFrameReceived", received)
    page.goto(f"{at.url}/chat")
    page.wait_for_function("() => window.benchUsable")
    usable = page.evaluate("window.benchUsable")
    # What the page fetches automatically afterwards counts as well.
    page.wait_for_timeout(3000)
    context.close()
    return Load(dict(kinds), len(kind_of), round(usable, 1))


def measure(repeat: int) -> Row:
    """The medians of several loads, each from a cold cache."""
    with stage() as at, chromium() as browser:
        cookie = cookie_of(at)
        load(browser, at, cookie)
        loads = [load(browser, at, cookie) for _ in range(repeat)]
    kilobytes = median(sum(each.kinds.values()) / 1000 for each in loads)
    usable = median((each.usable_ms / 1000 for each in loads), 2)
    row = Row("first load of the chat page", f"python -m bench.first_load --repeat {repeat}")
    row.figures = [
        Figure("transferred, cold", kilobytes, "kB", GOAL_KB),
        Figure("until you can type", usable, "s", GOAL_S),
    ]
    row.details = {"bytes_by_kind": loads[-1].kinds, "requests": loads[-1].requests}
    row.details["usable_ms"] = [each.usable_ms for each in loads]
    return row


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    measure(parser.parse_args().repeat).print()


if __name__ == "__main__":
    main()
