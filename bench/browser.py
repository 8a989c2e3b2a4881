"""One answer in Chromium: bytes, main thread, long tasks, first token, end lag.

    python -m bench.browser [--tokens 2000] [--rate 200] [--repeat 3] [--profile FILE]

The cost and the lag of an answer are measured in separate runs, because watching costs main-thread
time. All times use one machine's clock (time.monotonic() of the upstream and performance.timeOrigin
+ now() of the page, both converted to the epoch). The floors are in bench/bare.py. Lag counts from
the moment a token left the model; the floors count from the last push, so the app's own batching is
part of its lag but not of theirs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bench.bare import Bare, Push, markdown_alone, plain_text
from bench.chrome import LONG_TASKS, SEEN, VIEWPORT, WATCH, Stopwatch, chromium, sign_in
from bench.row import Figure, Row, median
from bench.stage import Stage, cpu_ms, stage
from bench.trace import profiled
from tests.scripted import expected_text

DELAY_S = 0.5
ANSWER = '[data-testid="message-assistant"] .lu-md-body .lu-md'
CLICK = """() => {
  document.querySelector('[data-testid="send"]').click();
  return performance.timeOrigin + performance.now();
}"""
CHUNK = "current_response_rx_state_"


@dataclass(frozen=True)
class Goals:
    """The goals for an answer of one size and rate; None where there is no goal."""

    kilobytes: float | None = None
    main_thread_ms: float | None = None
    end_lag_ms: float | None = None
    first_token_ms: float | None = None


GOALS = {(2000, 200): Goals(60, 1400, 100, 60), (8000, 400): Goals(None, 3500, 150, None)}
CAPS = {(2000, 200): Goals(80, 2000, 300, None)}


@dataclass
class Cost:
    """What one answer cost. Sizes are websocket frame payloads."""

    bytes_received: int
    frames_received: int
    main_thread_ms: dict[str, float]
    server_cpu_ms_per_1000: float
    long_tasks_ms: list[float]
    pushes: list[Push]


@dataclass
class Delay:
    """How late one answer was, in ms."""

    first_token_added_ms: float
    end_lag_ms: float


def script(tokens: int, rate: int) -> str:
    """The question that makes the scripted upstream answer this way."""
    return f"article tokens={tokens} rate={rate} delay={DELAY_S}"


def ready_to_send(page: Page, at: Stage, question: str) -> None:
    """Open an empty chat, let it settle, and type the question."""
    page.goto(f"{at.url}/chat")
    page.get_by_test_id("composer").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_test_id("composer").fill(question)
    page.wait_for_timeout(300)


def wait_for_end(page: Page, tokens: int, rate: int) -> None:
    """Wait until the finished answer is shown."""
    page.get_by_test_id("answer-metrics").wait_for(timeout=(tokens / rate + 120) * 1000)


def pushes_of(frames: list[tuple[float, str]]) -> list[Push]:
    """The answer's pieces among frames of (time in s, payload)."""
    found: list[tuple[float, str]] = []
    for at, frame in frames:
        if CHUNK not in frame or not frame.startswith("42"):
            continue
        for values in (json.loads(frame[frame.index("[") :])[1].get("delta") or {}).values():
            if text := (values.get(CHUNK) or {}).get("t"):
                found.append((at, text))
    return [Push(1000 * (at - found[0][0]), text) for at, text in found]


def cost(page: Page, at: Stage, tokens: int, rate: int) -> Cost:
    """Ask, wait for the end, and read off the cost."""
    ready_to_send(page, at, script(tokens, rate))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    frames: list[tuple[float, str]] = []

    def received(event: dict[str, Any]) -> None:
        frames.append((event["timestamp"], event["response"]["payloadData"]))

    session.on("Network.webSocketFrameReceived", received)
    page.evaluate(LONG_TASKS)
    cpu, watch = cpu_ms(at.server), Stopwatch(session)
    page.get_by_test_id("send").click()
    wait_for_end(page, tokens, rate)
    spent, used = watch.spent(), cpu_ms(at.server) - cpu
    long_tasks = [round(each, 1) for each in page.evaluate("window.benchLong")]
    session.detach()
    pushes = pushes_of(frames)
    shown = "".join(each.text for each in pushes)
    assert shown == expected_text(script(tokens, rate)), "the pushes do not add up to the answer"
    sizes = [len(payload.encode()) for _, payload in frames]
    per_1000 = round(used * 1000 / tokens, 1)
    return Cost(sum(sizes), len(sizes), spent, per_1000, long_tasks, pushes)


