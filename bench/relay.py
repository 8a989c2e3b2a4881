"""The server's floor: the smallest relay of a model's stream to a websocket.

    python -m bench.relay --port 8000

One process, aiohttp on both sides, no database, no state: what the model sends goes on,
unparsed, as one text frame per 60 ms, the app's own pace. The client's first frame says
what to ask: `{"url": …, "body": …}`.
"""

from __future__ import annotations

import argparse
import asyncio

import aiohttp
from aiohttp import web

PAUSE_S = 0.06


async def relay(request: web.Request) -> web.WebSocketResponse:
    """One answer for one client; the end of the answer closes the websocket."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    order = await socket.receive_json()
    loop = asyncio.get_running_loop()
    waiting, due = b"", 0.0
    async with (
        aiohttp.ClientSession() as session,
        session.post(order["url"], json=order["body"]) as answer,
    ):
        async for chunk in answer.content.iter_any():
            waiting += chunk
            if loop.time() >= due:
                await socket.send_str(waiting.decode())
                waiting, due = b"", loop.time() + PAUSE_S
    if waiting:
        await socket.send_str(waiting.decode())
    await socket.close()
    return socket


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    app = web.Application()
    app.add_routes([web.get("/", relay)])
    web.run_app(app, host="127.0.0.1", port=parser.parse_args().port, print=None)


if __name__ == "__main__":
    main()
