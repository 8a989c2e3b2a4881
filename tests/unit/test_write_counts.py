"""What streaming costs the database, in counts: these do not depend on the machine."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from llm_ui.db import Database, unit_of_work
from llm_ui.generation import Engine
from llm_ui.generation.keeping import FLUSH_EVERY_S
from llm_ui.models import GenerationEvent
from llm_ui.services.answers import runs
from tests.conftest import People, until
from tests.scripted import ScriptedServer, expected_text, parse_script
from tests.unit.test_engine import text_of, watch

# One writer for all runs; beside it, whatever the engine does once in a while.
NOW_AND_THEN = 2


@dataclass
class Work:
    """What the database was asked for: commits that may write, and statements."""

    commits: int = 0
    statements: int = 0


@contextmanager
def counted(db: Database) -> Iterator[Work]:
    """Count what happens inside."""
    found = Work()

    def committed(connection: sa.Connection) -> None:
        found.commits += bool(connection.get_execution_options().get("writes"))

    def executed(*_: Any) -> None:
        found.statements += 1

    engine = db.engine.sync_engine
    sa.event.listen(engine, "commit", committed)
    sa.event.listen(engine, "after_cursor_execute", executed)
    try:
        yield found
    finally:
        sa.event.remove(engine, "commit", committed)
        sa.event.remove(engine, "after_cursor_execute", executed)


async def logged_rows() -> int:
    """How many rows the runs' logs have."""
    async with unit_of_work(writes=False) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(GenerationEvent)) or 0


async def test_twenty_streams_are_written_with_the_commits_of_one(
    engine: Engine,
    db: Database,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    settings_env,
):
    settings_env("RUNS_PER_USER", "50")
    upstream.always = parse_script("tokens=100000 rate=50")
    asked = [await runs.ask(people.bob, f"No. {n}", model_id=model_id) for n in range(20)]

    def are_all_streaming() -> bool:
        lives = [engine.live(each.run_id) for each in asked]
        return all(live is not None and live.log.length for live in lives)

    await until(are_all_streaming, 20)
    rows_before = await logged_rows()
    clock = asyncio.get_running_loop().time
    began = clock()
    with counted(db) as work:
        await asyncio.sleep(2.0)
        await engine.flush()
        flushes = (clock() - began) / FLUSH_EVERY_S + 2
    rows = await logged_rows() - rows_before
    assert work.commits <= flushes + NOW_AND_THEN
    assert len(asked) <= rows <= len(asked) * flushes


async def test_the_length_of_an_answer_costs_the_database_nothing(
    engine: Engine, db: Database, people: People, upstream: ScriptedServer, model_id: str
):
    for tokens in (20, 5000):
        upstream.script(f"tokens={tokens}")
        clock = asyncio.get_running_loop().time
        began = clock()
        with counted(db) as work:
            asked = await runs.ask(people.bob, "Hello", model_id=model_id)
            events = await watch(people.bob, asked.run_id)
        flushes = int((clock() - began) / FLUSH_EVERY_S) + 1
        assert text_of(events) == expected_text(f"tokens={tokens}")
        # Asked, claimed, ended; a flush is one insert of many rows.
        assert work.commits <= 3 + flushes + NOW_AND_THEN
        assert work.statements <= 60 + 2 * flushes


async def test_an_answer_asks_the_model_once_however_many_watch(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=100 rate=200")
    before = len(upstream.requests)
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    seen = await asyncio.gather(*(watch(people.bob, asked.run_id) for _ in range(5)))
    assert {text_of(each) for each in seen} == {expected_text("tokens=100")}
    assert len(upstream.requests) == before + 1


async def test_those_who_watch_a_queue_ask_the_database_nothing_until_they_are_woken(
    engine: Engine,
    db: Database,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    settings_env,
):
    settings_env("RUNS_PER_USER", "1")
    upstream.script("stall-headers")
    upstream.always = parse_script("tokens=2")
    first = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: engine.live(first.run_id))
    waiting = [await runs.ask(people.bob, f"No. {n}", model_id=model_id) for n in range(20)]
    watching = [asyncio.create_task(watch(people.bob, each.run_id)) for each in waiting]
    # Each has to read where its run stands; on a busy machine that takes a while.
    for _ in range(40):
        with counted(db) as work:
            await asyncio.sleep(0.25)
        if work.statements < len(waiting) // 4:
            break
    with counted(db) as work:
        await asyncio.sleep(1.0)
    assert work.statements < len(waiting)
    await runs.stop(people.bob, first.run_id)
    async with asyncio.timeout(20):
        seen = await asyncio.gather(*watching)
    assert {text_of(each) for each in seen} == {expected_text("tokens=2")}
