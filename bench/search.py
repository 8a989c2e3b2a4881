"""Finding things among many: search, the list of chats, opening a long chat; server side.

python -m bench.search [--postgres URL] [--messages 100000] [--chats 5000]

One person has all of them. Each figure is the time of the service call on a connection of
the pool, as a page's handler and a REST route make it. Half of the words that are looked
for stand in many messages and half in few. `--postgres` names a server on which a scratch
database is made; without it SQLite alone is measured.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.databases import on_each
from bench.row import Figure, Row
from llm_ui.auth import Actor
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.models import ChatHistory, ChatMessage, User
from llm_ui.models.base import new_id, now
from llm_ui.services import chats, search, shelf

GOAL_MS = 30.0
LONG = 1000
WORDS_PER_MESSAGE = 90
SEED = 7


def vocabulary() -> tuple[list[str], list[float]]:
    """20,000 made-up words, as often as words are in a language (Zipf)."""
    rng = random.Random(SEED)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    words = list(dict.fromkeys(
        "".join(rng.choices(syllables, k=rng.choice((2, 2, 3, 3, 4)))) for _ in range(30_000)
    ))[:20_000]  # fmt: skip
    return words, [1 / (rank + 2.7) for rank in range(len(words))]


async def somebody() -> Actor:
    """A new person, who has nothing yet."""
    user = User(id=new_id(), email="bench@example.org", username="bench", password_hash="")
    actor = Actor(user.id, user.username, user.email, "user")
    async with unit_of_work() as session:
        session.add(user)
    return actor


async def fill(actor: Actor, messages: int, chat_count: int) -> str:
    """Give a person chats, the newest of them LONG; returns that one's id."""
    rng = random.Random(SEED)
    words, weights = vocabulary()
    sums = list(itertools.accumulate(weights))
    began = now()
    lengths = [LONG] + [(messages - LONG) // (chat_count - 1)] * (chat_count - 1)

    def some(count: int) -> str:
        return " ".join(rng.choices(words, cum_weights=sums, k=count))

    long_chat = ""
    # Row by row this would take minutes: a hundred chats at once.
    for first in range(0, chat_count, 100):
        chat_rows: list[dict[str, Any]] = []
        message_rows: list[dict[str, Any]] = []
        for number, length in list(enumerate(lengths))[first : first + 100]:
            chat_id, parent = new_id(), None
            long_chat = long_chat or chat_id
            at = began - timedelta(minutes=30 * number)
            for turn in range(length):
                row = ChatMessage(
                    chat_id=chat_id,
                    parent_id=parent,
                    content=some(WORDS_PER_MESSAGE),
                    role="assistant" if turn % 2 else "user",
                    created_at=at,
                )
                message_rows.append(row.model_dump())
                parent = row.id
            chat = ChatHistory(
                id=chat_id,
                user_id=actor.user_id,
                title=some(5),
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


def queries(count: int) -> list[str]:
    """What people type: common words and rare ones, pairs, beginnings, phrases, -without."""
    rng = random.Random(SEED + 1)
    words, weights = vocabulary()

    def word() -> str:
        return rng.choices(words, weights)[0] if rng.random() < 0.5 else rng.choice(words)

    shapes: list[Callable[[], str]] = [
        word,
        lambda: f"{word()} {word()}",
        lambda: word()[:3],
        lambda: f'"{word()} {word()}"',
        lambda: f"{word()} -{word()}",
    ]
    return [shapes[number % len(shapes)]() for number in range(count)]


async def timed(calls: list[Callable[[Any], Awaitable[object]]]) -> dict[str, float]:
    """Each call in a unit of work of its own; p50, p95 and the worst in ms."""
    times = []
    for call in calls:
        began = time.perf_counter()
        async with unit_of_work(writes=False) as session:
            await call(session)
        times.append((time.perf_counter() - began) * 1000)
    parts = statistics.quantiles(times, n=20, method="inclusive")
    return {"p50": round(parts[9], 2), "p95": round(parts[18], 2), "worst": round(max(times), 2)}


async def measure(url: str, messages: int, chat_count: int, repeat: int) -> dict[str, Any]:
    """The times on one database, which is migrated and empty."""
    database = start_database(url)
    try:
        began = time.perf_counter()
        actor = await somebody()
        long_chat = await fill(actor, messages, chat_count)
        found: dict[str, Any] = {"filling_s": round(time.perf_counter() - began, 1)}
        wanted = queries(repeat)
        rng = random.Random(SEED)
        for query in wanted[:10]:
            async with unit_of_work(writes=False) as session:
                await search.search(session, actor, query)
        found["search"] = await timed(
            [lambda s, q=q: search.search(s, actor, q) for q in wanted]  # type: ignore[misc]
        )
        starts = [rng.randrange(chat_count) for _ in range(repeat)]
        found["list"] = await timed(
            [lambda s, n=n: shelf.window(s, actor, n) for n in starts]  # type: ignore[misc]
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
    given = parser.parse_args()
    sizes = (given.messages, given.chats, given.repeat)
    row = Row(f"finding in {given.messages:,} messages", "python -m bench.search")
    row.details |= on_each(given.postgres, lambda url: measure(url, *sizes))
    for name, found in row.details.items():
        row.figures += [
            Figure(f"search, {name}, p95", found["search"]["p95"], "ms", GOAL_MS),
            Figure(f"a window of the list of chats, {name}, p95", found["list"]["p95"], "ms"),
            Figure(f"open a chat of {LONG:,} messages, {name}, p95", found["open"]["p95"], "ms"),
        ]
    row.print()


if __name__ == "__main__":
    main()
