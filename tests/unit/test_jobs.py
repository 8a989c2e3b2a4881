"""Background jobs: asked for once, run once, whoever tries; and what becomes of them when
they are cancelled, when they fail, and when their worker dies."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import AppError, Conflict, InvalidInput, NotAllowed, NotFound, ProviderTimeout
from llm_ui.generation import owner
from llm_ui.i18n import catalogue
from llm_ui.jobs import Jobs
from llm_ui.jobs.context import JobContext, Run, Step
from llm_ui.jobs.registry import RUNS
from llm_ui.jobs.runner import MOST_ATTEMPTS, STALE_AFTER, Runner
from llm_ui.models import BackgroundJob, MonitoringLog
from llm_ui.models.base import now
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.operations import instance_settings, jobs
from llm_ui.services.operations.jobs import Kind
from tests.conftest import People, until

DEAD = "0123456789abcdef01234567:17"
ELSEWHERE = "another-machine:17:99"
KINDS = {"work": Kind(), "once": Kind(repeatable=False), **jobs.KINDS}


@pytest.fixture(autouse=True)
def left_by_the_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of this machine that is gone: its lock is free."""
    monkeypatch.setattr(owner, "_own", owner._Own())
    owner.begin(tmp_path)
    lock = tmp_path / owner.FOLDER / f"{DEAD.partition(':')[0]}{owner.SUFFIX}"
    lock.write_text(owner.boot_id())


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two kinds of the tests' own beside the application's."""
    for name, kind in KINDS.items():
        monkeypatch.setitem(jobs.KINDS, name, kind)


async def _unhandled(error: BaseException, where: str) -> AppError:
    return AppError("error.internal", reference=type(error).__name__)


def runner(db: Database, run: Run, owner: str = "one", **options: Any) -> Runner:
    return Runner(db, {"work": run, "once": run}, KINDS, _unhandled, owner, **options)


class Work:
    """A job that goes on until it is told to end, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.release = asyncio.Event()

    async def __call__(self, job: JobContext) -> dict[str, Any]:
        self.begun += 1
        try:
            while not self.release.is_set():
                await job.progress(0.25, "jobs.note.asking")
                await asyncio.sleep(0.01)
        finally:
            self.ended += 1
        return {"attempt": job.attempt, **job.payload}


async def ask(people: People, kind: str = "work", **options: Any) -> str:
    async with unit_of_work() as session:
        return (await jobs.enqueue(session, people.alice, kind, **options)).id


async def look(people: People, job_id: str) -> JobItem:
    async with unit_of_work(writes=False) as session:
        return await jobs.get_job(session, people.alice, job_id)


async def seen(people: People, job_id: str, found: Callable[[JobItem], bool]) -> JobItem:
    """The job as it is when it is so."""
    async with asyncio.timeout(20):
        while True:
            item = await look(people, job_id)
            if found(item):
                return item
            await asyncio.sleep(0.01)


async def change(job_id: str, **values: Any) -> None:
    async with unit_of_work() as session:
        statement = sa.update(BackgroundJob).where(col(BackgroundJob.job_id) == job_id)
        await session.execute(statement.values(**values))


async def row(job_id: str) -> BackgroundJob:
    async with unit_of_work(writes=False) as session:
        return await session.get_one(BackgroundJob, job_id)


# --- one job ---------------------------------------------------------------------------------


async def test_a_job_runs_and_says_what_came_of_it(db: Database, people: People):
    async def run(job: JobContext) -> dict[str, Any]:
        await job.progress(0.5, "jobs.note.asking")
        return {"models": 1234, "providers": 1, "down": 0}

    asked = await ask(people, "models_sync")
    assert (await look(people, asked)).status == "queued"
    await Runner(db, {"models_sync": run}, jobs.KINDS, _unhandled).run(asked)
    done = await look(people, asked)
    assert (done.status, done.progress, done.error) == ("done", 1.0, "")
    assert done.made == "Models: 1,234 · providers: 1"
    assert (done.user, done.attempts) == ("alice", 1)
    assert done.duration_ms >= 0


async def test_while_it_runs_it_is_seen_how_far_it_is(db: Database, people: People):
    work, asked = Work(), await ask(people)
    task = asyncio.create_task(runner(db, work).run(asked))
    await until(lambda: work.begun)
    running = await seen(people, asked, lambda job: job.progress > 0)
    assert (running.status, running.progress) == ("running", 0.25)
    assert running.note == "Querying the providers"
    work.release.set()
    await task
    assert (await look(people, asked)).note == ""