def delay(page: Page, at: Stage, tokens: int, rate: int) -> Delay:
    """Ask again and watch when the text appears."""
    ready_to_send(page, at, script(tokens, rate))
    page.evaluate(WATCH, ANSWER)
    clicked = page.evaluate(CLICK)
    wait_for_end(page, tokens, rate)
    page.wait_for_timeout(200)
    seen = page.evaluate(SEEN)
    last = at.requests()[-1]
    ended = (last["ended"] + time.time() - time.monotonic()) * 1000
    return Delay(round(seen["first"] - clicked - DELAY_S * 1000, 1), round(seen["last"] - ended, 1))


def profile(browser: Browser, at: Stage, tokens: int, rate: int, file: Path) -> None:
    """Repeat the answer under Chromium's profiler; write the summary to a text file."""
    page = browser.new_page(viewport=VIEWPORT)
    sign_in(page, at.url)
    ready_to_send(page, at, script(tokens, rate))
    with profiled(browser, page) as summary:
        page.get_by_test_id("send").click()
        wait_for_end(page, tokens, rate)
    file.write_text(f"{tokens} tokens at {rate} per second\n\n{summary.text()}", encoding="utf-8")
    page.close()


def figures(
    costs: list[Cost], delays: list[Delay], plain: Bare, goals: Goals, caps: Goals
) -> list[Figure]:
    """The medians, with goals and floors."""
    text_bytes = sum(len(each.text.encode()) for each in costs[0].pushes)
    long_counts = [len(each.long_tasks_ms) for each in costs]
    longest = [max(each.long_tasks_ms, default=0.0) for each in costs]
    kilobytes = median((each.bytes_received / 1000 for each in costs), 2)
    main_thread = median(each.main_thread_ms["all"] for each in costs)
    cpu = median(each.main_thread_ms["cpu"] for each in costs)
    lag = median(each.end_lag_ms for each in delays)
    first = median(each.first_token_added_ms for each in delays)
    return [
        Figure(
            "bytes to the browser",
            kilobytes,
            "kB",
            goals.kilobytes,
            caps.kilobytes,
            text_bytes / 1000,
        ),
        Figure("frames to the browser", median(each.frames_received for each in costs), ""),
        Figure(
            "main thread",
            main_thread,
            "ms",
            goals.main_thread_ms,
            caps.main_thread_ms,
            plain.main_thread_ms,
        ),
        Figure("main thread, CPU time", cpu, "ms", floor=plain.main_thread_cpu_ms),
        Figure(
            "delay of the last token",
            lag,
            "ms",
            goals.end_lag_ms,
            caps.end_lag_ms,
            plain.end_lag_ms,
        ),
        Figure("added delay of the first token", first, "ms", goals.first_token_ms),
        Figure("long tasks", median(long_counts), ""),
        Figure("longest task", median(longest), "ms"),
    ]


def measure(tokens: int, rate: int, repeat: int, profile_to: Path | None) -> Row:
    """All figures for answers of `tokens` tokens at `rate` per second."""
    with stage() as at, chromium() as browser:
        page = browser.new_page(viewport=VIEWPORT)
        sign_in(page, at.url)
        costs = [cost(page, at, tokens, rate) for _ in range(repeat)]
        delays = [delay(page, at, tokens, rate) for _ in range(repeat)]
        page.close()
        if profile_to:
            profile(browser, at, tokens, rate, profile_to)
        pushes = costs[-1].pushes
        plain, markdown = plain_text(browser, pushes), markdown_alone(browser, pushes)
    command = f"python -m bench.browser --tokens {tokens} --rate {rate} --repeat {repeat}"
    row = Row(f"browser, {tokens} tokens at {rate}/s", command)
    row.figures = figures(
        costs, delays, plain, GOALS.get((tokens, rate), Goals()), CAPS.get((tokens, rate), Goals())
    )
    row.details = {
        "answer_bytes": len(expected_text(script(tokens, rate)).encode()),
        "pushes": len(pushes),
        "push_sizes": dict(Counter(len(each.text) // 20 * 20 for each in pushes).most_common(5)),
        "markdown_alone": markdown.__dict__,
        "plain_text": plain.__dict__,
        "main_thread_ms": [each.main_thread_ms for each in costs],
        "bytes": [each.bytes_received for each in costs],
        "server_cpu_ms_per_1000": [each.server_cpu_ms_per_1000 for each in costs],
        "long_tasks_ms": [each.long_tasks_ms for each in costs],
        "delays": [each.__dict__ for each in delays],
    }
    return row


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", type=Path, help="write a profile to this file")
    options = parser.parse_args()
    measure(options.tokens, options.rate, options.repeat, options.profile).print()


if __name__ == "__main__":
    main()
