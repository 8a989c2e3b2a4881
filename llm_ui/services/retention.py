"""Old rows go: of the log, of metrics, and of jobs that are over. The ledger stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.models import ACTIVE, BackgroundJob, MonitoringLog, PerformanceMetric
from llm_ui.models.base import now
from llm_ui.services import installation

BATCH = 1000

Progress = Callable[..., Awaitable[None]]


async def apply(progress: Progress) -> dict[str, int]:
    """Delete what is older than the installation keeps it, a few rows at a time.

    Args:
        progress: `progress(fraction, note)`; what it raises ends the work.

    Returns:
        how many rows went: of the log, of metrics, of jobs.
    """
    async with unit_of_work(writes=False) as session:
        kept = await installation.load(session)
    gone = {"log": 0, "metrics": 0, "jobs": 0}
    over: list[sa.ColumnElement[bool]] = [~col(BackgroundJob.status).in_(ACTIVE)]
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
            # Between two batches it is everybody else's turn.
            await asyncio.sleep(0)
    return gone


async def _batch(table: Any, before: datetime, which: list[sa.ColumnElement[bool]]) -> int:
    old = (
        sa.select(col(table.id))
        .where(col(table.created_at) < before, *which)
        .order_by(col(table.id))
        .limit(BATCH)
    )
    async with unit_of_work() as session:
        done = await session.execute(sa.delete(table).where(col(table.id).in_(old)))
        return cast("CursorResult[Any]", done).rowcount
