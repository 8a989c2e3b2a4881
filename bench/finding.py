"""Searching a large history in Chromium: long chats, the chat list, the palette.

    python -m bench.finding [--postgres URL] [--messages 100000] [--chats 5000] [--profile FILE]

The database is that of bench/search.py; the longest chat's answers are Markdown like a model's, and
its owner is signed in. All times end when the frame that shows the result is over. Opening uses a
new page each time; its floors are an empty chat opened by URL, and the opened page's own HTML
inserted into an empty page at once. Half of the queries use frequent words; only queries with hits
are typed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from bench.chrome import VIEWPORT, chromium
from bench.databases import scratch
from bench.finding_data import prepare
from bench.finding_pages import (
    Found,
    at_rest,
    by_address,
    by_click,
    in_the_palette,
    profile,
    through_the_chats,
    through_the_log,
)
from bench.row import Figure, Row, median
from bench.search import GOAL_MS, queries
from bench.server import cookie_of
from bench.stage import Stage, stage
from tests.states.client import COOKIE

OPEN_S, ELEMENTS = 0.6, 3000
JUMP_MS, PALETTE_MS = 250.0, 250.0


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return round(statistics.quantiles(times, n=20, method="inclusive")[18], 1)


def over_rest(at: Stage, cookie: str, wanted: list[str], found: Found) -> list[str]:
    """Search for each query over REST, alongside a request for the current user; returns the
    queries with hits."""
    with httpx.Client(base_url=f"{at.url}/api/v1", cookies={COOKIE: cookie}) as client:

        def timed(path: str, **params: str) -> tuple[float, Any]:
            began = time.perf_counter()
            answer = client.get(path, params=params)
            spent = (time.perf_counter() - began) * 1000
            return round(spent, 2), answer.raise_for_status().json()

        for query in wanted[:10]:
            timed("/search", q=query)
        hits = []
        for query in wanted:
            spent, answer = timed("/search", q=query)
            found.rest_ms.append(spent)
            found.rest_floor_ms.append(timed("/auth/me")[0])
            if answer["items"]:
                hits.append(query)
    return hits


def measure(server: str, sizes: tuple[int, int], repeat: int, profile_to: Path | None) -> Found:
    """Measure everything on one database: a scratch one on a PostgreSQL server, or SQLite."""
    found = Found()
    with ExitStack() as stack:
        at = stack.enter_context(stage(database_url=stack.enter_context(scratch(server))))
        # Start the server on the finished database, including its statistics.
        at.stop_server()
        long = asyncio.run(prepare(at.database_url, *sizes))
        found.page_bytes, found.chat_bytes = long.page_bytes, long.chat_bytes
        at.start_server()
        at.until_ready()
        cookie = cookie_of(at)
        hits = over_rest(at, cookie, queries(4 * repeat), found)
        browser = stack.enter_context(chromium())
        context = browser.new_context(viewport=VIEWPORT)
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": at.url}])
        # The first one fills the file cache.
        by_address(context, at, long)
        for _ in range(max(3, repeat // 10)):
            by_click(context, at, long, found)
            found.address_ms.append(by_address(context, at, long))
            found.empty_ms.append(by_address(context, at, None))
        page = context.new_page()
        through_the_chats(page, at, repeat, found)
        at_rest(page, at)
        in_the_palette(page, hits[:repeat], found)
        through_the_log(page, at, long, found)
        if profile_to:
            profile(browser, page, at, long, profile_to)
    return found


def figures_of(name: str, found: Found) -> list[Figure]:
    """The figures that depend on the database."""

    def seconds(times: list[float]) -> float:
        return median((ms / 1000 for ms in times), 2)

    return [
        Figure(
            f"opening a long chat by click, {name}",
            seconds(found.click_ms),
            "s",
            OPEN_S,
            floor=seconds(found.painted_ms),
        ),
        Figure(
            f"opening a long chat by URL, {name}",
            seconds(found.address_ms),
            "s",
            OPEN_S,
            floor=seconds(found.empty_ms),
        ),
        Figure(f"chats after a jump in the list, {name}, p95", p95(found.jump_ms), "ms", JUMP_MS),
        Figure(
            f"results after the last keystroke, {name}, p95",
            p95(found.palette_ms),
            "ms",
            PALETTE_MS,
        ),
        Figure(
            f"search by REST, {name}, p95",
            p95(found.rest_ms),
            "ms",
            GOAL_MS,
            floor=p95(found.rest_floor_ms),
        ),
    ]


def figures(all_found: list[Found]) -> list[Figure]:
    """The figures that do not: the worst of all databases."""
    log = [way for found in all_found for way in found.log.values()]
    chats = [way for found in all_found for way in found.chats.values()]

    def most(values: Iterable[float]) -> float:
        return round(max(values), 1)

    def kilobytes(name: str) -> float:
        return round(max(getattr(each, name) for each in all_found) / 1000, 1)

    return [
        Figure(
            "elements, long chat opened",
            most(each.open_elements for each in all_found),
            "",
            ELEMENTS,
            floor=most(each.empty_elements for each in all_found),
        ),
        Figure("elements, scrolling through a long chat", most(w.elements for w in log), ""),
        Figure(
            "elements, scrolling through the chat list",
            most(w.elements for w in chats),
            "",
            ELEMENTS,
        ),
        Figure(
            "views with a hole, at rest", sum(w.settled_blank for w in [*log, *chats]), "", goal=0
        ),
        Figure("longest hole in a long chat", most(w.blank_ms for w in log), "ms"),
        Figure("longest hole in the chat list", most(w.blank_ms for w in chats), "ms"),
        Figure("longest wait at the top of a long chat", most(w.waited_ms for w in log), "ms"),
        Figure("longest task in a long chat", most(w.longest_ms for w in log), "ms"),
        Figure("longest task in the chat list", most(w.longest_ms for w in chats), "ms"),
        Figure(
            "bytes, long chat opened",
            kilobytes("open_bytes"),
            "kB",
            floor=kilobytes("page_bytes"),
        ),
        Figure(
            "bytes, scrolling through a long chat",
            kilobytes("log_bytes"),
            "kB",
            floor=kilobytes("chat_bytes"),
        ),
        Figure("bytes, a jump in the chat list", kilobytes("jump_bytes"), "kB"),
    ]


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default=os.environ.get("TEST_POSTGRES_URL", ""))
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--chats", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=60)
    parser.add_argument("--profile", type=Path, help="write a profile to this file")
    given = parser.parse_args()
    row = Row("search in the browser", "python -m bench.finding")
    all_found = {}
    for name, server in {"SQLite": "", "PostgreSQL": given.postgres}.items():
        if server or name == "SQLite":
            sizes = (given.messages, given.chats)
            # A profile hardly depends on the database.
            to = given.profile if name == "SQLite" else None
            all_found[name] = measure(server, sizes, given.repeat, to)
            row.figures += figures_of(name, all_found[name])
    row.figures += figures(list(all_found.values()))
    row.details = {name: asdict(found) for name, found in all_found.items()}
    row.print()


if __name__ == "__main__":
    main()
