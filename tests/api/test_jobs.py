"""Background jobs and backups over REST: what admins do, and what nobody else does."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.jobs import Jobs
from llm_ui.models import BackgroundJob, MonitoringLog
from tests.api.conftest import Caller
from tests.conftest import People

ADMIN = "/api/v1/admin/jobs"
BACKUPS = "/api/v1/admin/backups"
OWN = "/api/v1/jobs"
NAME = "llm-ui-20260101-000000000000-00000000.zip"


@pytest.fixture(autouse=True)
def data(settings_env: Callable[[str, str], None], tmp_path: Path, database_url: str) -> Path:
    settings_env("DATA_DIR", str(tmp_path))
    settings_env("DATABASE_URL", database_url)
    return tmp_path


@pytest.fixture
async def worker(db: Database) -> AsyncIterator[Jobs]:
    """Somebody who does the work, as in the running application."""
    jobs = Jobs(db)
    await jobs.start()
    yield jobs
    await jobs.stop(5.0)


async def ended(caller: Caller, route: str, job_id: str) -> dict[str, Any]:
    """The job when it is over."""
    async with asyncio.timeout(60):
        while True:
            found: dict[str, Any] = (await caller.get(f"{route}/{job_id}")).json()
            if found["status"] not in ("queued", "running"):
                return found
            await asyncio.sleep(0.02)


async def test_alice_makes_a_backup_takes_it_away_and_deletes_it(
    worker: Jobs, alice: Caller, people: People
):
    started = await alice.post(ADMIN, json={"job_type": "backup"})
    assert started.status_code == 202
    job = await ended(alice, ADMIN, started.json()["id"])
    assert (job["status"], job["error"], job["user"]) == ("done", None, "alice")
    (backup,) = (await alice.get(BACKUPS)).json()["items"]
    assert backup["name"] == job["result"]["name"]
    assert not backup["damaged"]
    taken = await alice.get(job["link"])
    assert taken.headers["cache-control"] == "private, no-store"
    assert len(taken.content) == backup["size"]
    with zipfile.ZipFile(io.BytesIO(taken.content)) as packed:
        assert "manifest.json" in packed.namelist()
    checked = await alice.post(f"{BACKUPS}/{backup['name']}/check")
    assert checked.status_code == 202
    tried = await ended(alice, ADMIN, checked.json()["id"])
    assert (tried["status"], tried["error"]) == ("done", None)
    assert (await alice.delete(f"{BACKUPS}/{backup['name']}")).status_code == 204
    assert (await alice.get(BACKUPS)).json()["items"] == []
    async with unit_of_work(writes=False) as session:
        kinds = set(await session.scalars(sa.select(col(MonitoringLog.log_type))))
    assert {"admin.backup_downloaded", "admin.backup_deleted", "admin.job_started"} <= kinds


async def test_alice_lists_filters_cancels_and_starts_again(alice: Caller, people: People):
    first = (await alice.post(ADMIN, json={"job_type": "retention"})).json()
    again = (await alice.post(ADMIN, json={"job_type": "retention"})).json()
    assert again["id"] == first["id"], "one of a kind at a time"
    other = (await alice.post(ADMIN, json={"job_type": "models_sync"})).json()
    listed = (await alice.get(ADMIN, params={"limit": 1})).json()
    assert [each["id"] for each in listed["items"]] == [other["id"]]
    rest = (await alice.get(ADMIN, params={"cursor": listed["next_cursor"]})).json()
    assert [each["id"] for each in rest["items"]] == [first["id"]]
    cancelled = await alice.post(f"{ADMIN}/{first['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert (await alice.post(f"{ADMIN}/{first['id']}/cancel")).status_code == 409
    filtered = (
        await alice.get(ADMIN, params={"status": "cancelled", "job_type": "retention"})
    ).json()
    assert [each["id"] for each in filtered["items"]] == [first["id"]]
    retried = await alice.post(f"{ADMIN}/{first['id']}/retry")
    assert (retried.status_code, retried.json()["status"]) == (202, "queued")
    assert (await alice.post(f"{ADMIN}/{first['id']}/retry")).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"job_type": "backup_check"}, 422),
        ({"job_type": "rm -rf"}, 422),
        ({}, 422),
        ({"job_type": 1}, 422),
    ],
)
async def test_what_cannot_be_started_is_refused(alice: Caller, body, status):
    assert (await alice.post(ADMIN, json=body)).status_code == status
    async with unit_of_work(writes=False) as session:
        assert not list(await session.scalars(sa.select(BackgroundJob)))


@pytest.mark.parametrize("wanted", [{"status": "lost"}, {"cursor": "nonsense"}, {"limit": 0}])
async def test_a_list_that_cannot_be_is_refused(alice: Caller, wanted):
    assert (await alice.get(ADMIN, params=wanted)).status_code == 422


READS = (ADMIN, f"{ADMIN}/x", BACKUPS, f"{BACKUPS}/{NAME}/content")
CHANGES = (
    ("POST", ADMIN),
    ("POST", f"{ADMIN}/x/cancel"),
    ("POST", f"{ADMIN}/x/retry"),
    ("POST", f"{BACKUPS}/{NAME}/check"),
    ("DELETE", f"{BACKUPS}/{NAME}"),
)


async def test_nobody_else_reads_or_changes_anything(bob: Caller, charlie: Caller, visitor: Caller):
    for method, route in (*(("GET", each) for each in READS), *CHANGES):
        body = {"json": {"job_type": "backup"}} if route == ADMIN and method == "POST" else {}
        assert (await visitor.request(method, route, **body)).status_code == 401, route
        for outsider in (bob, charlie):
            answer = await outsider.request(method, route, **body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), route
    async with unit_of_work(writes=False) as session:
        assert not list(await session.scalars(sa.select(BackgroundJob)))


async def test_changes_need_the_csrf_token(alice: Caller):
    del alice.headers["X-CSRF-Token"]
    for method, route in (*CHANGES, ("POST", "/api/v1/account/export")):
        assert (await alice.request(method, route)).json()["code"] == "csrf_refused", route


async def test_what_is_not_there_is_not_found(alice: Caller):
    for method, route in (*(("GET", each) for each in READS[1::2]), *CHANGES[1:]):
        assert (await alice.request(method, route)).status_code == 404, route


# --- one's own archive ---------------------------------------------------------------------


async def test_bob_has_his_archive_prepared_and_fetches_it(worker: Jobs, bob: Caller):
    asked = await bob.post("/api/v1/account/export")
    assert asked.status_code == 202
    job = await ended(bob, OWN, asked.json()["id"])
    assert (job["status"], job["job_type"]) == ("done", "export_archive")
    taken = await bob.get(job["link"])
    assert taken.headers["content-type"] == "application/zip"
    assert taken.headers["cache-control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(taken.content)) as packed:
        assert "account.json" in packed.namelist()
    assert [each["id"] for each in (await bob.get(OWN)).json()["items"]] == [job["id"]]


async def test_an_archive_is_its_persons_alone(
    worker: Jobs, alice: Caller, bob: Caller, charlie: Caller, visitor: Caller
):
    asked = (await bob.post("/api/v1/account/export")).json()
    job = await ended(bob, OWN, asked["id"])
    one = f"{OWN}/{job['id']}"
    for route in (one, f"{one}/file"):
        assert (await visitor.get(route)).status_code == 401
        for outsider in (charlie, alice):
            assert (await outsider.get(route)).status_code == 404, route
    assert (await charlie.post(f"{one}/cancel")).status_code == 404
    assert (await charlie.get(OWN)).json()["items"] == []
    seen = (await alice.get(f"{ADMIN}/{job['id']}")).json()
    assert (seen["user"], seen["link"]) == ("bob", None)


async def test_bob_changes_his_mind(bob: Caller):
    asked = (await bob.post("/api/v1/account/export")).json()
    assert (await bob.post(f"{OWN}/{asked['id']}/cancel")).json()["status"] == "cancelled"
    assert (await bob.get(f"{OWN}/{asked['id']}/file")).status_code == 404


async def test_an_admins_jobs_are_no_users_jobs(alice: Caller, bob: Caller):
    started = (await alice.post(ADMIN, json={"job_type": "backup"})).json()
    for caller in (alice, bob):
        assert (await caller.get(OWN)).json()["items"] == []
        assert (await caller.get(f"{OWN}/{started['id']}")).status_code == 404
