"""Old rows go, as the installation says; the ledger stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from llm_ui.db import Database, unit_of_work
from llm_ui.models import BackgroundJob, MonitoringLog, PerformanceMetric, UsageLog
from llm_ui.models.base import now
from llm_ui.services.operations import instance_settings, retention
from tests.conftest import People


async def quiet(*_: Any, **__: Any) -> None:
    """Nobody asks how far it is."""


async def put(days: int) -> None:
    made: dict[str, Any] = {"created_at": now() - timedelta(days=days)}
    async with unit_of_work() as session:
        session.add_all(
            [
                MonitoringLog(log_type="sign_in.ok", **made),
                PerformanceMetric(metric_name="duration", metric_value=1.0, **made),
                UsageLog(**made),
                BackgroundJob(job_type="backup", status="done", **made),
                BackgroundJob(job_type="backup", status="running", **made),
            ]
        )


async def left() -> dict[str, int]:
    async with unit_of_work(writes=False) as session:
        return {
            table.__name__: await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (MonitoringLog, PerformanceMetric, UsageLog, BackgroundJob)
        }


async def keep(people: People, **days: int) -> None:
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, **days)
    async with unit_of_work() as session:
        await session.execute(sa.delete(MonitoringLog))


async def test_what_is_older_than_its_days_goes(db: Database, people: People):
    await keep(people, log_days=30, metric_days=10)
    for days in (1, 20, 40):
        await put(days)
    gone = await retention.apply(quiet)
    assert gone == {"log": 1, "metrics": 2, "jobs": 1}
    assert await left() == {
        "MonitoringLog": 2,
        "PerformanceMetric": 1,
        "UsageLog": 3,
        "BackgroundJob": 5,
    }
    assert await retention.apply(quiet) == {"log": 0, "metrics": 0, "jobs": 0}


async def test_nothing_goes_where_rows_are_kept_for_ever(db: Database, people: People):
    await keep(people, log_days=0, metric_days=0)
    await put(3000)
    assert await retention.apply(quiet) == {"log": 0, "metrics": 0, "jobs": 0}


async def test_many_rows_go_a_few_at_a_time_and_a_stop_between_them_is_no_loss(
    db: Database, people: People
):
    await keep(people, log_days=1)
    old = now() - timedelta(days=2)
    async with unit_of_work() as session:
        session.add_all(MonitoringLog(log_type="sign_in.ok", created_at=old) for _ in range(2300))
    turns: list[int] = []

    async def progress(_: float, note: str, rows: int) -> None:
        turns.append(rows)
        if len(turns) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await retention.apply(progress)
    assert (await left())["MonitoringLog"] == 1300
    gone = await retention.apply(progress)
    assert gone["log"] == 1300
    assert turns[:4] == [0, 1000, 0, 1000]
