"""How quickly somebody who is disabled, demoted or deleted loses access.

    python -m bench.endings [--times 20] [--database-url … --redis-url …]

The person has two open tabs, one of which shows an answer being written, and two programs that
follow the same answer, one with the session's cookie and one with an API key. Measured from the
moment the administrator's request is sent until each of them is cut off: sockets closed, streams
ended, session and key rejected. Without PostgreSQL and Redis, the second worker is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.conftest import fresh_postgres, migrate
from tests.states.client import COOKIE
from tests.states.served import Person, Server, model_server, serve
from tests.states.test_people import Streaming, dismiss, run_of
from tests.workers.conftest import until_known

WHATS = ("disable", "demote", "delete")
GOAL_MS = 1000.0
OUT_WITHIN_S = 30.0
_numbers = itertools.count(1)


async def refused_at(server: Server, headers: dict[str, str]) -> float:
    """Call repeatedly; returns when the first rejected call was sent."""
    deadline = time.monotonic() + OUT_WITHIN_S
    # Rejected calls are rate-limited by address, and too many would get that response instead.
    headers = {**headers, "X-Forwarded-For": f"10.0.{next(_numbers) % 250}.1"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=10) as client:
        while time.monotonic() < deadline:
            left = time.monotonic()
            if (await client.get("/api/v1/chats?limit=1")).status_code == 401:
                return left
            await asyncio.sleep(0.005)
    raise TimeoutError("still has access")


async def over(person: Streaming, *, with_key: bool) -> dict[str, float]:
    """When each of the connections ended."""
    deadline = time.monotonic() + OUT_WITHIN_S
    streams = {"stream by session": person.stream}
    if with_key:
        streams["stream by key"] = person.by_key
    tabs = {"socket that streams": person.tab, "socket that does not stream": person.other}
    while any(each.is_open for each in tabs.values()) or not all(
        each.is_over for each in streams.values()
    ):
        if time.monotonic() > deadline:
            raise TimeoutError("a connection stays open")
        await asyncio.sleep(0.01)
    found = {name: each.closed_at or 0.0 for name, each in tabs.items()}
    return found | {name: each.ended_at for name, each in streams.items()}


async def once(one: Server, other: Server, admin: Person, what: str) -> dict[str, float]:
    """Let somebody stream from `other` and end them through `one`; ms until each connection
    ended."""
    # A demoted administrator keeps their API key, as any other person would.
    with_key = what != "demote"
    person = await asyncio.to_thread(other.register, f"person{next(_numbers)}")
    if not with_key:
        await asyncio.to_thread(one.rest, admin, "PATCH", f"/admin/users/{person.id}", role="admin")
    async with AsyncExitStack() as stack:
        streaming = Streaming(other, person, stack)
        await streaming.begin()
        cookie = {"Cookie": f"{COOKIE}={person.cookie}"}
        calls = {"session refused": asyncio.create_task(refused_at(other, cookie))}
        if with_key:
            key = {"Authorization": f"Bearer {streaming.key}"}
            calls["key refused"] = asyncio.create_task(refused_at(other, key))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        asked = asyncio.create_task(dismiss(one, admin, person, what))
        ended = await over(streaming, with_key=with_key)
        for name, call in calls.items():
            ended[name] = await call
        await asked
        if not with_key:
            again = await asyncio.to_thread(other.log_in, person.name)
            run = run_of(other, person, "running")
            await asyncio.to_thread(other.rest, again, "POST", f"/runs/{run}/stop")
    return {name: 1000 * (moment - began) for name, moment in ended.items()}


async def measure(
    one: Server, other: Server, admin: Person, what: str, times: int
) -> dict[str, dict[str, float]]:
    """The median, p95 and maximum for each connection, in ms."""
    taken = defaultdict(list)
    for _ in range(times):
        for name, ms in (await once(one, other, admin, what)).items():
            taken[name].append(ms)
    return {
        name: {
            "p50": round(statistics.median(each), 1),
            "p95": round(sorted(each)[int(0.95 * (len(each) - 1))], 1),
            "most": round(max(each), 1),
        }
        for name, each in taken.items()
    }


async def run(options: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    """Measure every way to end somebody, on the same worker and on another one."""
    crosses = bool(options.database_url and options.redis_url)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-ui-bench-")))
        models = stack.enter_context(model_server(folder))
        if crosses:
            database = fresh_postgres(options.database_url, "llm_ui_bench_endings")
        else:
            database = f"sqlite:///{folder / 'llm_ui.db'}"
        migrate(database)
        settings = {"DATA_DIR": str(folder), "RATE_LIMIT": "0", "TRUSTED_PROXIES": "1"}
        settings["REDIS_URL"] = options.redis_url if crosses else ""
        servers = []
        for name in ("one", "two") if crosses else ("one",):
            (folder / name).mkdir()
            servers.append(stack.enter_context(serve(folder / name, database, models, **settings)))
        admin = servers[0].register("alice")
        until_known(servers[0])
        places = {"same worker": servers[0], "other worker": servers[-1]}
        return {
            f"{what}, {place}": await measure(servers[0], other, admin, what, options.times)
            for place, other in places.items()
            if crosses or place == "same worker"
            for what in WHATS
        }


def main() -> None:
    """Measure and print one JSON object, in ms, including the overall maximum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--redis-url", default="")
    found = asyncio.run(run(parser.parse_args()))
    worst = max(line["most"] for lines in found.values() for line in lines.values())
    print(json.dumps({"ways": found, "worst": worst, "met": worst <= GOAL_MS}, indent=2))


if __name__ == "__main__":
    main()
