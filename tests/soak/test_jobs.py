"""A worker is killed in the middle of each kind of job: the job ends once and right."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bench.soak_kills import RESPAWN_S
from llm_ui.db import script_url
from llm_ui.models import ChatHistory, ChatMessage, MonitoringLog, PerformanceMetric, StoredFile
from llm_ui.models.base import new_id, now
from tests.states.served import Person, Server, model_server, serve
from tests.workers.conftest import scratch_database

ENDED_S = 200.0
CHATS, MESSAGES, LOGS = 40, 40, 9_000
FILES, FILE_BYTES = 8, 2_000_000
# Each test kills a worker, waits for the next one, and has the work done twice.
pytestmark = pytest.mark.timeout(500)
OVER = ("done", "failed", "cancelled", "interrupted")


@dataclass
class Stand:
    """A server with much to do, and its admin."""

    server: Server
    alice: Person
    data: Path
    is_sqlite: bool
    models: str = ""
    killed: float = 0.0

    def settle(self) -> None:
        """Let the last worker that was started again live long enough to be killed as well."""
        time.sleep(max(0.0, self.killed + RESPAWN_S - time.monotonic()))

    def kill(self, owner: str) -> None:
        """Take the process away that an owner's name names."""
        os.kill(int(owner.split(":")[1]), signal.SIGKILL)
        self.until(self._answers, "nobody answers")
        self.killed = time.monotonic()

    def get(self, path: str) -> Any:
        answer = self.server.rest(self.alice, "GET", path)
        answer.raise_for_status()
        return answer.json()

    def start(self, method: str, path: str, **body: Any) -> str:
        answer = self.server.rest(self.alice, method, path, **body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def row(self, job_id: str) -> Any:
        query = (
            "SELECT status, attempts, progress, note, owner FROM backgroundjob WHERE job_id = :id"
        )
        return self.server.rows(query, id=job_id)[0]

    def until(self, found: Callable[[], bool], what: str, seconds: float = ENDED_S) -> None:
        deadline = time.monotonic() + seconds
        while not found():
            assert time.monotonic() < deadline, f"{what}\n{self.server.log()[-3000:]}"
            time.sleep(0.005)

    def kill_in_the_middle(self, job_id: str) -> str:
        """Kill whoever runs the job, once it has said how far it is."""

        def is_in_the_middle() -> bool:
            row = self.row(job_id)
            assert row.status in ("queued", "running"), f"it was too quick to be killed: {row}"
            return row.status == "running" and bool(row.note)

        self.until(is_in_the_middle, "it did not begin")
        owner = str(self.row(job_id).owner)
        self.kill(owner)
        return owner

    def end(self, job_id: str) -> dict[str, Any]:
        """The job when it is over, as REST tells it, whoever answers by then."""
        self.until(lambda: self.row(job_id).status in OVER, "it never ended")
        found: dict[str, Any] = self.get(f"/admin/jobs/{job_id}")
        return found

    def _answers(self) -> bool:
        import httpx

        try:
            return httpx.get(f"{self.server.url}/health/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


def fill(url: str, data: Path, user_id: str) -> None:
    """Enough of everything that each job takes its time."""
    engine = sa.create_engine(script_url(url))
    old = now().replace(year=now().year - 3)
    chats = [{"id": new_id(), "user_id": user_id, "title": f"Zoo {n}"} for n in range(CHATS)]
    text = "The walrus and the carpenter were walking close at hand. " * 60
    messages = [
        {"id": new_id(), "chat_id": chat["id"], "role": "user", "content": f"{n} {text}"}
        for chat in chats
        for n in range(MESSAGES)
    ]
    (data / "files").mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(FILES):
        content = os.urandom(FILE_BYTES)
        row = {
            "id": new_id(),
            "user_id": user_id,
            "name": f"{number}.txt",
            "media_type": "text/plain",
            "kind": "text",
            "size": FILE_BYTES,
            "status": "ready",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        (data / "files" / row["id"]).write_bytes(content)
        files.append(row)
    with engine.begin() as connection:
        connection.execute(sa.insert(ChatHistory), chats)
        connection.execute(sa.insert(ChatMessage), messages)
        connection.execute(sa.insert(StoredFile), files)
        for table, values in (
            (MonitoringLog, {"log_type": "sign_in.ok"}),
            (PerformanceMetric, {"metric_name": "duration", "metric_value": 1.0}),
        ):
            rows = [{"id": new_id(), "created_at": old, **values} for _ in range(LOGS)]
            connection.execute(sa.insert(table), rows)
    engine.dispose()


def _stand(stack: ExitStack, folder: Path, url: str, **options: Any) -> Stand:
    models = stack.enter_context(model_server(folder))
    server = stack.enter_context(serve(folder, url, models, **options))
    alice = server.register("alice")
    fill(url, folder, alice.id)
    return Stand(server, alice, folder, url.startswith("sqlite"), models)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("twin", marks=pytest.mark.redis)])
def stand(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """One worker on SQLite; and two on PostgreSQL and Redis."""
    folder = tmp_path_factory.mktemp("jobs")
    with ExitStack() as stack:
        if request.param == "sqlite":
            shutil.copy(sqlite_template, folder / "test.db")
            yield _stand(stack, folder, f"sqlite:///{folder / 'test.db'}")
        else:
            redis = request.getfixturevalue("redis_url")
            server = request.getfixturevalue("postgres_server")
            url = scratch_database(server, "jobs")
            yield _stand(stack, folder, url, workers=2, REDIS_URL=redis)


def once_and_right(stand: Stand, path: str, **body: Any) -> dict[str, Any]:
    stand.settle()
    job_id = stand.start("POST", path, **body)
    killed = stand.kill_in_the_middle(job_id)
    job = stand.end(job_id)
    assert (job["status"], job["error"]) == ("done", None)
    assert job["attempts"] == 2
    assert stand.row(job_id).owner != killed
    return job


def test_a_backup(stand: Stand) -> None:
    job = once_and_right(stand, "/admin/jobs", job_type="backup")
    (backup,) = stand.get("/admin/backups")["items"]
    assert backup["name"] == job["result"]["name"]
    assert (backup["files"], backup["damaged"]) == (FILES, False)
    assert [path.name for path in (stand.data / "backups").iterdir()] == [backup["name"]]
    check = f"/admin/backups/{backup['name']}/check"
    tried = stand.end(stand.start("POST", check))
    assert (tried["status"], tried["error"]) == ("done", None)
    assert tried["result"]["rows"] == backup["rows"] > CHATS * MESSAGES + 2 * LOGS


def test_a_test_restore(stand: Stand) -> None:
    (backup,) = stand.get("/admin/backups")["items"]
    once_and_right(stand, f"/admin/backups/{backup['name']}/check")
    assert [path.name for path in (stand.data / "backups").iterdir()] == [backup["name"]]


def test_a_personal_archive(stand: Stand) -> None:
    job = once_and_right(stand, "/account/export")
    (archive,) = (stand.data / "exports").iterdir()
    assert archive.stat().st_size == job["result"]["bytes"]
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        assert len([name for name in names if name.endswith(".md")]) == CHATS
        assert len(json.loads(packed.read("files.json"))) == FILES


def test_a_new_index(stand: Stand) -> None:
    job = once_and_right(stand, "/admin/jobs", job_type="search_reindex")
    assert job["result"]["entries"] == CHATS * (MESSAGES + 1)
    found = stand.get("/search?q=walrus&limit=50")["items"]
    assert len(found) >= 5
    if stand.is_sqlite:
        with sqlite3.connect(stand.data / "test.db") as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert not any("aside" in name or "second" in name for name in tables)


def test_the_clean_up(stand: Stand) -> None:
    """What was deleted before the kill stays deleted, and the rest follows."""
    ledger = stand.server.rows("SELECT count(*) FROM usagelog")
    once_and_right(stand, "/admin/jobs", job_type="retention")
    for table in ("monitoringlog", "performancemetric"):
        left = stand.server.rows(
            f"SELECT count(*) FROM {table} WHERE created_at < :day", day=_day()
        )
        assert left[0][0] == 0, table
    assert stand.server.rows("SELECT count(*) FROM usagelog") == ledger


def test_a_model_download(stand: Stand) -> None:
    """What had come before the kill is not loaded again."""
    garage = {"name": "Garage", "provider_type": "ollama", "api_url": stand.models}
    provider = stand.start("POST", "/admin/providers", **garage)
    path = f"/admin/providers/{provider}"
    job = once_and_right(stand, f"{path}/pulls", model="slow:1b")
    assert job["result"]["model"] == "slow:1b"
    assert "slow:1b" in [each["name"] for each in stand.get(f"{path}/installed-models")["items"]]
    names = stand.server.rows("SELECT name FROM aimodel WHERE provider_id = :id", id=provider)
    assert ("slow:1b",) in [tuple(row) for row in names]


def _day() -> Any:
    return (now().replace(year=now().year - 2)).strftime("%Y-%m-%d")


def test_the_model_sync(stand: Stand) -> None:
    """It is over at once: several, until a kill meets one."""
    for _ in range(20):
        stand.settle()
        job_id = stand.start("POST", "/admin/jobs", job_type="models_sync")
        deadline = time.monotonic() + ENDED_S
        while stand.row(job_id).status == "queued" and time.monotonic() < deadline:
            time.sleep(0.001)
        row = stand.row(job_id)
        if row.status == "running":
            stand.kill(str(row.owner))
            job = stand.end(job_id)
            assert job["status"] == "done"
            if job["attempts"] == 2:
                break
    else:
        pytest.fail("no kill met the sync")
    assert job["result"]["models"] > 0
    names = stand.server.rows("SELECT provider_id, name FROM aimodel")
    assert len(names) == len(set(names))
