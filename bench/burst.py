"""The latency of a burst of questions over REST.

    python -m bench.burst [--questions 100] [--seconds 2]

The questions are asked within a short time, and each answer is followed at once; measured is the
time from asking to the first event, and to the first token. One worker, SQLite, no limit on
concurrent answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.conftest import migrate
from tests.states.client import COOKIE
from tests.states.served import model_server, serve
from tests.workers.conftest import until_known

SCRIPT = "tokens=20 rate=50"
NO_LIMITS = {"RUNS_PER_USER": "0", "RUNS_PER_PROVIDER": "0"}


async def ask(http: aiohttp.ClientSession, model_id: str) -> tuple[float, float]:
    """Ask in a chat of its own and follow the answer: ms to the first event, and to the first
    token."""
    began = time.monotonic()
    async with http.post("/api/v1/chats", json={"model": model_id}) as made:
        chat = (await made.json())["id"]
    url = f"/api/v1/chats/{chat}/messages"
    async with http.post(url, json={"content": SCRIPT}) as asked:
        run = (await asked.json())["run_id"]
    first = 0.0
    async with http.get(f"/api/v1/runs/{run}/events") as events:
        async for line in events.content:
            first = first or time.monotonic()
            if line == b"event: text\n":
                break
    return 1000 * (first - began), 1000 * (time.monotonic() - began)


def told(taken: list[float]) -> dict[str, float]:
    """The median and p95, in ms."""
    taken.sort()
    worst = taken[int(0.95 * (len(taken) - 1))]
    return {"p50": round(statistics.median(taken)), "p95": round(worst)}


async def burst(url: str, headers: dict[str, str], count: int, seconds: float) -> dict[str, object]:
    """Ask `count` questions, spread evenly over `seconds`; in ms."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, headers=headers, connector=connector) as http:
        async with http.get("/api/v1/models") as listed:
            model_id = (await listed.json())["items"][0]["id"]
        tasks = []
        for _ in range(count):
            tasks.append(asyncio.create_task(ask(http, model_id)))
            await asyncio.sleep(seconds / count)
        found = await asyncio.gather(*tasks)
    events, words = zip(*found, strict=True)
    return {"first event": told(list(events)), "first word": told(list(words))}


def run(count: int, seconds: float) -> dict[str, object]:
    """Run one burst against a private server."""
    with tempfile.TemporaryDirectory(prefix="llm-ui-bench-") as temporary:
        folder = Path(temporary)
        database = f"sqlite:///{folder / 'llm_ui.db'}"
        migrate(database)
        with model_server(folder) as models, serve(folder, database, models, **NO_LIMITS) as server:
            bob = server.register("bob")
            until_known(server)
            headers = {"X-CSRF-Token": bob.csrf, "Cookie": f"{COOKIE}={bob.cookie}"}
            return asyncio.run(burst(server.url, headers, count, seconds))


def main() -> None:
    """Measure and print one JSON object, in ms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    print(json.dumps(run(options.questions, options.seconds), indent=2))


if __name__ == "__main__":
    main()
