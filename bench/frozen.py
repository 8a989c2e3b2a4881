"""A connection that goes silent for minutes: what the pages show, and what the server keeps.

    python -m bench.frozen [--seconds 150] [--interval 10 --timeout 30]

Two chats, each open in two tabs of Chromium behind a proxy that stops forwarding in both directions
without closing anything: one answer ends while the connection is dead, the other one continues
after that. `interval` and `timeout` are for the server's pings; Reflex's defaults are 25 and 120.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright

from bench.browser import CHROMIUM, FLAGS
from bench.stage import PASSWORD, Stage, free_port, resident_mb, stage
from tests.e2e.wire import Wire, wire
from tests.scripted import expected_text

RATE = 50
BEFORE_S = 4.0
AFTER_S = 20.0
PATIENCE_MS = 240_000
LAST = '[data-testid="message-assistant"] .lu-md-body .lu-md'


async def sign_in(context: BrowserContext, url: str) -> None:
    """Sign in over REST; the context keeps the cookie."""
    body = {"email": "bench@example.org", "password": PASSWORD}
    answer = await context.request.post(f"{url}/api/v1/auth/login", data=body)
    assert answer.ok, await answer.text()


async def ask(context: BrowserContext, url: str, script: str) -> list[Page]:
    """Open two tabs of a new chat whose answer has started."""
    page = await context.new_page()
    await page.goto(f"{url}/chat")
    await page.get_by_test_id("model-picker").wait_for()
    await page.get_by_test_id("composer").fill(script)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/chat/*")
    await page.locator(LAST).last.wait_for()
    other = await context.new_page()
    await other.goto(page.url)
    await other.locator(LAST).last.wait_for()
    return [page, other]


async def watch_memory(at: Stage, found: list[float]) -> None:
    """Record the server's resident memory twice a second."""
    while True:
        found.append(resident_mb(at.server))
        await asyncio.sleep(0.5)


async def told(page: Page, since: float) -> float | None:
    """Seconds until the page says that the connection is lost; None if it never does."""
    try:
        await page.get_by_test_id("offline").wait_for(timeout=PATIENCE_MS)
    except Exception as error:  # noqa: BLE001 - closed pages and time-outs mean the same here
        print("never told:", str(error).splitlines()[0])
        return None
    return round(time.monotonic() - since, 1)


async def whole(page: Page, script: str, since: float) -> dict[str, Any]:
    """When the answer ended in a tab, and whether it matches the model's byte for byte."""
    last = page.locator('[data-testid="message-assistant"][data-status="done"]').last
    await last.wait_for(timeout=PATIENCE_MS)
    after = round(time.monotonic() - since, 1)
    await page.bring_to_front()
    await last.get_by_test_id("copy").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    shown = await page.locator(LAST).last.inner_text()
    same = copied == expected_text(script)
    return {
        "after_thaw_s": after,
        "copied_is_identical": same,
        "shown_is_identical": shown.split() == expected_text(script).split(),
    }


async def run(at: Stage, line: Wire, seconds: float) -> dict[str, Any]:
    """Freeze, wait, thaw, check."""
    scripts = {
        "ends_meanwhile": f"split-utf8 tokens={int(RATE * (BEFORE_S + seconds / 3))} rate={RATE}",
        "goes_on": f"split-utf8 tokens={int(RATE * (seconds + BEFORE_S + AFTER_S))} rate={RATE}",
    }
    memory: list[float] = []
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context()
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        await sign_in(context, line.url)
        tabs = {name: await ask(context, line.url, script) for name, script in scripts.items()}
        await asyncio.sleep(1)
        watching = asyncio.create_task(watch_memory(at, memory))
        await asyncio.sleep(1)
        before = memory[-1]
        line.freeze()
        frozen = time.monotonic()
        tellings = [
            asyncio.create_task(told(page, frozen)) for two in tabs.values() for page in two
        ]
        await asyncio.sleep(seconds)
        line.thaw()
        thawed = time.monotonic()
        ends = {
            name: [await whole(page, scripts[name], thawed) for page in two]
            for name, two in tabs.items()
        }
        for each in tellings:
            if not each.done():
                each.cancel()
        watching.cancel()
        await browser.close()
    said = [None if each.cancelled() or not each.done() else each.result() for each in tellings]
    return {
        "frozen_s": seconds,
        "told_after_s": said,
        "tabs": ends,
        "server_mb": {"before": before, "most": max(memory), "end": memory[-1]},
    }


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run everything on a private server."""
    port = free_port()
    os.environ |= {
        "EXTRA_ORIGINS": f"http://127.0.0.1:{port}",
        "REFLEX_SOCKET_INTERVAL": str(options.interval),
        "REFLEX_SOCKET_TIMEOUT": str(options.timeout),
    }
    with stage() as at:
        async with wire(port, int(at.url.rpartition(":")[2])) as line:
            found = await run(at, line, options.seconds)
        found["server_log"] = (at.data / "server.log").read_text().splitlines()[-5:]
    return found


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--timeout", type=int, default=30)
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
