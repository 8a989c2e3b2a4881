"""A database that is away, and workers that are taken for dead: nothing shown is lost."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui import outages
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import ProviderTimeout
from llm_ui.generation import (
    Ended,
    Engine,
    Outcome,
    Piece,
    owner,
    start_engine,
    stop_engine,
    unwritten,
)
from llm_ui.generation.reaper import STALE_AFTER
from llm_ui.generation.unwritten import Journal
from llm_ui.models import ChatMessage, Generation, GenerationEvent, UsageLog
from llm_ui.models.base import now
from llm_ui.services.answers import prompting, runs, settlement
from llm_ui.wire.events import Usage
from tests.conftest import ROOT, People, until
from tests.scripted import ScriptedServer, expected_text, parse_script
from tests.unit.test_engine import count, message, text_of, watch

FULL = sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
AWAY = sa.exc.OperationalError("INSERT", {}, psycopg.OperationalError("connection refused"))


class Switch:
    """Takes the database away from the application, and gives it back."""

    def __init__(self) -> None:
        self.error: Exception | None = None


@pytest.fixture
def database_is(monkeypatch: pytest.MonkeyPatch) -> Switch:
    switch = Switch()
    usual = Database.unit_of_work

    @asynccontextmanager
    async def work(self: Database, **how: Any) -> AsyncIterator[Any]:
        if switch.error is not None:
            raise copy.copy(switch.error)
        async with usual(self, **how) as session:
            yield session
            if switch.error is not None:
                raise copy.copy(switch.error)

    monkeypatch.setattr(Database, "unit_of_work", work)
    return switch


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Path]:
    """This process as a worker with a data folder."""
    before, owner._own = owner._own, owner._Own()
    owner.begin(tmp_path)
    yield tmp_path
    owner._own = before


def start(db: Database, data: Path | None = None) -> Engine:
    return start_engine(
        db, prompting.prepare, settlement.settle, settlement.unhandled, prompting.admit, data=data
    )


async def kill(engine: Engine) -> None:
    """As if the process were gone: nothing ends in order, and its lock is free."""
    tasks = {*engine._loops, *engine._tasks}
    while tasks:
        # A run that is cancelled would write its end first.
        for task in tasks:
            task.cancel()
        tasks = (await asyncio.wait(tasks, timeout=0.05))[1]
    if owner._own.lock:
        owner._own.lock.close()
    owner._own = owner._Own()


def shown(engine: Engine, run_id: str) -> str:
    live = engine.live(run_id)
    return live.log.whole("text") if live else ""


@pytest.mark.parametrize("error", [FULL, AWAY])
async def test_an_end_waits_for_the_database_and_is_told_when_it_is_written(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, database_is, error
):
    upstream.script("tokens=60 rate=600")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    watching = asyncio.create_task(watch(people.bob, asked.run_id))
    await until(lambda: shown(engine, asked.run_id))
    database_is.error = error
    await until(lambda: shown(engine, asked.run_id) == expected_text("tokens=60"))
    await until(lambda: (run := engine.live(asked.run_id)) and run.closing)
    assert not watching.done()
    database_is.error = None
    events = await asyncio.wait_for(watching, 15)
    stored = await message(asked.message_id)
    assert (stored.status, stored.content) == ("done", expected_text("tokens=60"))
    assert text_of(events) == stored.content
    assert isinstance(events[-1], Ended)
    assert events[-1].state == "done"
    assert await count(UsageLog) == 1


async def test_who_comes_while_an_end_waits_sees_all_of_it(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, database_is
):
    upstream.script("tokens=60 rate=600")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: shown(engine, asked.run_id))
    database_is.error = AWAY
    await until(lambda: shown(engine, asked.run_id) == expected_text("tokens=60"))
    late = engine.follow(asked.run_id)
    first = await anext(late)
    assert text_of([first]) == expected_text("tokens=60")
    database_is.error = None
    assert [event.state async for event in late if isinstance(event, Ended)] == ["done"]


@pytest.mark.parametrize("how", ["streaming", "ended", "failed"])
async def test_a_worker_that_dies_during_an_outage_leaves_all_that_it_showed(
    db: Database,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    worker: Path,
    database_is: Switch,
    how: str,
):
    scripts = {
        "streaming": "tokens=5000 rate=100",
        "ended": "tokens=50 rate=500",
        "failed": "cut-after=30",
    }
    engine = start(db, worker)
    upstream.always = parse_script(scripts[how])
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: shown(engine, asked.run_id))
    database_is.error = AWAY
    path = worker / unwritten.FOLDER / f"{owner._own.id}.jsonl"
    if how == "streaming":
        await until(lambda: len(shown(engine, asked.run_id)) > 300)
    else:
        await until(lambda: path.exists() and b'"end"' in path.read_bytes())
    said = shown(engine, asked.run_id)
    await until(lambda: path.exists() and text_in(path, asked.run_id) >= len(said))
    assert path.stat().st_mode & 0o777 == 0o600
    await kill(engine)
    database_is.error = None
    owner.begin(worker)
    after = start(db, worker)
    await after.reap()
    stored = await message(asked.message_id)
    await stop_engine(0.0)
    assert stored.content.startswith(said)
    assert stored.status == {"streaming": "interrupted", "ended": "done"}.get(how, "failed")
    assert bool(stored.error_key) == (how == "failed")
    assert await count(UsageLog) == 1
    assert not path.exists()


def text_in(path: Path, run_id: str) -> int:
    """How far the text of a run reaches in a journal."""
    kept = unwritten.read(path).get(run_id)
    return max((piece.end for piece in kept.pieces), default=0) if kept else 0


async def test_the_journal_goes_when_the_database_is_back(
    db: Database,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    worker: Path,
    database_is: Switch,
):
    engine = start(db, worker)
    upstream.script("tokens=3000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: shown(engine, asked.run_id))
    folder = worker / unwritten.FOLDER
    database_is.error = FULL
    await until(lambda: list(folder.glob("*")))
    said = shown(engine, asked.run_id)
    database_is.error = None
    await until(lambda: not list(folder.glob("*")))
    async with unit_of_work(writes=False) as session:
        rows = await session.scalars(sa.select(GenerationEvent).order_by(col(GenerationEvent.seq)))
        assert "".join(row.payload for row in rows).startswith(said)
    await runs.stop(people.bob, asked.run_id)
    await watch(people.bob, asked.run_id)
    await stop_engine(0.0)


async def test_a_run_whose_chat_is_gone_keeps_nobody_elses_log_back(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=5000 rate=100")
    gone = await runs.ask(people.bob, "Hello", model_id=model_id)
    stays = await runs.ask(people.charlie, "Hello", model_id=model_id)
    await until(lambda: shown(engine, gone.run_id) and shown(engine, stays.run_id))
    async with unit_of_work() as session:
        await session.execute(sa.delete(Generation).where(col(Generation.id) == gone.run_id))
    await until(lambda: len(shown(engine, stays.run_id)) > 100)
    await engine.flush()
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(
            sa.select(sa.func.count())
            .select_from(GenerationEvent)
            .where(col(GenerationEvent.run_id) == stays.run_id)
        )
    await until(lambda: engine.live(gone.run_id) is None)
    await runs.stop(people.charlie, stays.run_id)


# --- who lives, and who does not ------------------------------------------------------------


async def claimed_by(people: People, model_id: str, name: str, **values: Any) -> Any:
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    async with unit_of_work() as session:
        run = await session.get(Generation, asked.run_id)
        run.state, run.owner, run.heartbeat_at = "running", name, now()
        for key, value in values.items():
            setattr(run, key, value)
        session.add(GenerationEvent(run_id=run.id, seq=0, kind="text", payload="Half"))
    return asked


async def state_of(run_id: str) -> str:
    async with unit_of_work(writes=False) as session:
        return (await session.get(Generation, run_id)).state


def lock_of(folder: Path, identity: str, boot: str) -> Path:
    path = folder / owner.FOLDER / f"{identity}{owner.SUFFIX}"
    path.write_text(boot)
    return path


async def test_a_living_worker_is_trusted_whatever_the_clock_says_of_its_heartbeat(
    db: Database, people: People, model_id: str, worker: Path
):
    engine = start(db)
    engine.hearts._trusted_from = 0.0
    other = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", HOLD, str(worker)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        long_ago = now() - 100 * STALE_AFTER
        asked = await claimed_by(people, model_id, name, heartbeat_at=long_ago)
        other.send_signal(signal.SIGSTOP)
        await engine.reap()
        assert await state_of(asked.run_id) == "running"
        other.kill()
        other.wait()
        await engine.reap()
        assert await state_of(asked.run_id) == "interrupted"
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
        await stop_engine(0.0)


HOLD = """
import sys, time, pathlib
from llm_ui.generation import owner
owner.begin(pathlib.Path(sys.argv[1]))
print(owner.own_name(), flush=True)
time.sleep(60)
"""


async def test_two_workers_never_have_the_same_name_not_even_in_equal_containers():
    names = {owner._Own().name for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) <= 64 for name in names)
    assert not any(os.uname().nodename in name for name in names)


async def test_a_lock_from_before_a_restart_of_the_machine_leaves_it_to_the_heartbeat(
    db: Database, people: People, model_id: str, worker: Path
):
    engine = start(db)
    engine.hearts._trusted_from = 0.0
    lock_of(worker, "a" * 24, "another boot")
    fresh = await claimed_by(people, model_id, f"{'a' * 24}:7")
    stale = await claimed_by(
        people, model_id, f"{'a' * 24}:7", heartbeat_at=now() - 2 * STALE_AFTER
    )
    await engine.reap()
    assert await state_of(fresh.run_id) == "running"
    assert await state_of(stale.run_id) == "interrupted"
    await stop_engine(0.0)


async def test_after_an_outage_other_machines_get_time_to_show_themselves_alive(
    db: Database, people: People, model_id: str
):
    engine = start(db)
    asked = await claimed_by(people, model_id, "elsewhere:1", heartbeat_at=now() - 2 * STALE_AFTER)
    await engine.reap()
    assert await state_of(asked.run_id) == "running"
    engine.hearts._trusted_from = 0.0
    await engine.reap()
    assert await state_of(asked.run_id) == "interrupted"
    await stop_engine(0.0)


@pytest.mark.parametrize(
    ("passed", "on_clock", "trusts"),
    [(1, 1, True), (5, 6, True), (40, 40, False), (1, 91, False), (1, -3600, False)],
    ids=["usual", "slow", "stood still", "clock forward", "clock back"],
)
def test_an_old_heartbeat_says_nothing_when_time_has_jumped(
    monkeypatch: pytest.MonkeyPatch, passed: float, on_clock: float, trusts: bool
):
    clock = [1000.0]
    monkeypatch.setattr(owner.time, "monotonic", lambda: clock[0])
    hearts, moment = owner.Hearts(trusting=True), now()
    assert hearts.look(moment)
    clock[0] += passed
    moment += timedelta(seconds=on_clock)
    assert hearts.look(moment) is trusts
    for _ in range(4):
        clock[0] += 5
        moment += timedelta(seconds=5)
        last = hearts.look(moment)
    assert last


async def test_a_row_of_ones_own_that_nobody_streams_ends(
    engine: Engine, people: People, model_id: str
):
    # Nor does it begin by itself what it is asked here.
    engine._accepting = False
    asked = await claimed_by(people, model_id, engine.owner)
    await engine.reap()
    stored = await message(asked.message_id)
    assert (stored.status, stored.content) == ("interrupted", "Half")


async def take_away(engine: Engine, run_id: str) -> None:
    """Another machine takes this worker for dead."""
    other = Engine(
        engine.database,
        prompting.prepare,
        settlement.settle,
        settlement.unhandled,
        prompting.admit,
    )
    other.owner = "elsewhere:1"
    other.hearts._trusted_from = 0.0
    async with unit_of_work() as session:
        await session.execute(
            sa.update(Generation)
            .where(col(Generation.id) == run_id)
            .values(owner="ab:1", heartbeat_at=now() - 2 * STALE_AFTER)
        )
    engine.owner = engine._keeper._owner = "ab:1"
    await other.reap()


async def test_a_worker_that_was_taken_for_dead_stops_and_gives_what_it_has(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: shown(engine, asked.run_id))
    await take_away(engine, asked.run_id)
    assert await state_of(asked.run_id) == "interrupted"
    watching = asyncio.create_task(watch(people.bob, asked.run_id))
    await until(lambda: len(shown(engine, asked.run_id)) > 300)
    await engine._keeper.flush(beat=True)
    events = await asyncio.wait_for(watching, 10)
    stored = await message(asked.message_id)
    assert stored.status == "interrupted" == events[-1].state
    assert stored.content == text_of(events)
    assert len(stored.content) > 300
    await upstream.until_closed()
    assert await count(GenerationEvent) == 0
    assert await count(UsageLog) == 1


async def test_a_late_end_leaves_alone_what_a_person_has_done_meanwhile(
    db: Database, people: People, model_id: str
):
    from llm_ui.generation import store

    asked = await claimed_by(people, model_id, "ab:1", state="interrupted")
    moment = now()
    late = Outcome(asked.run_id, "done", "Half an answer", "", moment, moment, moment)
    async with unit_of_work() as session:
        answer = await session.get(ChatMessage, asked.message_id)
        answer.content, answer.status = "Something else", "interrupted"
    async with unit_of_work() as session:
        assert await store.amend(session, late, "cd:1") == "interrupted"
        assert await store.amend(session, late, "ab:1") == "interrupted"
    assert (await message(asked.message_id)).content == "Something else"
    async with unit_of_work() as session:
        answer = await session.get(ChatMessage, asked.message_id)
        answer.content = "Half"
    async with unit_of_work() as session:
        assert await store.amend(session, late, "ab:1") == "done"
    assert (await message(asked.message_id)).content == "Half an answer"


# --- the journal ----------------------------------------------------------------------------


async def test_a_journal_gives_back_what_was_put_in_and_passes_over_half_a_line(tmp_path: Path):
    journal, moment = Journal(tmp_path, "one"), now()
    text = "Grüße \U0001f468‍\U0001f469 \u2028 end\n"
    pieces = {"r": [Piece(0, "text", text), Piece(len(text), "source", '{"number": 1}')]}
    ended = Outcome(
        "r",
        "failed",
        text,
        "",
        moment,
        moment,
        moment,
        usage=Usage(3, 4),
        error=ProviderTimeout("silence", 60),
        sources=({"number": 1},),
    )
    assert await journal.keep(pieces, [])
    assert await journal.keep({}, [ended])
    (path,) = (tmp_path / unwritten.FOLDER).iterdir()
    with path.open("ab") as out:
        out.write(b'{"run":"r","start":99,"kind":"te')
    kept = unwritten.read(path)["r"]
    assert kept.pieces == pieces["r"]
    assert kept.outcome is not None
    assert kept.outcome.error is not None
    assert (kept.outcome.text, kept.outcome.usage) == (text, Usage(3, 4))
    assert kept.outcome.created_at == moment
    assert kept.outcome.sources == ({"number": 1},)
    assert ended.error is not None
    for name in ("code", "status", "message_key", "params"):
        assert getattr(kept.outcome.error, name) == getattr(ended.error, name)


async def test_a_journal_has_an_end_and_a_full_disk_costs_only_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    small = Journal(tmp_path, "one", most=200)
    assert await small.keep({"r": [Piece(0, "text", "x" * 100)]}, [])
    assert not await small.keep({"r": [Piece(100, "text", "x" * 100)]}, [])
    other = Journal(tmp_path, "two")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unwritten.os, "fdatasync", full)
    assert not await other.keep({"r": [Piece(0, "text", "x")]}, [])
    assert (tmp_path / unwritten.FOLDER / "two.jsonl").read_bytes() == b""


@pytest.mark.parametrize("start", [0, 3, 7])
def test_a_journal_goes_on_where_the_stored_log_ends(start: int):
    text = "Half an answer"
    kept = unwritten.Kept([Piece(start, "text", text[start:])])
    found = kept.beyond([Piece(0, "text", text[:7])], 0)
    assert "".join(piece.payload for piece in found) == text
    assert kept.beyond([], 0) == ([Piece(0, "text", text)] if start == 0 else [])


# --- the log ----------------------------------------------------------------------------------


def told(error: Exception) -> Exception:
    """An error of a driver as it comes to us."""
    return sa.exc.OperationalError("SELECT", {}, error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FULL, "full"),
        (AWAY, "away"),
        (
            sa.exc.OperationalError("x", {}, sqlite3.OperationalError("database is locked")),
            "locked",
        ),
        (sa.exc.OperationalError("x", {}, sqlite3.OperationalError("disk I/O error")), "away"),
        (sa.exc.DatabaseError("x", {}, sqlite3.DatabaseError("file is not a database")), "damaged"),
        (sa.exc.OperationalError("x", {}, sqlite3.OperationalError("no such table: y")), ""),
        (sa.exc.IntegrityError("x", {}, sqlite3.IntegrityError("UNIQUE")), ""),
        (sa.exc.OperationalError("x", {}, psycopg.errors.AdminShutdown("bye")), "away"),
        (sa.exc.OperationalError("x", {}, psycopg.errors.TooManyConnections("full")), "away"),
        (sa.exc.OperationalError("x", {}, psycopg.errors.DiskFull("full")), "full"),
        (sa.exc.OperationalError("x", {}, psycopg.errors.DeadlockDetected("dead")), ""),
        (sa.exc.ProgrammingError("x", {}, psycopg.errors.UndefinedTable("y")), ""),
        (sa.exc.TimeoutError("QueuePool limit"), "away"),
        (OSError(28, "No space left on device"), "full"),
        (OSError(2, "No such file"), ""),
        (ValueError("x"), ""),
    ],
)
def test_an_outage_is_told_from_a_mistake(error: Exception, reason: str):
    assert outages.reason_of(error) == reason


def test_the_log_has_one_line_for_an_outage_and_one_for_its_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    clock = [1000.0]
    monkeypatch.setattr(outages.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(outages, "database", outages.Outage("The database", "waiting"))
    caplog.handler.addFilter(one_line := outages.OneLine())
    log = logging.getLogger("llm_ui.test")
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            clock[0] += 1
            try:
                raise AWAY
            except sa.exc.SQLAlchemyError:
                log.exception("could not write")
            outages.database.worked()
        clock[0] += 4
        outages.database.worked()
        outages.database.worked()
        try:
            raise ValueError("a mistake")
        except ValueError:
            log.exception("a mistake")
    caplog.handler.removeFilter(one_line)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert "connection refused" in said[0]
    assert said[1] == "The database is responding again after 49 s"
