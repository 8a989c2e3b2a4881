"""What every test may ask for: a migrated database, people, a running engine.

Tests that touch the database run on SQLite and on PostgreSQL. The people: alice is the
admin, bob a user, charlie the outsider who must never see what is bob's.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from llm_ui import auth
from llm_ui.auth import Actor, Client
from llm_ui.db import Database, script_url, start_database, stop_database, unit_of_work
from llm_ui.generation import Engine, start_engine, stop_engine
from llm_ui.i18n import set_strict
from llm_ui.models import metadata
from llm_ui.providers.types import Found
from llm_ui.security.limits import Allowance
from llm_ui.services.accounts import authentication, failed_sign_ins
from llm_ui.services.answers import prompting, settlement
from llm_ui.services.catalogue import models, providers
from llm_ui.services.files import extraction
from tests.scripted import ScriptedServer, scripted_server

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"

set_strict(True)


def migrate(url: str, revision: str = "head") -> None:
    """Run the migrations on a database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, revision)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("db") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a PostgreSQL server; the test is skipped, visibly, where there is none."""
    url = os.environ.get("TEST_POSTGRES_URL", "")
    if not url:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing: set TEST_POSTGRES_URL")
        pytest.skip("PostgreSQL is missing: set TEST_POSTGRES_URL, or install it")
    return url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The URL of a Redis server; the test is skipped, visibly, where there is none."""
    url = os.environ.get("TEST_REDIS_URL", "")
    if not url:
        if os.environ.get("CI") == "true":
            pytest.fail("Redis is missing: set TEST_REDIS_URL")
        pytest.skip("Redis is missing: set TEST_REDIS_URL, or install it")
    return url


def _on_postgres(server: str, *statements: str) -> None:
    engine = sa.create_engine(script_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def fresh_postgres(server: str, kind: str) -> str:
    """An empty database of this process's own on the server, gone when the process ends."""
    name = f"llm_ui_{kind}_{os.getpid()}"
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    _on_postgres(server, drop, f'CREATE DATABASE "{name}"')
    atexit.register(_on_postgres, server, drop)
    url = sa.engine.make_url(server).set(database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> str:
    url = fresh_postgres(postgres_server, "test")
    migrate(url)
    return url


def empty(url: str) -> None:
    """Remove all rows."""
    engine = sa.create_engine(script_url(url))
    tables = [f'"{table.name}"' for table in reversed(metadata.sorted_tables)]
    # TRUNCATE makes the files of each table and index anew: a second, for the few rows of a test.
    with engine.begin() as connection:
        connection.execute(sa.text("; ".join(f"DELETE FROM {table}" for table in tables)))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database without rows, once for each kind."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_database")
    empty(url)
    return url


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test's failed sign-ins keep those of another one out of the log."""
    for name in ("_told", "_told_more", "_told_of_all"):
        monkeypatch.setattr(failed_sign_ins, name, Allowance(1000, 600))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The database, started as the application does it."""
    yield start_database(database_url)
    # What came is being read; that needs the database.
    await extraction.stop()
    await providers.close_adapters()
    await stop_database()


async def until(found: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until it is true."""
    for _ in range(int(seconds / 0.005)):
        if found():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"not within {seconds} s")


async def sign_up(name: str) -> tuple[Actor, authentication.SignedIn]:
    """Register somebody, who has typed their password once more; who they are, and their
    session."""
    signed_in = await authentication.register(
        f"{name}@example.org", name, PASSWORD, Client("127.0.0.1", "tests")
    )
    async with unit_of_work() as session:
        actor = await auth.resolve(session, signed_in.token)
        assert actor is not None
        await auth.confirm(session, actor.session_id)
    return replace(actor, is_confirmed=True), signed_in


class People:
    """Alice, Bob and Charlie, with their sessions' tokens."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.sessions: dict[str, authentication.SignedIn] = {}

    async def arrive(self) -> None:
        for name in ("alice", "bob", "charlie"):
            self.actors[name], self.sessions[name] = await sign_up(name)

    @property
    def alice(self) -> Actor:
        return self.actors["alice"]

    @property
    def bob(self) -> Actor:
        return self.actors["bob"]

    @property
    def charlie(self) -> Actor:
        return self.actors["charlie"]


@pytest.fixture
async def people(db: Database) -> People:
    found = People()
    await found.arrive()
    return found


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedServer]:
    """A model server that does as the test says."""
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def engine(db: Database) -> AsyncIterator[Engine]:
    """The engine, with the application's own `prepare` and `settle`."""
    yield start_engine(
        db, prompting.prepare, settlement.settle, settlement.unhandled, prompting.admit
    )
    await stop_engine(0.0)


@pytest.fixture
async def model_id(db: Database, people: People, upstream: ScriptedServer) -> str:
    """A model of the scripted server, reached as an OpenAI-compatible provider."""
    await providers.ensure_providers([Found("openai", "Scripted", f"{upstream.url}/v1", "key")])
    assert await providers.sync_all()
    async with unit_of_work(writes=False) as session:
        return (await models.list_models(session, people.bob))[0].id


@pytest.fixture
def settings_env(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Set environment variables as an operator would; settings are read anew."""
    from llm_ui.config import get_settings

    def put(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        get_settings.cache_clear()

    yield put
    monkeypatch.undo()
    get_settings.cache_clear()
