"""The least a server can do: read the upstream's bytes, split them, send the text on.

    python -m bench.floor --upstream http://127.0.0.1:8123      prints its own address

A question over its websocket is answered with the app's timing (a frame at once, then one every 60
ms, the last one `{"end": true}`), without a database, sessions or any framework besides aiohttp.
Whatever the app costs beyond this is its own overhead.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

import aiohttp
import orjson
import uvloop
from aiohttp import web

PUSH_EVERY_S = 0.06
_DATA = b"data: "
UPSTREAM = web.AppKey("upstream", str)
CLIENT = web.AppKey("client", aiohttp.ClientSession)


class Answer:
    """The text of one answer as it arrives."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.news = asyncio.Event()
        self.ended = False

    async def read(self, body: aiohttp.StreamReader) -> None:
        """Split the upstream's events, keeping only those with text."""
        rest = b""
        async for data in body.iter_any():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(_DATA) and (text := orjson.loads(line[6:]).get("text")):
                    self.waiting.append(text)
            if self.waiting:
                self.news.set()
        self.ended = True
        self.news.set()


async def _push(socket: web.WebSocketResponse, answer: Answer) -> None:
    sent = 0
    while not (answer.ended and not answer.waiting):
        await answer.news.wait()
        answer.news.clear()
        text = "".join(answer.waiting)
        answer.waiting.clear()
        if text:
            await socket.send_str(orjson.dumps({"g": 1, "o": sent, "t": text}).decode())
            sent += len(text)
            await asyncio.sleep(PUSH_EVERY_S)
        if answer.ended:
            answer.news.set()
    await socket.send_str('{"end":true}')


async def tab(request: web.Request) -> web.WebSocketResponse:
    """A websocket: each text message is a question."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for message in socket:
        body = {"model": "scripted", "messages": [{"role": "user", "content": message.data}]}
        answer = Answer()
        url = f"{request.app[UPSTREAM]}/v1/chat/stream"
        async with request.app[CLIENT].post(url, json=body) as upstream:
            reading = asyncio.create_task(answer.read(upstream.content))
            await _push(socket, answer)
            await reading
    return socket


async def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m bench.floor")
    parser.add_argument("--upstream", required=True)
    options = parser.parse_args()
    app = web.Application()
    app[UPSTREAM] = options.upstream
    app[CLIENT] = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
    )
    app.router.add_get("/", tab)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await app[CLIENT].close()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(main())
