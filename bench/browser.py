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
  const seen = { first: 0, last: 0, length: 0, mutations: 0, frames: 0, long: 0 };
  window.benchSeen = seen;
  const now = () => performance.timeOrigin + performance.now();
  const look = () => {
    const rows = document.querySelectorAll('[data-testid="message-assistant"] .lu-prose');
    const text = rows.length ? rows[rows.length - 1].textContent : "";
    if (text.length !== seen.length) {
      if (!seen.first) seen.first = now();
      seen.last = now();
      seen.length = text.length;
      seen.frames += 1;
    }
  };
  new PerformanceObserver((list) => { seen.long += list.getEntries().length; })
    .observe({ type: "longtask", buffered: false });
  window.benchLook = setInterval(look, 0);
}"""


@dataclass
class Measured:
    """One answer. Times in ms, sizes in bytes."""

    bytes_received: int
    frames_received: int
    main_thread_ms: float
    first_token_added_ms: float
    end_lag_ms: float
    server_cpu_ms_per_1000: float
    characters: int
    long_tasks: int


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


def one_answer(page: Page, at: Stage, tokens: int, rate: int) -> Measured:
    """Ask, wait for the end, and read everything off."""
    page.goto(f"{at.url}/chat")
    page.get_by_test_id("composer").wait_for()
    page.wait_for_timeout(1500)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Network.enable")
    sizes: list[int] = []

    def received(event: dict[str, Any]) -> None:
        sizes.append(len(event["response"]["payloadData"].encode()))

    session.on("Network.webSocketFrameReceived", received)
    script = f"markdown tokens={tokens} rate={rate} delay={DELAY_S}"
    page.get_by_test_id("composer").fill(script)
    page.wait_for_timeout(300)
    cpu, tasks = cpu_ms(at.server), task_ms(session)
    asked = time.time()
    page.get_by_test_id("send").click()
    page.get_by_test_id("answer-metrics").wait_for(timeout=(tokens / rate + 120) * 1000)
    spent, used = task_ms(session) - tasks, cpu_ms(at.server) - cpu
    requests = [r for c in at.connections() for r in c["requests"]]  # type: ignore[attr-defined]
    ended = max(r["ended"] for r in requests if r["ended"]) + time.time() - time.monotonic()
    del asked
    started = max(r["started"] for r in requests) + time.time() - time.monotonic()
    shown = page.get_by_test_id("message-assistant").last.inner_text()
    session.detach()
    return Measured(
        bytes_received=sum(sizes),
        frames_received=len(sizes),
        main_thread_ms=round(spent, 1),
        first_token_added_ms=0.0 * started,
        end_lag_ms=0.0 * ended,
        server_cpu_ms_per_1000=round(used * 1000 / tokens, 1),
        characters=len(shown),
        long_tasks=0,
    )


def timed_answer(page: Page, at: Stage, tokens: int, rate: int) -> tuple[float, float]:
    """First-token and end lag, in a run of its own: watching costs main-thread time."""
    page.goto(f"{at.url}/chat")
    page.get_by_test_id("composer").wait_for()
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    page.get_by_test_id("composer").fill(f"markdown tokens={tokens} rate={rate} delay={DELAY_S}")
    clicked = page.evaluate(
        """() => { document.querySelector('[data-testid="send"]').click();
                   return performance.timeOrigin + performance.now(); }"""
    )
    page.get_by_test_id("answer-metrics").wait_for(timeout=(tokens / rate + 120) * 1000)
    page.wait_for_timeout(200)
    seen = page.evaluate("() => { clearInterval(window.benchLook); return window.benchSeen; }")
    requests = [r for c in at.connections() for r in c["requests"]]  # type: ignore[attr-defined]
    last = max(requests, key=lambda r: r["started"])
    ended = (last["ended"] + time.time() - time.monotonic()) * 1000
    return seen["first"] - clicked - DELAY_S * 1000, seen["last"] - ended


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with stage() as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        sign_in(page, at.url)
        runs, lags = [], []
        for _ in range(options.repeat):
            runs.append(one_answer(page, at, options.tokens, options.rate))
            lags.append(timed_answer(page, at, options.tokens, options.rate))
        browser.close()
    found = {
        name: statistics.median(asdict(run)[name] for run in runs)
        for name in asdict(runs[0])
        if not name.endswith(("added_ms", "lag_ms", "long_tasks"))
    }
    found["first_token_added_ms"] = round(statistics.median(first for first, _ in lags), 1)
    found["end_lag_ms"] = round(statistics.median(end for _, end in lags), 1)
    found["answer_bytes"] = len(expected_text(f"markdown tokens={options.tokens}").encode())
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
