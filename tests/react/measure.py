"""Main-thread time of a streamed answer, on the bare page of these tests.

python -m tests.react.measure            # all cases
LLM_UI_WEB=… python -m tests.react.measure 2000
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.react import samples
from tests.react.conftest import CHROMIUM, FLAGS, HERE, HOME, _Quiet, node

PUSH_MS = 50

START = """([text, size, every, kind]) => {
  const state = { at: 0, late: [] };
  const piece = () => {
    const t = text.slice(state.at, state.at + size);
    const o = state.at;
    state.at += t.length;
    return { g: 1, o, t };
  };
  if (kind === "plain") {
    lab.show({ kind: "div", props: { id: "plain", style: { height: "100%", overflow: "auto" } } });
    const box = document.getElementById("plain");
    box.style.whiteSpace = "pre-wrap";
    const node = box.appendChild(document.createTextNode(""));
    state.push = (p) => requestAnimationFrame(() => {
      node.appendData(p.t);
      box.scrollTop = box.scrollHeight;
    });
  } else {
    const answer = { kind: "Answer", props: { live: true, run: 1, stateName: lab.STATE } };
    lab.show({ kind: "div", props: { className: "room" }, children: [
      { kind: "ChatLog", props: { jumpLabel: "Latest" }, children: [
        { kind: "div", props: { className: "column", "data-id": "m1" }, children: [answer] } ] },
    ] });
    state.push = (p) => lab.push({ current_response_rx_state_: p });
  }
  return new Promise((done) => {
    const timer = setInterval(() => {
      if (state.at < text.length) return state.push(piece());
      clearInterval(timer);
      const start = performance.now();
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    }, every);
  });
}"""


def metrics(session: CDPSession) -> dict[str, float]:
    """Chromium's own counters."""
    return {
        entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]
    }


def run(browser: Browser, url: str, text: str, rate: int, kind: str) -> dict[str, Any]:
    """One stream of `rate` tokens a second; 6.5 characters count as a token."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("window.lab")
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    size = max(1, round(6.5 * rate * PUSH_MS / 1000))
    before = metrics(session)
    began = time.monotonic()
    late = page.evaluate(START, [text, size, PUSH_MS, kind])
    took = time.monotonic() - began
    after = metrics(session)
    context.close()
    spent = {name: round(after[name] - before[name], 2) for name in after if "Duration" in name}
    due = len(text) / size * PUSH_MS / 1000
    return {
        "main": spent["TaskDuration"],
        "script": spent["ScriptDuration"],
        "layout": spent["LayoutDuration"],
        "style": spent["RecalcStyleDuration"],
        "late_ms": round(late),
        "behind_s": round(took - due, 2),
        "nodes": round(after["Nodes"]),
    }


CASES = {
    "2000": (lambda: samples.answer(2000), 200),
    "8000": (lambda: samples.answer(8000), 400),
    "code": (lambda: "```python\n" + "x = compute(1, 'value')  # line\n" * 1600 + "```\n", 400),
    "list": (lambda: "".join(f"{i}. {samples.prose(22, i)}\n" for i in range(1, 320)), 400),
    "paragraph": (lambda: samples.prose(6000), 400),
    "table": (
        lambda: (
            "| a | b |\n|---|---|\n"
            + "".join(f"| {i} | {samples.prose(12, i)} |\n" for i in range(500))
        ),
        400,
    ),
}


def main() -> None:
    """Print one line per case."""
    chosen = [name for name in CASES if not sys.argv[1:] or name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as out, sync_playwright() as playwright:
        subprocess.run([node(), str(HERE / "page" / "build.mjs"), str(HOME), out], check=True)
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=out))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in chosen:
            make, rate = CASES[name]
            text = make()
            for kind in ("plain", "markdown"):
                result = run(browser, f"http://localhost:{server.server_port}/", text, rate, kind)
                print(f"{name:10} {len(text):6} chars at {rate}/s  {kind:9} {result}")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
