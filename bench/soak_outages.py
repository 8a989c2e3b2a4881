"""Database outages while answers run and end, and the invariants checked afterwards.

Each round is determined by a seed: the database is stopped for 2, 12 or 60 s or frozen, or its disk
is full, or a worker is killed meanwhile; and, where that can be tested, two servers have the same
host name and process ids. After each round:

- every character that somebody was shown is in the database (for a killed worker: up to the last
  second before the kill; none is killed while its disk is full);
- the end that was reported to anyone is the one that is stored;
- no run stays queued or running, and no worker has exited that was not killed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import migrate
from tests.scripted import expected_text
from tests.shaky import OwnPostgres, Shown, ask, full_disk, locked, own_postgres, stored
from tests.states.served import Person, Server, environment, free_port, model_server, process, serve

ENDED_S = 90.0
LENGTHS = (2.0, 2.0, 12.0, 12.0, 60.0)
RATE = 40
FULL_DISK = "disk full"
# What a worker may have shown just before it was killed: one second's text.
UNKEPT = RATE * 8


@dataclass
class Round:
    """The result of one outage. `problems` is empty if all went well."""

    seed: int
    what: str
    seconds: float
    shown: int = 0
    done: int = 0
    interrupted: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        """A one-line summary."""
        verdict = "; ".join(self.problems) or "ok"
        return (
            f"seed {self.seed}: {self.what} for {self.seconds:.0f} s, {self.shown} characters "
            f"shown, {self.done} done, {self.interrupted} interrupted: {verdict}"
        )


@dataclass
class Installation:
    """A server, and the ways to take its database down."""

    server: Server
    bob: Person
    outages: dict[str, Callable[[], contextlib.AbstractContextManager[None]]]


def play(place: Installation, seed: int) -> Round:
    """Run one round; everything random derives from the seed."""
    chance = random.Random(seed)
    what = chance.choice(sorted(place.outages))
    report = Round(seed, what, chance.choice(LENGTHS))
    # With a full disk a worker has nowhere to write: killing it then would lose its text.
    kills = chance.random() < 0.25 and report.what != FULL_DISK
    # Some end before the database is back, some after.
    lengths = [chance.uniform(0.2, 1.6) * report.seconds for _ in range(3)] + [1.0]
    scripts = [f"tokens={max(20, int(RATE * each))} rate={RATE}" for each in lengths]
    watched = [ask(place.server, place.bob, script) for script in scripts]
    for each in watched:
        each.until(10)
    time.sleep(chance.uniform(0.0, 0.5))
    before = place.server.workers()
    victim = chance.choice(before) if kills else None
    _away(place, report, victim)
    place.server.database.dispose()
    for each, script in zip(watched, scripts, strict=True):
        try:
            _check(place.server, each, script, report, killed=kills)
        except AssertionError as error:
            report.problems.append(f"{script}: {error}")
    after = place.server.workers()
    if gone := set(before) - set(after) - {victim}:
        report.problems.append(f"workers exited without being killed: {gone}")
    return report


def _away(place: Installation, report: Round, victim: int | None) -> None:
    """Take the database down, kill a worker in the meantime, bring the database back."""
    with place.outages[report.what]():
        began = time.monotonic()
        if victim is not None:
            time.sleep(max(1.5, report.seconds / 2))
            os.kill(victim, signal.SIGKILL)
            report.what += ", a worker killed"
        time.sleep(max(0.0, began + report.seconds - time.monotonic()))


def _check(server: Server, shown: Shown, script: str, report: Round, *, killed: bool) -> None:
    shown.join(ENDED_S)
    state, status, text = stored(server, shown.run_id)
    report.shown += len(shown.text)
    report.done += state == "done"
    report.interrupted += state == "interrupted"
    assert shown.state == state == status, f"told {shown.state}, stored {state} and {status}"
    seen = shown.most[: max(len(text), len(shown.most) - UNKEPT)] if killed else shown.most
    assert text.startswith(seen), f"{len(shown.most)} characters were shown, {len(text)} are stored"
    assert shown.text == text, f"{len(shown.text)} characters shown, {len(text)} stored"
    assert expected_text(script).startswith(text), "the stored text was never sent"
    assert killed or (state == "done" and text == expected_text(script)), f"it is {state}"


# --- where ------------------------------------------------------------------------------------


def _until_known(server: Server) -> None:
    deadline = time.monotonic() + 60
    while not server.rows("SELECT id FROM aimodel"):
        if time.monotonic() > deadline:
            raise TimeoutError("the scripted models did not appear")
        time.sleep(0.1)


@contextlib.contextmanager
def on_sqlite(folder: Path, models: str) -> Iterator[Installation]:
    """One worker on SQLite."""
    path = folder / "llm_ui.db"
    url = f"sqlite:///{path}"
    migrate(url)
    with serve(folder, url, models) as server:
        bob = server.register("bob")
        _until_known(server)
        yield Installation(
            server,
            bob,
            {
                "SQLite locked": lambda: locked(path),
                FULL_DISK: lambda: full_disk(server.workers()),
            },
        )


@contextlib.contextmanager
def _stopped(postgres: OwnPostgres) -> Iterator[None]:
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextlib.contextmanager
def _frozen(postgres: OwnPostgres) -> Iterator[None]:
    postgres.freeze()
    try:
        yield
    finally:
        postgres.thaw()


@contextlib.contextmanager
def on_postgresql(folder: Path, models: str, redis: str) -> Iterator[Installation]:
    """Two workers and a private PostgreSQL."""
    with own_postgres() as postgres:
        migrate(postgres.url)
        with serve(folder, postgres.url, models, workers=2, REDIS_URL=redis) as server:
            bob = server.register("bob")
            _until_known(server)
            yield Installation(
                server,
                bob,
                {
                    "PostgreSQL stopped": lambda: _stopped(postgres),
                    "PostgreSQL frozen": lambda: _frozen(postgres),
                },
            )


def soak_outages(workers: int, rounds: int, seed: int, redis: str) -> int:
    """Run this many rounds; returns how many failed."""
    wrong = 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-ui-soak-")))
        models = stack.enter_context(model_server(folder))
        where = on_sqlite(folder, models) if workers == 1 else on_postgresql(folder, models, redis)
        place = stack.enter_context(where)
        for number in range(rounds):
            report = play(place, seed + number)
            wrong += bool(report.problems)
            print(f"  {number + 1}/{rounds} {report.line()}", flush=True)
            if report.problems:
                print(place.server.log()[-3000:], flush=True)
    if workers > 1:
        wrong += _twins(redis)
    return wrong


# --- two servers that look the same -------------------------------------------------------------


def _twins(redis: str) -> int:
    """Two servers with the same host name and process ids, as in containers, on one database, each
    with its own data folder. Returns 1 if one ended the other's answers."""
    inside = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
    may = shutil.which("unshare") and not subprocess.run([*inside, "true"], check=False).returncode
    if not may:
        print("  two servers with the same host name: skipped (requires root)")
        return 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-ui-soak-")))
        models = stack.enter_context(model_server(folder))
        postgres = stack.enter_context(own_postgres())
        migrate(postgres.url)
        servers = [
            stack.enter_context(_contained(folder / name, postgres.url, models, redis, inside))
            for name in ("one", "two")
        ]
        bob = servers[0].register("bob")
        _until_known(servers[0])
        script = f"tokens={RATE * 40} rate={RATE}"
        report = Round(0, "two servers with the same host name", 40)
        for watched in [ask(server, bob, script) for server in servers]:
            try:
                _check(servers[0], watched, script, report, killed=False)
            except AssertionError as error:
                report.problems.append(str(error))
        print(f"  {report.line()}", flush=True)
        return int(bool(report.problems))


@contextlib.contextmanager
def _contained(
    folder: Path, database: str, models: str, redis: str, inside: list[str]
) -> Iterator[Server]:
    folder.mkdir()
    port = free_port()
    code = (
        "from llm_ui.cli.serve import server; "
        f"server('127.0.0.1', {port}, workers=1, grace=2).serve()"
    )
    env = environment(port, folder, database, models) | {"REDIS_URL": redis}
    shell = f'hostname llm-ui-production && exec {sys.executable} -c "{code}"'
    with process([*inside, "sh", "-c", shell], folder / "server.log", env) as running:
        server = Server(f"http://localhost:{port}", database, folder / "server.log", running.pid)
        deadline = time.monotonic() + ENDED_S
        while True:
            with contextlib.suppress(OSError):
                if _ready(server):
                    break
            if time.monotonic() > deadline:
                raise TimeoutError(server.log())
            time.sleep(0.2)
        try:
            yield server
        finally:
            server.database.dispose()


def _ready(server: Server) -> bool:
    import httpx

    try:
        return httpx.get(f"{server.url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
