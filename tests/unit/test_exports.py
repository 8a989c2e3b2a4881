"""A person's archive prepared in the background: theirs alone, for a day."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import AppError, NotFound
from llm_ui.jobs.registry import RUNS
from llm_ui.jobs.runner import Runner
from llm_ui.models import BackgroundJob, ChatHistory, User
from llm_ui.models.base import now
from llm_ui.services.accounts import export_jobs
from llm_ui.services.operations import jobs
from tests.conftest import People


async def _unhandled(error: BaseException, where: str) -> AppError:
    raise error


@pytest.fixture(autouse=True)
def data(settings_env: Callable[[str, str], None], tmp_path: Path) -> Path:
    settings_env("DATA_DIR", str(tmp_path))
    return tmp_path


def names_in(archive: str) -> list[str]:
    with zipfile.ZipFile(archive) as packed:
        return packed.namelist()


async def prepared(db: Database, people: People) -> str:
    async with unit_of_work() as session:
        session.add(ChatHistory(user_id=people.bob.user_id, title="About walruses"))
        job = await export_jobs.ask(session, people.bob)
    await Runner(db, RUNS, jobs.KINDS, _unhandled).run(job.id)
    return job.id


async def change(job_id: str, **values: Any) -> None:
    async with unit_of_work() as session:
        statement = sa.update(BackgroundJob).where(col(BackgroundJob.job_id) == job_id)
        await session.execute(statement.values(**values))


async def test_the_archive_is_bobs_and_nobody_elses(db: Database, people: People):
    job_id = await prepared(db, people)
    async with unit_of_work(writes=False) as session:
        job = await jobs.get_own(session, people.bob, job_id)
        found = await export_jobs.locate(session, people.bob, job_id)
        assert (job.status, job.link) == ("done", f"/api/v1/jobs/{job_id}/file")
        assert any("About-walruses" in name for name in names_in(found.path))
        told = export_jobs.path_of(job_id).stat()
        assert told.st_size == job.result["bytes"]
        assert told.st_mode & 0o077 == 0, "others may read it"
        for outsider in (people.charlie, people.alice):
            with pytest.raises(NotFound):
                await export_jobs.locate(session, outsider, job_id)
        assert (await jobs.get_job(session, people.alice, job_id)).link == ""


async def test_after_a_day_it_is_gone(db: Database, people: People, data: Path):
    job_id = await prepared(db, people)
    await export_jobs.sweep()
    assert export_jobs.path_of(job_id).exists()
    row_result = {"link": "x", "expires_at": (now() - timedelta(minutes=1)).isoformat()}
    await change(job_id, finished_at=now() - timedelta(days=1, minutes=1), result=row_result)
    async with unit_of_work(writes=False) as session:
        with pytest.raises(NotFound):
            await export_jobs.locate(session, people.bob, job_id)
        assert (await jobs.get_own(session, people.bob, job_id)).link == ""
    await export_jobs.sweep()
    assert list((data / "exports").iterdir()) == []


async def test_it_goes_with_its_persons_account(db: Database, people: People, data: Path):
    job_id = await prepared(db, people)
    async with unit_of_work() as session:
        await session.execute(sa.delete(User).where(col(User.id) == people.bob.user_id))
    await export_jobs.sweep()
    assert not export_jobs.path_of(job_id).exists()


async def test_asking_twice_prepares_it_once(db: Database, people: People):
    async with unit_of_work() as session:
        one = await export_jobs.ask(session, people.bob)
        two = await export_jobs.ask(session, people.bob)
        other = await export_jobs.ask(session, people.charlie)
    assert one.id == two.id != other.id


async def test_nothing_is_prepared_for_somebody_who_may_not_come_in(db: Database, people: People):
    async with unit_of_work() as session:
        job = await export_jobs.ask(session, people.bob)
        bob = await session.get_one(User, people.bob.user_id)
        bob.is_active = False
    await Runner(db, RUNS, jobs.KINDS, _unhandled).run(job.id)
    async with unit_of_work(writes=False) as session:
        assert (await jobs.get_job(session, people.alice, job.id)).status == "failed"


async def test_what_a_killed_worker_left_goes(db: Database, people: People, data: Path):
    job_id = await prepared(db, people)
    half = export_jobs.path_of(job_id).with_suffix(".zip.part")
    half.write_bytes(b"half")
    await change(job_id, status="interrupted")
    await export_jobs.sweep()
    assert list((data / "exports").iterdir()) == []
