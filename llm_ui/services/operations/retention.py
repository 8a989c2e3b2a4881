"""Retention: deletes old log rows, metrics and finished jobs. The ledger is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.models import ACTIVE_JOBS, BackgroundJob, MonitoringLog, PerformanceMetric
from llm_ui.models.base import now
from llm_ui.services.operations import instance_settings

BATCH = 1000

Progress = Callable[..., Awaitable[None]]


async def apply(progress: Progress) -> dict[str, int]:
    """Delete what has exceeded its retention, a few rows at a time.

    Args:
        progress: `progress(fraction, note)`; an exception it raises aborts the job.

    Returns:
        how many log rows, metrics and jobs were deleted.
    """
    async with unit_of_work(writes=False) as session:
        kept = await instance_settings.load(session)
    gone = {"log": 0, "metrics": 0, "jobs": 0}
    over: list[sa.ColumnElement[bool]] = [~col(BackgroundJob.status).in_(ACTIVE_JOBS)]
    parts: list[tuple[str, Any, int, list[sa.ColumnElement[bool]]]] = [
        ("log", MonitoringLog, kept.log_days, []),
        ("metrics", PerformanceMetric, kept.metric_days, []),
        ("jobs", BackgroundJob, kept.log_days, over),
    ]
    for number, (name, table, days, which) in enumerate(parts):
        if not days:
            continue
        before = now() - timedelta(days=days)
        while True:
            await progress(number / len(parts), "jobs.note.removing", rows=sum(gone.values()))
            count = await _batch(table, before, which)
            gone[name] += count
            if count < BATCH:
                break
            # Let other tasks run between batches.
            await asyncio.sleep(0)
    return gone


async def _batch(table: Any, before: datetime, which: list[sa.ColumnElement[bool]]) -> int:
    (key,) = sa.inspect(table).primary_key
    old = sa.select(key).where(col(table.created_at) < before, *which).order_by(key).limit(BATCH)
    async with unit_of_work() as session:
        done = await session.execute(sa.delete(table).where(key.in_(old)))
        return cast("CursorResult[Any]", done).rowcount
