"""How quickly a stop closes the connection to the model.

    python -m bench.stop [--times 20] [--database-url … --redis-url …]

Measured from the stop (a REST call, or the event of a tab that shows the answer) until the scripted
upstream sees its connection closed, on the same machine's clock. Without PostgreSQL and Redis, the
second worker is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from tests.conftest import fresh_postgres, migrate
from tests.states.client import FOLLOWING, OPEN_CHAT
from tests.states.served import Person, Server, model_server, serve
from tests.workers.conftest import Pair, connections, until_known

SCRIPT = "tokens=100000 rate=50"
SEEN_WITHIN_S = 10.0
Press = Callable[[str, str], Awaitable[float]]


async def closed_at(models_url: str, since: float) -> float:
    """When the upstream's newest connection was closed."""
    deadline = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < deadline:
        asked = [c for c in connections(models_url) if c.requests and "chat" in c.requests[-1].path]
        newest = max(asked, key=lambda each: each.requests[-1].started)
        if newest.closed is not None and newest.closed >= since:
            return newest.closed
        await asyncio.sleep(0.02)
    raise TimeoutError("the upstream's connection stays open")


def by_rest(server: Server, person: Person) -> Press:
    """Stop over REST, like a program."""

    async def press(_chat: str, run: str) -> float:
        began = time.monotonic()
        await asyncio.to_thread(server.rest, person, "POST", f"/runs/{run}/stop")
        return began

    return press


def by_tab(server: Server, person: Person) -> Press:
    """Stop from another tab that shows the answer."""

    async def press(chat: str, _run: str) -> float:
        async with server.tab(person) as tab:
            await tab.open(f"/chat/{chat}")
            await tab.until(tab.answers.text)
            began = time.monotonic()
            await tab.call(FOLLOWING, "stop")
            await tab.until(lambda: tab.vars(OPEN_CHAT)["busy"] is False)
            return began

    return press


async def measure(pair: Pair, press: Press, times: int) -> dict[str, float]:
    """Ask through the first worker, stop, and measure until the upstream connection is closed; in
    ms."""
    taken = []
    for _ in range(times):
        chat, run = await asyncio.to_thread(pair.ask, pair.one, SCRIPT)
        async with pair.one.tab(pair.bob) as tab:
            await tab.open(f"/chat/{chat}")
            await tab.until(tab.answers.text)
            began = await press(chat, run)
            taken.append(1000 * (await closed_at(pair.models_url, began) - began))
            await tab.until(lambda tab=tab: tab.vars(OPEN_CHAT)["busy"] is False)  # type: ignore[misc]
    taken.sort()
    return {
        "p50": round(statistics.median(taken), 1),
        "p95": round(taken[int(0.95 * (len(taken) - 1))], 1),
        "most": round(taken[-1], 1),
    }


async def run(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Measure all ways to stop."""
    crosses = bool(options.database_url and options.redis_url)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-ui-bench-")))
        models = stack.enter_context(model_server(folder))
        if crosses:
            database = fresh_postgres(options.database_url, "llm_ui_bench_stop")
        else:
            database = f"sqlite:///{folder / 'llm_ui.db'}"
        migrate(database)
        servers = []
        for name in ("one", "two") if crosses else ("one",):
            (folder / name).mkdir()
            settings = {"REDIS_URL": options.redis_url if crosses else "", "DATA_DIR": str(folder)}
            servers.append(stack.enter_context(serve(folder / name, database, models, **settings)))
        one, two = servers[0], servers[-1]
        bob = one.register("bob")
        until_known(one)
        pair = Pair(one, two, bob, models)
        ways = {"same worker, REST": by_rest(one, bob), "same worker, other tab": by_tab(one, bob)}
        if crosses:
            ways |= {"other worker, REST": by_rest(two, bob), "other worker, tab": by_tab(two, bob)}
        return {name: await measure(pair, press, options.times) for name, press in ways.items()}


def main() -> None:
    """Measure and print one JSON object, in ms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--redis-url", default="")
    print(json.dumps(asyncio.run(run(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
