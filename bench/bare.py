"""The browser's floors: a real answer's pushes, replayed on pages that do little else.

`plain_text`: a tiny websocket server sends the texts, with the timing of the app's pushes, to an
empty page that appends them to one text node. `markdown_alone`: the app's own component on the bare
page of the component tests, without the app around it.
"""

from __future__ import annotations

import asyncio
import functools
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer

from aiohttp import web
from playwright.sync_api import Browser

from bench.chrome import SEEN, VIEWPORT, WATCH, Stopwatch
from bench.stage import ROOT
from tests.react.conftest import HERE, _Quiet, node

PAGE = """<!doctype html><meta charset="utf-8"><title>plain text</title>
<body style="margin:0"><div id="box" style="height:100vh;overflow:auto;white-space:pre-wrap"></div>
<script>
const box = document.getElementById("box");
const node = box.appendChild(document.createTextNode(""));
const socket = new WebSocket(location.href.replace("http", "ws") + "pushes");
socket.onmessage = (event) => requestAnimationFrame(() => {
  node.appendData(event.data);
  box.scrollTop = box.scrollHeight;
});
socket.onclose = () => { window.over = true; };
window.go = () => socket.send("go");
window.open_ = new Promise((done) => { socket.onopen = done; });
</script>"""

MARKDOWN = """(pushes) => {
  const answer = { kind: "Answer", props: { live: true, run: 1, stateName: lab.STATE } };
  lab.show({ kind: "div", props: { className: "room" }, children: [
    { kind: "ChatLog", props: { jumpLabel: "Latest" }, children: [
      { kind: "div", props: { className: "column", "data-id": "m1" }, children: [answer] } ] },
  ] });
  let at = 0, offset = 0;
  const began = performance.now();
  return new Promise((done) => {
    const next = () => {
      const [, text] = pushes[at++];
      lab.push({ current_response_rx_state_: { g: 1, o: offset, t: text } });
      offset += text.length;
      const sent = performance.now();
      if (at < pushes.length) return void setTimeout(next, began + pushes[at][0] - sent);
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - sent)));
    };
    setTimeout(next, pushes[0][0]);
  });
}"""


@dataclass(frozen=True)
class Push:
    """One piece of an answer: when it reached the browser, in ms after the first, and its text."""

    at_ms: float
    text: str


@dataclass(frozen=True)
class Bare:
    """Main-thread time (wall-clock and CPU), and how long after the last push its text was on
    screen; in ms."""

    main_thread_ms: float
    main_thread_cpu_ms: float
    end_lag_ms: float


class _Player:
    """Serves the empty page and replays the pushes to it."""

    def __init__(self, pushes: list[Push]) -> None:
        self.pushes = pushes
        self.last_sent_ms = 0.0

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.receive()
        began = time.monotonic()
        for push in self.pushes:
            await asyncio.sleep(began + push.at_ms / 1000 - time.monotonic())
            self.last_sent_ms = time.time() * 1000
            await socket.send_str(push.text)
        await asyncio.sleep(0.5)
        await socket.close()
        return socket


@contextmanager
def _playing(player: _Player) -> Iterator[str]:
    """Serve from a separate thread; yields the URL."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.add_routes([web.get("/", player.page), web.get("/pushes", player.socket)])
    runner = web.AppRunner(app)

    async def begin() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def plain_text(browser: Browser, pushes: list[Push]) -> Bare:
    """The pushes as plain text on an empty page."""
    player = _Player(pushes)
    patience_ms = pushes[-1].at_ms + 60_000

    def play(url: str, *, watch: bool) -> tuple[dict[str, float], float]:
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(url)
        page.evaluate("window.open_")
        if watch:
            page.evaluate(WATCH, "#box")
        watch_of = Stopwatch(page.context.new_cdp_session(page))
        page.evaluate("window.go()")
        page.wait_for_function("window.over", polling=250, timeout=patience_ms)
        spent = watch_of.spent()
        lag = page.evaluate(SEEN)["last"] - player.last_sent_ms if watch else 0.0
        page.close()
        return spent, round(lag, 1)

    with _playing(player) as url:
        spent, _ = play(url, watch=False)
        _, lag = play(url, watch=True)
    return Bare(spent["all"], spent["cpu"], lag)


def markdown_alone(browser: Browser, pushes: list[Push]) -> Bare:
    """The pushes through the app's Answer component on a bare page."""
    with tempfile.TemporaryDirectory() as out:
        command = [node(), str(HERE / "page" / "build.mjs"), str(ROOT / ".web"), out]
        subprocess.run(command, check=True)
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=out))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(f"http://localhost:{server.server_port}/")
        page.wait_for_function("window.lab")
        watch = Stopwatch(page.context.new_cdp_session(page))
        lag = page.evaluate(MARKDOWN, [[each.at_ms, each.text] for each in pushes])
        spent = watch.spent()
        page.close()
        server.shutdown()
    return Bare(spent["all"], spent["cpu"], round(lag, 1))