async def test_an_error_that_was_meant_is_told_in_the_readers_language(
    db: Database, people: People
):
    async def run(job: JobContext) -> dict[str, Any]:
        raise ProviderTimeout("connect", 3)

    asked = await ask(people)
    await runner(db, run).run(asked)
    failed = await look(people, asked)
    assert (failed.status, failed.can_retry) == ("failed", True)
    assert failed.error.startswith("The provider did not answer within 3 seconds.")
    german = replace(people.alice, language="de")
    async with unit_of_work(writes=False) as session:
        told = await jobs.get_job(session, german, asked)
    assert told.error.startswith("Der Anbieter hat nach 3 Sekunden noch nicht geantwortet.")


async def test_an_error_nobody_expected_fails_the_job_with_a_reference(
    db: Database, people: People
):
    async def run(job: JobContext) -> dict[str, Any]:
        raise ZeroDivisionError

    asked = await ask(people)
    await runner(db, run).run(asked)
    assert "ZeroDivisionError" in (await look(people, asked)).error


async def test_a_kind_that_this_version_does_not_know_fails(db: Database, people: People):
    asked = await ask(people)
    await change(asked, job_type="of_tomorrow")
    await runner(db, Work()).run(asked)
    error = (await look(people, asked)).error
    assert error == "This version does not support this type of job. Update LLM UI first."


# --- never twice -------------------------------------------------------------------------------


async def test_many_workers_that_try_at_once_run_it_once(db: Database, people: People):
    work, asked = Work(), await ask(people)
    work.release.set()
    runners = [runner(db, work, f"worker-{number}") for number in range(8)]
    await asyncio.gather(*(each.run(asked) for each in runners for _ in range(3)))
    assert work.begun == 1
    assert (await look(people, asked)).attempts == 1


async def test_many_jobs_and_two_workers_each_job_once(db: Database, people: People):
    done: list[str] = []

    async def run(job: JobContext) -> dict[str, Any]:
        done.append(job.id)
        await asyncio.sleep(0)
        return {}

    asked = [await ask(people) for _ in range(12)]
    runners = [runner(db, run, f"worker-{number}") for number in range(2)]
    await asyncio.gather(*(each.run(job_id) for job_id in asked for each in runners))
    assert sorted(done) == sorted(asked)


async def test_with_a_key_there_is_one_at_a_time_whoever_asks(db: Database, people: People):
    asked = await asyncio.gather(*(ask(people, key="same") for _ in range(6)))
    assert len(set(asked)) == 1
    work = Work()
    work.release.set()
    await runner(db, work).run(asked[0])
    assert await ask(people, key="same") != asked[0], "it is over: the next one is a new one"


async def test_two_jobs_at_once_are_enough_for_a_worker(db: Database, people: People):
    work = Work()
    asked = [await ask(people) for _ in range(4)]
    one = runner(db, work)
    tasks = [asyncio.create_task(one.run(job_id)) for job_id in asked]
    await until(lambda: work.begun == 2)
    await asyncio.sleep(0.05)
    assert work.begun == 2
    assert [(await look(people, job_id)).status for job_id in asked[2:]] == ["queued"] * 2
    work.release.set()
    await asyncio.gather(*tasks)
    assert work.begun == 4


# --- cancelling, beginning again ---------------------------------------------------------------


async def cancel(people: People, job_id: str) -> JobItem:
    async with unit_of_work() as session:
        return await jobs.cancel(session, people.alice, job_id)


async def retry(people: People, job_id: str) -> JobItem:
    async with unit_of_work() as session:
        return await jobs.retry(session, people.alice, job_id)


async def test_a_job_that_waits_is_cancelled_at_once(db: Database, people: People):
    work, asked = Work(), await ask(people)
    assert (await cancel(people, asked)).status == "cancelled"
    await runner(db, work).run(asked)
    assert work.begun == 0


async def test_a_running_job_stops_where_it_says_how_far_it_is(db: Database, people: People):
    work, asked = Work(), await ask(people)
    one = runner(db, work)
    task = asyncio.create_task(one.run(asked))
    await until(lambda: work.begun)
    told = await cancel(people, asked)
    assert told.cancel_requested
    assert not told.can_cancel
    await one.beat()
    await task
    assert work.ended == 1
    assert (await look(people, asked)).status == "cancelled"


