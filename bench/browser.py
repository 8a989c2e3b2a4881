"""One answer in Chromium: bytes, main thread, frames, first token, end lag.

    python -m bench.browser [--tokens 2000] [--rate 200] [--repeat 3]

The floor, measured in the same run: the same pushes appended as plain text to an empty
page. Timings come from one machine's clock (time.monotonic() of the upstream,
performance.timeOrigin + now() of the page, both turned into the epoch).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from dataclasses import asdict, dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.stage import PASSWORD, Stage, cpu_ms, stage
from tests.scripted import expected_text

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DELAY_S = 0.5
WATCH = """() => {
  const seen = { first: 0, last: 0, length: 0 };
  window.benchSeen = seen;
  const now = () => performance.timeOrigin + performance.now();
  const look = () => {
    const rows = document.querySelectorAll('[data-testid="message-assistant"] .lu-md-body .lu-md');
    const text = rows.length ? rows[rows.length - 1].textContent : "";
    if (text.length !== seen.length) {
      if (!seen.first) seen.first = now();
      seen.last = now();
      seen.length = text.length;
    }
  };
  window.benchLook = setInterval(look, 0);
}"""


CLICK = """() => {
  document.querySelector('[data-testid="send"]').click();
  return performance.timeOrigin + performance.now();
}"""


@dataclass
class Cost:
    """What one answer cost: bytes and frames to the browser, ms of main thread and CPU."""

    bytes_received: int
    frames_received: int
    main_thread_ms: float
    server_cpu_ms_per_1000: float


@dataclass
class Delay:
    """How late one answer was, in ms."""

    first_token_added_ms: float
    end_lag_ms: float


def sign_in(page: Page, url: str) -> None:
    """Through the form, as a person does."""
    page.goto(f"{url}/login")
    page.get_by_test_id("login-email").fill("bench@example.org")
    page.get_by_test_id("login-password").fill(PASSWORD)
    page.get_by_test_id("login-submit").click()
    page.wait_for_url("**/chat")
    page.get_by_test_id("composer").wait_for()


def task_ms(session: CDPSession) -> float:
    """Main-thread time of the page so far."""
    found = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(each["value"] for each in found if each["name"] == "TaskDuration")


def new_chat(page: Page, at: Stage) -> None:
    """An empty chat that has come to rest."""
    page.goto(f"{at.url}/chat")
    page.get_by_test_id("composer").wait_for()
    page.wait_for_timeout(1500)


def script(tokens: int, rate: int) -> str:
    """The question that makes the upstream answer so."""
    return f"markdown tokens={tokens} rate={rate} delay={DELAY_S}"


def cost(page: Page, at: Stage, tokens: int, rate: int) -> Cost:
    """Ask, wait for the end, and read off what it cost."""
    new_chat(page, at)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Network.enable")
    sizes: list[int] = []

    def received(event: dict[str, Any]) -> None:
        sizes.append(len(event["response"]["payloadData"].encode()))

    session.on("Network.webSocketFrameReceived", received)
    page.get_by_test_id("composer").fill(script(tokens, rate))
    page.wait_for_timeout(300)
    cpu, tasks = cpu_ms(at.server), task_ms(session)
    page.get_by_test_id("send").click()
    page.get_by_test_id("answer-metrics").wait_for(timeout=(tokens / rate + 120) * 1000)
    spent, used = task_ms(session) - tasks, cpu_ms(at.server) - cpu
    session.detach()
    return Cost(sum(sizes), len(sizes), round(spent, 1), round(used * 1000 / tokens, 1))


def delay(page: Page, at: Stage, tokens: int, rate: int) -> Delay:
    """Ask again and watch when text appears (apart, for watching costs main thread)."""
    new_chat(page, at)
    page.evaluate(WATCH)
    page.get_by_test_id("composer").fill(script(tokens, rate))
    page.wait_for_timeout(300)
    clicked = page.evaluate(CLICK)
    page.get_by_test_id("answer-metrics").wait_for(timeout=(tokens / rate + 120) * 1000)
    page.wait_for_timeout(200)
    seen = page.evaluate("() => { clearInterval(window.benchLook); return window.benchSeen; }")
    requests = [each for found in at.connections() for each in found["requests"]]  # type: ignore[attr-defined]
    last = max(requests, key=lambda each: each["started"])
    ended = (last["ended"] + time.time() - time.monotonic()) * 1000
    return Delay(round(seen["first"] - clicked - DELAY_S * 1000, 1), round(seen["last"] - ended, 1))


def medians(found: list[Any]) -> dict[str, float]:
    """The median of each figure."""
    return {
        name: statistics.median(asdict(each)[name] for each in found) for name in asdict(found[0])
    }


def measure(tokens: int, rate: int, repeat: int) -> dict[str, float]:
    """All figures for answers of `tokens` at `rate` a second."""
    with stage() as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        sign_in(page, at.url)
        costs = [cost(page, at, tokens, rate) for _ in range(repeat)]
        delays = [delay(page, at, tokens, rate) for _ in range(repeat)]
        browser.close()
    size = len(expected_text(f"markdown tokens={tokens}").encode())
    return medians(costs) | medians(delays) | {"answer_bytes": size}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(json.dumps(measure(options.tokens, options.rate, options.repeat), indent=2))


if __name__ == "__main__":
    main()
