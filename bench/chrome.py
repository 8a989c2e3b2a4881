"""Measuring Chromium: signing in, main-thread time, long tasks, and when text is on screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.stage import PASSWORD
from llm_ui.cli.development.suite import find_browser

CHROMIUM = find_browser() or "chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT: Any = {"width": 1280, "height": 800}

# Records when the text in the newest element of `selector` was first and last on screen: the task
# after a frame's callbacks runs when that frame has been painted.
WATCH = """(selector) => {
  const seen = { first: 0, last: 0, length: 0 };
  window.benchSeen = seen;
  const stamp = () => {
    seen.last = performance.timeOrigin + performance.now();
    if (!seen.first) seen.first = seen.last;
  };
  // What changes in a frame's own callbacks is painted in that very frame; what changes
  // between two frames, in the next one. A timer fires when the frame is over.
  const frame = window.requestAnimationFrame.bind(window);
  let inFrame = false;
  window.requestAnimationFrame = (callback) => frame((time) => {
    inFrame = true;
    setTimeout(() => { inFrame = false; });
    callback(time);
  });
  const look = () => {
    const found = document.querySelectorAll(selector);
    const length = found.length ? found[found.length - 1].textContent.length : 0;
    if (length === seen.length) return;
    seen.length = length;
    if (inFrame) setTimeout(stamp);
    else frame(() => setTimeout(stamp));
  };
  window.benchWatch = new MutationObserver(look);
  window.benchWatch.observe(document.body,
    { childList: true, subtree: true, characterData: true });
}"""
SEEN = "() => { window.benchWatch.disconnect(); return window.benchSeen; }"

LONG_TASKS = """() => {
  window.benchLong = [];
  new PerformanceObserver((list) => {
    window.benchLong.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ type: "longtask" });
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Page, url: str) -> None:
    """Sign in through the form, like a person."""
    page.goto(f"{url}/login")
    page.get_by_test_id("login-email").fill("bench@example.org")
    page.get_by_test_id("login-password").fill(PASSWORD)
    page.get_by_test_id("login-submit").click()
    page.wait_for_url("**/chat")
    page.get_by_test_id("composer").wait_for()


class Stopwatch:
    """The main-thread time of a page from now on, by kind, in ms.

    `cpu` is the thread's CPU time. All others are wall-clock times: on a busy machine they include
    waiting for a core.
    """

    KINDS = {
        "TaskDuration": "all",
        "ThreadTime": "cpu",
        "ScriptDuration": "script",
        "RecalcStyleDuration": "style",
        "LayoutDuration": "layout",
    }

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        session.send("Performance.enable")
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        found = self._session.send("Performance.getMetrics")["metrics"]
        values = {each["name"]: 1000 * each["value"] for each in found}
        return {kind: values[name] for name, kind in self.KINDS.items()}

    def spent(self) -> dict[str, float]:
        """The time used since then."""
        now = self._now()
        return {kind: round(now[kind] - before, 1) for kind, before in self._before.items()}
