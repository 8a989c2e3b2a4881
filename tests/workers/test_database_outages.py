"""A database that goes away while answers run and end: every character that somebody was shown
is in it afterwards, and the end that they were told.

Longer outages, and what needs the machine for itself, are in `dev.py soak --only outages`.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import migrate
from tests.scripted import expected_text
from tests.shaky import OwnPostgres, Shown, ask, full_disk, locked, own_postgres, stored
from tests.states.served import Server, serve
from tests.workers.conftest import until_known

TOKEN = "a-token-for-metrics-of-tests"
# One ends while the database is away, one just after, one long after a short outage.
SCRIPTS = ("tokens=60 rate=40", "tokens=150 rate=40 split-utf8", "tokens=260 rate=40")


@pytest.fixture(scope="module")
def on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, models_url: str, sqlite_template: Path
) -> Iterator[Server]:
    """One worker on SQLite."""
    folder = tmp_path_factory.mktemp("away")
    shutil.copy(sqlite_template, folder / "llm_ui.db")
    url = f"sqlite:///{folder / 'llm_ui.db'}"
    with serve(folder, url, models_url, METRICS_TOKEN=TOKEN) as running:
        running.register("bob")
        until_known(running)
        yield running


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    try:
        with own_postgres() as server:
            migrate(server.url)
            yield server
    except FileNotFoundError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def on_two(
    tmp_path_factory: pytest.TempPathFactory,
    models_url: str,
    postgres: OwnPostgres,
    redis_url: str,
) -> Iterator[Server]:
    """Two workers on a PostgreSQL that may be stopped."""
    folder = tmp_path_factory.mktemp("away-two")
    with serve(folder, postgres.url, models_url, workers=2, REDIS_URL=redis_url) as running:
        running.register("bob")
        until_known(running)
        yield running


def database_of(server: Server) -> Path:
    return Path(str(server.database.url.database))


def go_through(server: Server, outage: AbstractContextManager[None], seconds: float) -> None:
    """Answers begin, the database goes for a while, and all that was shown is there then."""
    bob = server.log_in("bob")
    watched = [ask(server, bob, script) for script in SCRIPTS]
    for each in watched:
        each.until(20)
    began = time.monotonic()
    with outage:
        while time.monotonic() < began + seconds:
            time.sleep(0.1)
    # What this test had open has gone with it.
    server.database.dispose()
    for each, script in zip(watched, SCRIPTS, strict=True):
        each.join()
        check(server, each, script)


def check(server: Server, shown: Shown, script: str) -> None:
    state, status, text = stored(server, shown.run_id)
    assert text.startswith(shown.most)
    assert (shown.state, state, status) == ("done", "done", "done")
    assert shown.text == text == expected_text(script)


@contextmanager
def stopped(postgres: OwnPostgres) -> Iterator[None]:
    postgres.stop()
    yield
    postgres.start()


@contextmanager
def frozen(postgres: OwnPostgres) -> Iterator[None]:
    postgres.freeze()
    try:
        yield
    finally:
        postgres.thaw()


@pytest.mark.parametrize("seconds", [2, 12])
def test_sqlite_locked_by_another_program(on_sqlite: Server, seconds: float):
    go_through(on_sqlite, locked(database_of(on_sqlite)), seconds)


def test_a_full_disk_costs_nothing_that_was_shown(on_sqlite: Server):
    bob = on_sqlite.log_in("bob")
    watched = ask(on_sqlite, bob, SCRIPTS[0])
    watched.until(20)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with full_disk(on_sqlite.workers()):
        deadline = time.monotonic() + 60
        while "llm_ui_ends_unwritten 1.0" not in (
            httpx.get(f"{on_sqlite.url}/metrics", headers=headers, timeout=30).text
        ):
            assert time.monotonic() < deadline
            assert not watched.state
            time.sleep(0.1)
        ready = httpx.get(f"{on_sqlite.url}/health/ready", timeout=10)
        assert (ready.status_code, ready.json()["checks"]["disk"]) == (503, "full")
        assert not watched.state
        assert watched.text == expected_text(SCRIPTS[0])
    watched.join()
    check(on_sqlite, watched, SCRIPTS[0])


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.parametrize("seconds", [2, 12])
def test_postgresql_stopped_under_two_workers(
    on_two: Server, postgres: OwnPostgres, seconds: float
):
    before = on_two.workers()
    go_through(on_two, stopped(postgres), seconds)
    assert on_two.workers() == before
    assert on_two.log().count("Traceback") == 0
    assert 1 <= on_two.log().count("The database is not responding") <= 8


@pytest.mark.postgres
@pytest.mark.redis
def test_postgresql_frozen_under_two_workers(on_two: Server, postgres: OwnPostgres):
    go_through(on_two, frozen(postgres), 4)


@pytest.mark.postgres
@pytest.mark.redis
def test_two_deaths_of_a_worker_end_nobody_else(on_two: Server):
    stays, dies = on_two.workers()
    for _ in range(2):
        os.kill(dies, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while not (others := [pid for pid in on_two.workers() if pid not in (stays, dies)]):
            assert time.monotonic() < deadline, on_two.log()
            time.sleep(0.02)
        (dies,) = others
    assert stays in on_two.workers()
    assert httpx.get(f"{on_two.url}/health/ready", timeout=30).status_code == 200


def test_a_server_that_is_killed_while_the_database_is_locked_keeps_what_it_showed(
    tmp_path: Path, models_url: str, sqlite_template: Path
):
    shutil.copy(sqlite_template, tmp_path / "llm_ui.db")
    url = f"sqlite:///{tmp_path / 'llm_ui.db'}"
    with ExitStack() as stack:
        server = stack.enter_context(serve(tmp_path, url, models_url))
        bob = server.register("bob")
        until_known(server)
        watched = ask(server, bob, "tokens=3000 rate=60")
        watched.until(100)
        hold = stack.enter_context(ExitStack())
        hold.enter_context(locked(database_of(server)))
        journal = tmp_path / "unwritten"
        deadline = time.monotonic() + 60
        while not (journal.exists() and list(journal.iterdir())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        watched.until(len(watched.text) + 100)
        shown = watched.text
        written = max(path.stat().st_mtime for path in journal.iterdir())
        while max(path.stat().st_mtime for path in journal.iterdir()) <= written:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        hold.close()
        deadline = time.monotonic() + 60
        while stored(server, watched.run_id)[0] == "running":
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.1)
        state, status, text = stored(server, watched.run_id)
        assert (state, status) == ("interrupted", "interrupted")
        assert text.startswith(shown)
        assert expected_text("tokens=3000").startswith(text)
        # It goes once what it holds has been committed.
        while list(journal.iterdir()):
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.05)
