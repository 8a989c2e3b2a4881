"""Backups as admins see them: made by a job, tried out, kept, deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import AppError, NotAllowed, NotFound
from llm_ui.jobs.registry import RUNS
from llm_ui.jobs.runner import Runner
from llm_ui.models import StoredFile
from llm_ui.models.base import new_id
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.operations import backups, instance_settings, jobs
from tests.conftest import People


async def _unhandled(error: BaseException, where: str) -> AppError:
    raise error


@pytest.fixture(autouse=True)
def folder(settings_env: Callable[[str, str], None], tmp_path: Path, database_url: str) -> Path:
    settings_env("DATA_DIR", str(tmp_path))
    settings_env("DATABASE_URL", database_url)
    return tmp_path / "backups"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lay_down(folder: Path) -> list[str]:
    """Backups of three days that are over."""
    folder.mkdir(parents=True)
    names = [f"llm-ui-202611{day}-120000000000-01234567.zip" for day in (26, 27, 28)]
    for name in names:
        (folder / name).write_bytes(b"PK")
    return names


def put_in_the_way(folder: Path) -> None:
    folder.write_text("a file where the folder should be")


async def done(db: Database, people: People, asked: JobItem) -> JobItem:
    await Runner(db, RUNS, jobs.KINDS, _unhandled).run(asked.id)
    async with unit_of_work(writes=False) as session:
        return await jobs.get_job(session, people.alice, asked.id)


async def make(db: Database, people: People) -> JobItem:
    async with unit_of_work() as session:
        asked = await jobs.start(session, people.alice, "backup")
    return await done(db, people, asked)


async def test_a_backup_is_made_listed_and_said_to_restore_right(
    db: Database, people: People, folder: Path
):
    job = await make(db, people)
    (item,) = await backups.list_backups(people.alice)
    assert job.status == "done"
    assert job.made.startswith(item.name)
    assert (job.link, job.result["bytes"]) == (item.link, item.size)
    assert (folder / item.name).stat().st_size == item.size
    assert item.rows == job.result["rows"] >= 3
    assert not item.is_damaged
    async with unit_of_work() as session:
        asked = await backups.check(session, people.alice, item.name)
    tried = await done(db, people, asked)
    assert tried.status == "done", tried.error
    assert tried.result["rows"] == item.rows
    assert names_in(folder) == [item.name]


async def test_a_backup_that_lacks_a_file_says_so_and_replaces_no_whole_one(
    db: Database, people: People, folder: Path
):
    await make(db, people)
    file_id = new_id()
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, backups_kept=1)
        session.add(
            StoredFile(
                id=file_id,
                user_id=people.bob.user_id,
                name="a.txt",
                media_type="text/plain",
                kind="text",
                size=10,
                sha256="0" * 64,
                status="ready",
            )
        )
    job = await make(db, people)
    assert job.status == "failed"
    assert "1 file" in job.error
    lacking, whole = await backups.list_backups(people.alice)
    assert (lacking.missing, whole.missing) == (1, 0)
    assert lacking.name in job.error
    path = folder.parent / "files"
    path.mkdir()
    (path / file_id).write_text("here it is")
    again = await make(db, people)
    assert again.status == "done", again.error
    (last,) = await backups.list_backups(people.alice)
    assert (last.missing, last.files) == (0, 1)


async def test_a_job_that_is_run_again_after_its_backup_was_made_makes_no_second_one(
    db: Database, people: People, folder: Path
):
    async with unit_of_work() as session:
        asked = await jobs.start(session, people.alice, "backup")
    backups.make(asked.id, lambda *_, **__: None)
    made = folder / backups.name_for(asked.id)
    before = made.stat()
    assert (await done(db, people, asked)).status == "done"
    assert names_in(folder) == [made.name]
    assert made.stat().st_mtime_ns == before.st_mtime_ns


async def test_the_newest_are_kept_as_many_as_is_set(db: Database, people: People, folder: Path):
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, backups_kept=2)
    made = [(await make(db, people)).result["name"] for _ in range(3)]
    assert [each.name for each in await backups.list_backups(people.alice)] == made[:0:-1]
    (folder / "somebody-elses.zip").write_bytes(b"")
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, backups_kept=0)
    await make(db, people)
    assert len(await backups.list_backups(people.alice)) == 3
    assert (folder / "somebody-elses.zip").exists()


async def test_asking_for_many_pushes_out_no_backup_of_the_days_before(
    db: Database, people: People, folder: Path
):
    """Nobody deletes old backups without the password by making new ones."""
    days = lay_down(folder)
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, backups_kept=3)
    for _ in range(4):
        last = await make(db, people)
    assert names_in(folder) == sorted([*days[1:], last.result["name"]])


async def test_a_damaged_one_says_so_and_does_not_restore(
    db: Database, people: People, folder: Path
):
    name = (await make(db, people)).result["name"]
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    (item,) = await backups.list_backups(people.alice)
    assert item.is_damaged
    async with unit_of_work() as session:
        asked = await backups.check(session, people.alice, name)
    tried = await done(db, people, asked)
    assert tried.status == "failed"
    assert tried.error.startswith("This is not a valid backup, or it is damaged")


async def test_a_backup_is_deleted_for_good(db: Database, people: People, folder: Path):
    name = (await make(db, people)).result["name"]
    async with unit_of_work() as session:
        await backups.delete(session, people.alice, name)
    assert names_in(folder) == []
    async with unit_of_work() as session:
        with pytest.raises(NotFound):
            await backups.delete(session, people.alice, name)


@pytest.mark.parametrize(
    "name", ["../llm_ui.db", "..", "", "llm-ui-20260101-000000000000-00000000.zip"]
)
async def test_a_name_never_leads_elsewhere(db: Database, people: People, name: str):
    async with unit_of_work() as session:
        for verb in (backups.locate, backups.delete, backups.check):
            with pytest.raises(NotFound):
                await verb(session, people.alice, name)


async def test_bob_has_nothing_to_do_with_them(db: Database, people: People, folder: Path):
    name = (await make(db, people)).result["name"]
    with pytest.raises(NotAllowed):
        await backups.list_backups(people.bob)
    async with unit_of_work() as session:
        for verb in (backups.locate, backups.delete, backups.check):
            with pytest.raises(NotAllowed):
                await verb(session, people.bob, name)
    assert (folder / name).exists()


async def test_a_disk_that_cannot_be_written_fails_the_job_with_words(
    db: Database, people: People, folder: Path
):
    put_in_the_way(folder)
    job: Any = await make(db, people)
    assert job.status == "failed"
    assert job.error.startswith("The backup could not be written: ")


def test_names_sort_by_time():
    names = [backups.name_for(new_id()) for _ in range(3)]
    assert all(backups.NAME.fullmatch(name) for name in names)
    assert sorted(name[:22] for name in names) == [name[:22] for name in names]