async def test_a_job_that_says_nothing_is_ended_when_patience_is_over(db: Database, people: People):
    async def run(job: JobContext) -> dict[str, Any]:
        await asyncio.sleep(600)
        return {}

    asked = await ask(people)
    one = runner(db, run, patience=0.05)
    task = asyncio.create_task(one.run(asked))
    await seen(people, asked, lambda job: job.status == "running")
    await cancel(people, asked)
    await one.beat()
    await task
    assert (await look(people, asked)).status == "cancelled"


async def test_work_in_a_thread_is_stopped_too_and_nothing_goes_on_behind(
    db: Database, people: People
):
    steps: list[float] = []

    def count(step: Step) -> None:
        while True:
            steps.append(time.monotonic())
            step(0.5, "jobs.note.asking")
            time.sleep(0.005)

    async def run(job: JobContext) -> dict[str, Any]:
        await job.in_thread(count)
        return {}

    asked = await ask(people)
    one = runner(db, run)
    task = asyncio.create_task(one.run(asked))
    await seen(people, asked, lambda job: job.progress == 0.5)
    await cancel(people, asked)
    await one.beat()
    await task
    after = len(steps)
    await asyncio.sleep(0.05)
    assert len(steps) == after
    assert (await look(people, asked)).status == "cancelled"


async def test_what_is_over_is_not_cancelled_and_what_is_done_not_done_again(
    db: Database, people: People
):
    work, asked = Work(), await ask(people)
    work.release.set()
    await runner(db, work).run(asked)
    with pytest.raises(Conflict):
        await cancel(people, asked)
    with pytest.raises(Conflict):
        await retry(people, asked)


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
async def test_a_job_begins_again_as_if_it_were_new(db: Database, people: People, status: str):
    work = Work()
    work.release.set()
    asked = await ask(people, payload={"n": 7})
    await change(asked, status=status, error="error.not_found", attempts=3, cancel_requested=True)
    again = await retry(people, asked)
    assert (again.status, again.error, again.attempts) == ("queued", "", 0)
    await runner(db, work).run(asked)
    done = await look(people, asked)
    assert (done.status, done.result) == ("done", {"attempt": 1, "n": 7})


async def test_a_job_does_not_begin_again_beside_another_one_of_its_key(
    db: Database, people: People
):
    old = await ask(people, key="same")
    await change(old, status="failed")
    await ask(people, key="same")
    with pytest.raises(Conflict) as refused:
        await retry(people, old)
    assert refused.value.message_key == "error.job_waiting"


# --- a worker's death ----------------------------------------------------------------------------


async def dying(people: People, kind: str = "work", **values: Any) -> str:
    """A job as a worker leaves it that was killed in the middle of it."""
    asked = await ask(people, kind)
    left = {"status": "running", "owner": DEAD, "attempts": 1, "heartbeat_at": now(), **values}
    await change(asked, **left)
    return asked


async def test_a_job_whose_worker_died_is_run_again(db: Database, people: People):
    work = Work()
    work.release.set()
    asked = await dying(people)
    await runner(db, work).reap()
    done = await seen(people, asked, lambda job: job.status not in ("queued", "running"))
    assert (done.status, done.attempts) == ("done", 2)


async def test_workers_that_find_it_at_once_run_it_again_once(db: Database, people: People):
    work = Work()
    asked = await dying(people)
    workers = [runner(db, work, f"worker-{number}") for number in range(4)]
    await asyncio.gather(*(each.reap() for each in workers))
    await until(lambda: work.begun)
    await asyncio.sleep(0.05)
    assert work.begun == 1
    work.release.set()
    for each in workers:
        await each.stop(5.0)
    assert (await look(people, asked)).attempts == 2


async def test_what_may_not_be_repeated_is_shown_as_interrupted(db: Database, people: People):
    work, asked = Work(), await dying(people, "once")
    await runner(db, work).reap()
    left = await look(people, asked)
    assert (left.status, left.can_retry, work.begun) == ("interrupted", True, 0)
    assert "stopped while it was running" in left.error


async def test_a_job_that_kills_its_workers_is_given_up(db: Database, people: People):
    work, asked = Work(), await dying(people, attempts=MOST_ATTEMPTS)
    await runner(db, work).reap()
    assert (await look(people, asked)).status == "interrupted"


async def test_a_job_that_was_to_stop_when_its_worker_died_is_cancelled(
    db: Database, people: People
):
    work, asked = Work(), await dying(people, cancel_requested=True)
    await runner(db, work).reap()
    assert (await look(people, asked)).status == "cancelled"


