"""Searching a large history: search, the chat list, opening a long chat; server side only.

python -m bench.search [--postgres URL] [--messages 100000] [--chats 5000] [--mixed]

All chats belong to one person. Each figure is the time of the service call on a pooled connection,
as a page's handler or a REST route would make it. Half of the query words are in many messages and
half in few. `--postgres` names a server on which a scratch database is created; without it only
SQLite is measured.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import scripts
from bench.databases import on_each
from bench.row import Figure, Row
from llm_ui.auth import Actor
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.models import ChatHistory, ChatMessage, User
from llm_ui.models.base import new_id, now
from llm_ui.services.chats import chats, organize, search

GOAL_MS = 30.0
LONG = 1000
WORDS_PER_MESSAGE = 90
SEED = 7


async def somebody() -> Actor:
    """Create a person without any data."""
    user = User(id=new_id(), email="bench@example.org", username="bench", password_hash="")
    actor = Actor(user.id, user.username, user.email, "user")
    async with unit_of_work() as session:
        session.add(user)
    return actor


async def fill(actor: Actor, messages: int, chat_count: int, *, mixed: bool = False) -> str:
    """Create chats for a person, the newest of them LONG; returns the newest one's id.

    Args:
        mixed: write a third of the chats in Chinese, Japanese and Korean.
    """
    rng = random.Random(SEED)
    latin = scripts.latin()
    others = [scripts.chinese(), scripts.japanese(), scripts.korean()]
    began = now()
    lengths = [LONG] + [(messages - LONG) // (chat_count - 1)] * (chat_count - 1)

    def script_of(number: int) -> scripts.Script:
        return others[number // 3 % 3] if mixed and number % 3 == 2 else latin

    long_chat = ""
    # In batches of a hundred chats: row by row this would take minutes.
    for first in range(0, chat_count, 100):
        chat_rows: list[dict[str, Any]] = []
        message_rows: list[dict[str, Any]] = []
        for number, length in list(enumerate(lengths))[first : first + 100]:
            chat_id, parent = new_id(), None
            script = script_of(number)
            long_chat = long_chat or chat_id
            at = began - timedelta(minutes=30 * number)
            for turn in range(length):
                row = ChatMessage(
                    chat_id=chat_id,
                    parent_id=parent,
                    content=script.text(rng, WORDS_PER_MESSAGE),
                    role="assistant" if turn % 2 else "user",
                    created_at=at,
                )
                message_rows.append(row.model_dump())
                parent = row.id
            chat = ChatHistory(
                id=chat_id,
                user_id=actor.user_id,
                title=script.text(rng, 5)[:200],
                active_leaf_id=parent,
                updated_at=at,
            )
            chat_rows.append(chat.model_dump())
        async with unit_of_work() as session:
            await session.execute(sa.insert(ChatHistory), chat_rows)
            for start in range(0, len(message_rows), 500):
                await session.execute(sa.insert(ChatMessage), message_rows[start : start + 500])
    async with unit_of_work() as session:
        await session.execute(sa.text("ANALYZE"))
    return long_chat


def queries(count: int, *made: Callable[[], scripts.Script]) -> list[str]:
    """What people type, in Latin script or in the given scripts."""
    rng = random.Random(SEED + 1)
    each = [scripts.shapes(make(), rng) for make in made or (scripts.latin,)]
    return [
        each[number % len(each)][number // len(each) % len(each[0])]() for number in range(count)
    ]


async def timed(calls: list[Callable[[Any], Awaitable[object]]]) -> dict[str, float]:
    """Run each call in a unit of work of its own; p50, p95 and maximum in ms."""
    times = []
    for call in calls:
        began = time.perf_counter()
        async with unit_of_work(writes=False) as session:
            await call(session)
        times.append((time.perf_counter() - began) * 1000)
    parts = statistics.quantiles(times, n=20, method="inclusive")
    return {"p50": round(parts[9], 2), "p95": round(parts[18], 2), "worst": round(max(times), 2)}


async def index_megabytes(*, is_sqlite: bool) -> float:
    """The size of the full-text index, including its entries table."""
    sizes = (
        "SELECT (SELECT sum(length(block)) FROM searchindex_data) + "
        "(SELECT 100 * count(*) FROM searchentry)"
        if is_sqlite
        else "SELECT pg_total_relation_size('searchentry')"
    )
    async with unit_of_work(writes=False) as session:
        return round(float(await session.scalar(sa.text(sizes)) or 0) / 1e6, 1)


async def measure(
    url: str, messages: int, chat_count: int, repeat: int, mixed: bool
) -> dict[str, Any]:
    """Measure one database, which is migrated and empty."""
    database = start_database(url)
    try:
        began = time.perf_counter()
        actor = await somebody()
        long_chat = await fill(actor, messages, chat_count, mixed=mixed)
        found: dict[str, Any] = {"filling_s": round(time.perf_counter() - began, 1)}
        wanted = queries(repeat)
        rng = random.Random(SEED)
        for query in wanted[:10]:
            async with unit_of_work(writes=False) as session:
                await search.search(session, actor, query)
        found["search"] = await timed(
            [lambda s, q=q: search.search(s, actor, q) for q in wanted]  # type: ignore[misc]
        )
        found["index_megabytes"] = await index_megabytes(is_sqlite=database.is_sqlite)
        if mixed:
            eastern = queries(repeat, scripts.chinese, scripts.japanese, scripts.korean)
            found["eastern"] = await timed(
                [lambda s, q=q: search.search(s, actor, q) for q in eastern]  # type: ignore[misc]
            )
        starts = [rng.randrange(chat_count) for _ in range(repeat)]
        found["list"] = await timed(
            [lambda s, n=n: organize.window(s, actor, n) for n in starts]  # type: ignore[misc]
        )
        found["open"] = await timed([lambda s: chats.open_chat(s, actor, long_chat)] * repeat)
        if database.is_sqlite and database.url.database:
            found["megabytes"] = round(Path(database.url.database).stat().st_size / 1e6)  # noqa: ASYNC240
        return found
    finally:
        await stop_database()


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default=os.environ.get("TEST_POSTGRES_URL", ""))
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--chats", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=200)
    parser.add_argument(
        "--mixed", action="store_true", help="a third in Chinese, Japanese and Korean"
    )
    given = parser.parse_args()
    sizes = (given.messages, given.chats, given.repeat, given.mixed)
    row = Row(f"search in {given.messages:,} messages", "python -m bench.search")
    row.details |= on_each(given.postgres, lambda url: measure(url, *sizes))
    for name, found in row.details.items():
        row.figures += [
            Figure(f"search, {name}, p95", found["search"]["p95"], "ms", GOAL_MS),
            Figure(f"full-text index, {name}", found["index_megabytes"], "MB"),
            Figure(f"a window of the chat list, {name}, p95", found["list"]["p95"], "ms"),
            Figure(
                f"opening a chat with {LONG:,} messages, {name}, p95", found["open"]["p95"], "ms"
            ),
        ]
        if "eastern" in found:
            figure = f"search in Chinese, Japanese and Korean, {name}, p95"
            row.figures.append(Figure(figure, found["eastern"]["p95"], "ms", GOAL_MS))
    row.print()


if __name__ == "__main__":
    main()
