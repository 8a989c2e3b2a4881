"""What programs and load balancers are told while the database or the disk is away."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from llm_ui.db import Database
from llm_ui.generation import Engine
from llm_ui.services.catalogue import providers
from llm_ui.services.insights import readiness
from tests.api.conftest import Caller

AWAY = psycopg.OperationalError("connection refused")
FULL = sqlite3.OperationalError("database or disk is full")
LOCKED = sqlite3.OperationalError("database is locked")


@pytest.fixture
def database_fails(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make every unit of work fail with an error of a driver."""

    def fail(error: Exception) -> None:
        @asynccontextmanager
        async def work(*_: Any, **__: Any) -> AsyncIterator[None]:
            raise sa.exc.OperationalError("SELECT", {}, error)
            yield

        monkeypatch.setattr(Database, "unit_of_work", work)

    return fail


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(AWAY, 503, "database_away"), (LOCKED, 503, "database_away"), (FULL, 507, "disk_full")],
)
async def test_a_caller_is_told_what_is_away_and_not_a_number(
    bob: Caller, database_fails: Any, error: Exception, status: int, code: str
):
    database_fails(error)
    for method, path in (("GET", "/api/v1/chats"), ("POST", "/api/v1/chats")):
        answer = await bob.request(method, path, json={} if method == "POST" else None)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (status, code)
        assert "reference" not in told
        assert "connection" not in told["detail"]
    if status == 503:
        assert int(answer.headers["retry-after"]) > 0
    german = await bob.get("/api/v1/chats", headers={"Accept-Language": "de"})
    assert german.json()["detail"] != told["detail"]


async def test_a_mistake_of_ours_still_has_a_number(bob: Caller, database_fails: Any):
    database_fails(sqlite3.OperationalError("no such table: chathistory"))
    told = (await bob.get("/api/v1/chats")).json()
    assert told["status"] == 500
    assert told["reference"]


async def test_not_ready_while_the_database_is_away(
    visitor: Caller, engine: Engine, database_fails: Any
):
    database_fails(AWAY)
    answer = await visitor.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "down"


async def test_a_database_that_hangs_does_not_hang_the_check_nor_is_asked_twice(
    visitor: Caller, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    asked = 0
    answers = asyncio.Event()

    @asynccontextmanager
    async def work(*_: Any, **__: Any) -> AsyncIterator[None]:
        nonlocal asked
        asked += 1
        await answers.wait()
        raise sa.exc.OperationalError("SELECT", {}, AWAY)
        yield

    monkeypatch.setattr(readiness, "PATIENCE_S", 0.05)
    with monkeypatch.context() as patched:
        patched.setattr(readiness, "unit_of_work", work)
        for _ in range(3):
            answer = await visitor.get("/health/ready")
            assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "down")
        assert asked == 1
        answers.set()
        await readiness._looks["database"]
    monkeypatch.setattr(readiness, "PATIENCE_S", 30.0)
    assert (await visitor.get("/health/ready")).status_code == 200


async def test_not_ready_on_a_full_disk(
    visitor: Caller, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _: usage._replace(free=0))
    assert (await visitor.get("/health/ready")).json()["checks"]["disk"] == "full"
    monkeypatch.undo()

    def quota(*_: Any, **__: Any) -> None:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(readiness.tempfile, "mkstemp", quota)
    answer = await visitor.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"]["disk"]) == (503, "full")


async def test_not_ready_before_a_model_is_known_or_known_to_be_missing(
    visitor: Caller, engine: Engine
):
    providers.first_look.begin()
    try:
        answer = await visitor.get("/health/ready")
        assert (answer.status_code, answer.json()["checks"]["models"]) == (503, "loading")
    finally:
        # There is none and there will be none: that is for an admin to see, not to wait for.
        providers.first_look.end()
    assert (await visitor.get("/health/ready")).status_code == 200


async def test_ready_as_soon_as_there_is_a_model(visitor: Caller, engine: Engine, model_id: str):
    assert model_id
    providers.first_look.begin()
    try:
        assert (await visitor.get("/health/ready")).status_code == 200
    finally:
        providers.first_look.end()


@pytest.mark.parametrize(
    ("address", "is_there", "is_starting"),
    [("", True, True), ("", False, False), ("http://10.0.0.7:9931", True, False)],
)
def test_only_a_model_of_our_own_may_still_be_starting(
    settings_env: Callable[[str, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    is_there: bool,
    is_starting: bool,
):
    for name, value in (("DATA_DIR", str(tmp_path)), ("LLM_API_URL", address)):
        settings_env(name, value)
    file = tmp_path / "bundled.gguf"
    if is_there:
        file.touch()
    monkeypatch.setattr(providers, "bundled_model", lambda: file)
    assert providers.may_still_start() is False
    providers.first_look.begin()
    try:
        assert providers.may_still_start() is is_starting
    finally:
        providers.first_look.end()