async def test_a_job_of_a_living_worker_is_left_alone(db: Database, people: People):
    work, asked = Work(), await dying(people, owner=ELSEWHERE)
    await runner(db, work).reap()
    assert (await look(people, asked)).status == "running"
    assert work.begun == 0


async def test_a_worker_that_lost_a_job_stops_it_and_says_nothing_more(
    db: Database, people: People
):
    """It was cut off from the database for so long that another one took the job."""
    slow, quick = Work(), Work()
    asked = await ask(people)
    one, two = runner(db, slow, ELSEWHERE), runner(db, quick, "two")
    task = asyncio.create_task(one.run(asked))
    await until(lambda: slow.begun)
    await change(asked, heartbeat_at=now() - 2 * STALE_AFTER)
    await two.reap()
    await until(lambda: quick.begun)
    await one.beat()
    await task
    assert slow.ended == 1
    assert (await look(people, asked)).status == "running"
    quick.release.set()
    await two.stop(5.0)
    assert (await look(people, asked)).result == {"attempt": 2}


async def test_a_worker_that_shows_itself_alive_at_the_last_moment_keeps_its_job(
    db: Database, people: People
):
    from llm_ui.jobs import store

    asked = await dying(people, owner=ELSEWHERE, heartbeat_at=now() - 2 * STALE_AFTER)
    async with unit_of_work(writes=False) as session:
        (seen,) = await store.running(session)
    async with unit_of_work() as session:
        await store.beat(session, ELSEWHERE, [asked])
    async with unit_of_work() as session:
        assert not await store.requeue_dead(session, seen)
        assert not await store.end_dead(session, seen, "interrupted")


async def test_a_queued_job_that_nobody_was_told_of_is_found(db: Database, people: People):
    work = Work()
    work.release.set()
    asked = await ask(people)
    await change(asked, created_at=now() - timedelta(minutes=1))
    await runner(db, work).reap()
    await until(lambda: work.ended)


async def test_an_orderly_stop_hands_jobs_back_and_does_not_count(db: Database, people: People):
    work, last = Work(), Work()
    asked, single = await ask(people), await ask(people, "once")
    one = runner(db, work)
    one.begin(asked)
    one.begin(single)
    await until(lambda: work.begun == 2)
    await one.stop(0.0)
    assert work.ended == 2
    handed = await row(asked)
    assert (handed.status, handed.attempts, handed.owner) == ("queued", 0, None)
    assert (await look(people, single)).status == "interrupted"
    last.release.set()
    await runner(db, last, "two").run(asked)
    assert (await look(people, asked)).status == "done"


async def test_a_stop_lets_a_job_end_by_itself_for_a_while(db: Database, people: People):
    work, asked = Work(), await ask(people)
    one = runner(db, work)
    one.begin(asked)
    await until(lambda: work.begun)
    asyncio.get_running_loop().call_later(0.05, work.release.set)
    await one.stop(10.0)
    assert (await look(people, asked)).status == "done"


async def test_a_worker_that_stops_takes_no_more(db: Database, people: People):
    work, asked = Work(), await ask(people)
    one = runner(db, work)
    await one.stop(0.0)
    await one.run(asked)
    assert (await look(people, asked)).status == "queued"


# --- who may -------------------------------------------------------------------------------------


async def test_only_admins_ask_for_such_jobs_and_see_them(db: Database, people: People):
    asked = await ask(people)
    for act in (
        lambda s: jobs.enqueue(s, people.bob, "work"),
        lambda s: jobs.start(s, people.bob, "backup"),
        lambda s: jobs.list_jobs(s, people.bob),
    ):
        async with unit_of_work() as session:
            with pytest.raises(NotAllowed):
                await act(session)
    for verb in (jobs.get_job, jobs.cancel, jobs.retry, jobs.get_own):
        async with unit_of_work() as session:
            with pytest.raises(NotFound):
                await verb(session, people.bob, asked)


async def test_a_job_of_bobs_own_is_his_and_the_admins_but_not_charlies(
    db: Database, people: People
):
    async with unit_of_work() as session:
        asked = await jobs.enqueue(session, people.bob, "export_archive", key="mine")
        other = await jobs.enqueue(session, people.charlie, "export_archive", key="mine")
        assert asked.id != other.id, "one person's key is not another one's"
        assert [each.id for each in (await jobs.list_own(session, people.bob)).items] == [asked.id]
        assert (await jobs.get_own(session, people.bob, asked.id)).user == "bob"
        assert (await jobs.get_job(session, people.alice, asked.id)).user == "bob"
        for verb in (jobs.get_own, jobs.get_job, jobs.cancel, jobs.retry):
            with pytest.raises(NotFound):
                await verb(session, people.charlie, asked.id)


