"""Following a run of another worker: the database and the stream make one text."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from llm_ui.bus import END, Bus, Increment
from llm_ui.db import Database
from llm_ui.generation import Ended, Engine, Piece, Snapshot, follow, store
from llm_ui.generation.log import REASONING, TEXT, THOUGHT, RunLog
from llm_ui.generation.types import Outcome
from llm_ui.models.base import now
from llm_ui.services.answers import prompting, runs, settlement
from tests.conftest import People, until

OWNER = "elsewhere:1:1"


def other_engine(db: Database, bus: Bus | None = None) -> Engine:
    """The engine of a worker that does not stream the run; it is not started."""
    return Engine(
        db, prompting.prepare, settlement.settle, settlement.unhandled, prompting.admit, bus
    )


async def claimed(db: Database, people: People, model_id: str) -> str:
    """A run that another worker streams."""
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    async with db.unit_of_work() as session:
        assert await store.claim(session, asked.run_id, OWNER)
    return asked.run_id


async def write(db: Database, run_id: str, pieces: list[Piece]) -> None:
    async with db.unit_of_work() as session:
        await store.append(session, {run_id: pieces}, [], OWNER)


async def end(db: Database, run_id: str, log: RunLog, state: str = "done") -> None:
    moment = now()
    outcome = Outcome(run_id, state, log.whole(TEXT), log.whole(REASONING), moment, moment, moment)
    async with db.unit_of_work() as session:
        assert await store.finish(session, outcome, OWNER)


def put(engine: Engine, run_id: str, increments: list[Increment]) -> None:
    for feed in engine.bus._feeds.get(run_id, ()):
        feed.put(increments)


def increments(pieces: list[Piece]) -> list[Increment]:
    return [Increment(each.start, each.end, each.kind, each.payload) for each in pieces]


class Reader:
    """Puts together what following gives; every piece must fit."""

    def __init__(self) -> None:
        self.texts = {TEXT: "", REASONING: ""}
        self.position = 0
        self.snapshots = 0
        self.state = ""

    async def read(self, events: Any) -> None:
        async for event in events:
            match event:
                case Snapshot():
                    self.snapshots += 1
                    self.texts = {TEXT: event.text, REASONING: event.reasoning}
                    self.position = event.seq
                case Piece():
                    assert event.kind != THOUGHT, "only the whole can say that"
                    assert event.start == self.position, "a gap, or something twice"
                    self.texts[event.kind] += event.payload
                    self.position = event.end
                case Ended():
                    self.state = event.state


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("seed", range(6))
async def test_any_mixture_gives_the_same_text(
    db: Database,
    people: People,
    model_id: str,
    seed: int,
    turns: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stream begins late, repeats itself, loses entries and may lose its end; and the
    text so far may turn out to have been thinking."""
    monkeypatch.setattr(follow, "POLL_EVERY_S", 0.05)
    monkeypatch.setattr(follow, "QUIET_S", 0.1)
    monkeypatch.setattr(follow, "GAP_S", 0.02)
    dice = random.Random(seed)
    run_id = await claimed(db, people, model_id)
    engine = other_engine(db)
    log, reader = RunLog(), Reader()
    following = asyncio.create_task(reader.read(engine.follow(run_id)))
    published = written = 0
    for step in range(60):
        if turns and step == 30 + seed:
            log.append(THOUGHT, "")
        kind = REASONING if step < 15 else TEXT
        log.append(kind, "".join(dice.choices("abc 日🙂", k=dice.randint(1, 9))))
        what = dice.random()
        if what < 0.5:
            back = max(0, published - dice.choice([0, 0, 0, 7]))
            put(engine, run_id, increments(log.since(back)))
            published = log.length
        elif what < 0.65:
            published = log.length  # lost
        if step % 7 == 0:
            await write(db, run_id, log.since(written))
            written = log.length
        await asyncio.sleep(dice.choice([0, 0, 0.005]))
    await end(db, run_id, log)
    if seed % 2:
        last = increments(log.since(published))
        put(engine, run_id, [*last, Increment(log.length, log.length, END, "done")])
    await asyncio.wait_for(following, 10)
    assert reader.texts == {TEXT: log.whole(TEXT), REASONING: log.whole(REASONING)}
    assert reader.state == "done"
    assert reader.snapshots <= 2 + turns
    assert engine.bus._feeds == {}


async def test_the_streams_end_needs_no_snapshot(
    db: Database, people: People, model_id: str
) -> None:
    run_id = await claimed(db, people, model_id)
    engine, log, reader = other_engine(db), RunLog(), Reader()
    log.append(TEXT, "Hello")
    await write(db, run_id, log.since(0))
    following = asyncio.create_task(reader.read(engine.follow(run_id)))
    await until(lambda: reader.position == 5)
    log.append(TEXT, ", world")
    await end(db, run_id, log)
    put(engine, run_id, [*increments(log.since(5)), Increment(12, 12, END, "done")])
    await asyncio.wait_for(following, 1)
    assert (reader.texts[TEXT], reader.snapshots) == ("Hello, world", 1)


async def test_a_reader_that_has_seen_more_than_was_kept_gets_what_was_kept(
    db: Database, people: People, model_id: str
) -> None:
    """Its worker died: the stream had been ahead of the database."""
    run_id = await claimed(db, people, model_id)
    engine, log, reader = other_engine(db), RunLog(), Reader()
    log.append(TEXT, "Hello")
    await write(db, run_id, log.since(0))
    following = asyncio.create_task(reader.read(engine.follow(run_id)))
    await until(lambda: reader.position == 5)
    put(engine, run_id, [Increment(5, 12, TEXT, ", world")])
    await end(db, run_id, log, "interrupted")
    await asyncio.wait_for(following, 5)
    assert (reader.texts[TEXT], reader.state) == ("Hello", "interrupted")


async def test_a_slow_reader_costs_no_memory(db: Database) -> None:
    engine = other_engine(db)
    with engine.bus.follow("run") as feed:
        for number in range(5000):
            put(engine, "run", [Increment(number, number + 1, TEXT, "x")])
        assert len(feed.increments) <= 1000