@pytest.mark.parametrize("kind", ["no_such_kind", "backup_check", "export_archive", ""])
async def test_what_needs_to_know_more_is_not_started_by_a_click(
    db: Database, people: People, kind: str
):
    async with unit_of_work() as session:
        with pytest.raises(InvalidInput):
            await jobs.start(session, people.alice, kind)


async def test_what_admins_do_with_jobs_is_in_the_log(db: Database, people: People):
    asked = await ask(people)
    await cancel(people, asked)
    await retry(people, asked)
    async with unit_of_work(writes=False) as session:
        query = sa.select(MonitoringLog).where(col(MonitoringLog.log_type).startswith("admin.job"))
        kinds = [each.log_type for each in await session.scalars(query.order_by(MonitoringLog.id))]  # type: ignore[arg-type]
    assert kinds == ["admin.job_started", "admin.job_cancelled", "admin.job_retried"]


async def test_a_list_is_filtered_and_goes_on(db: Database, people: People):
    asked = [await ask(people) for _ in range(5)]
    await change(asked[0], status="failed")
    async with unit_of_work(writes=False) as session:
        failed = await jobs.list_jobs(session, people.alice, status="failed", kind="work")
        none = await jobs.list_jobs(session, people.alice, kind="backup")
        first = await jobs.list_jobs(session, people.alice, limit=3)
        rest = await jobs.list_jobs(session, people.alice, limit=3, cursor=first.next_cursor)
    assert [each.id for each in failed.items] == [asked[0]]
    assert none.items == []
    assert [each.id for each in (*first.items, *rest.items)] == asked[::-1]
    assert rest.next_cursor is None


# --- by itself ---


async def due() -> list[str]:
    async with unit_of_work() as session:
        await jobs.schedule_due(session)
        return sorted(await session.scalars(sa.select(col(BackgroundJob.job_type))))


async def test_retention_comes_once_a_day_and_backups_as_often_as_is_set(
    db: Database, people: People
):
    assert await due() == ["retention"]
    assert await due() == ["retention"]
    async with unit_of_work() as session:
        await instance_settings.change(session, people.alice, backup_days=7)
    assert await due() == ["backup", "retention"]
    async with unit_of_work() as session:
        week_ago = now() - timedelta(days=7, minutes=1)
        await session.execute(sa.update(BackgroundJob).values(status="done", created_at=week_ago))
    assert await due() == ["backup", "backup", "retention", "retention"]


async def test_workers_that_look_at_once_queue_it_once(db: Database, people: People):
    await asyncio.gather(*(due() for _ in range(6)))
    assert await due() == ["retention"]


# --- all of it together ---


@pytest.fixture(params=["", pytest.param("redis", marks=pytest.mark.redis), "gone"])
async def start(request: pytest.FixtureRequest, db: Database) -> AsyncIterator[Callable[[], Any]]:
    """Starts workers, which take jobs in-process, from Redis, or from one that is away."""
    url = {"": None, "gone": "redis://127.0.0.1:9/0"}.get(request.param, "")
    if url == "":
        url = request.getfixturevalue("redis_url")
    running: list[Jobs] = []

    async def begin() -> Jobs:
        made = Jobs(db, url, f"llm_ui_test:{os.getpid()}")
        made.runner.owner = f"worker-{len(running)}"
        await made.start()
        running.append(made)
        return made

    yield begin
    for each in running:
        await each.stop(5.0)


async def test_a_job_is_begun_as_soon_as_it_was_asked_for(
    db: Database, people: People, start: Callable[[], Any]
):
    await start()
    await start()
    asked = [await ask(people, "retention") for _ in range(6)]
    for job_id in asked:
        await seen(people, job_id, lambda job: job.status == "done")
    assert [(await row(job_id)).attempts for job_id in asked] == [1] * 6


def test_every_kind_is_done_by_something_and_has_words():
    own = {name for name in jobs.KINDS if name not in ("work", "once")}
    assert own == set(RUNS)
    for name in own:
        assert f"jobs.made.{name}" in catalogue(), name
        assert f"jobs.kind.{name}" in catalogue(), name
