"""The counts on the dashboard of administrators."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.enums import LogLevel, RunState
from llm_ui.models import (
    ChatHistory,
    ChatMessage,
    Generation,
    MonitoringLog,
    UsageLog,
    User,
)
from llm_ui.models.base import now
from llm_ui.schemas.chats.views import Cost, DashboardView
from llm_ui.services.insights.online import people_online

MINUTE = timedelta(minutes=1)


async def overview(session: AsyncSession, actor: Actor) -> DashboardView:
    """Current counts; "today" is the UTC day. For administrators."""
    require(actor, "administer")
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)

    async def count(column: object, *where: sa.ColumnElement[bool]) -> int:
        found = await session.scalar(sa.select(sa.func.count(column)).where(*where))  # type: ignore[arg-type]
        return found or 0

    failed = sa.case((col(UsageLog.status) == RunState.FAILED, 1), else_=0)
    answers, inputs, outputs, people, failures = (
        await session.execute(
            sa.select(
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(col(UsageLog.input_tokens)), 0),
                sa.func.coalesce(sa.func.sum(col(UsageLog.output_tokens)), 0),
                sa.func.count(sa.distinct(col(UsageLog.user_id))),
                sa.func.coalesce(sa.func.sum(failed), 0),
            ).where(col(UsageLog.created_at) >= today)
        )
    ).one()
    return DashboardView(
        users=await count(User.id),
        active_users_today=people,
        online=await people_online(session),
        chats=await count(ChatHistory.id, col(ChatHistory.deleted_at).is_(None)),
        messages=await count(ChatMessage.id),
        running=await count(Generation.id, col(Generation.state) == RunState.RUNNING),
        waiting=await count(Generation.id, col(Generation.state) == RunState.QUEUED),
        tokens_per_second=await _rate(session),
        answers_today=answers,
        input_tokens_today=int(inputs),
        output_tokens_today=int(outputs),
        cost_today=await _cost(session, today),
        failed_answers_today=int(failures),
        errors_today=await count(
            MonitoringLog.id,
            col(MonitoringLog.log_level) == LogLevel.ERROR,
            col(MonitoringLog.created_at) >= today,
        ),
    )


async def _rate(session: AsyncSession) -> float:
    total = await session.scalar(
        sa.select(sa.func.sum(col(UsageLog.output_tokens))).where(
            col(UsageLog.created_at) > now() - MINUTE
        )
    )
    return round((total or 0) / MINUTE.total_seconds(), 1)


async def _cost(session: AsyncSession, since: datetime) -> list[Cost]:
    total = sa.func.sum(col(UsageLog.cost_micro))
    rows = await session.execute(
        sa.select(col(UsageLog.currency), total)
        .where(col(UsageLog.created_at) >= since)
        .group_by(col(UsageLog.currency))
        .having(total > 0)
        .order_by(total.desc())
    )
    return [Cost(currency, int(micro)) for currency, micro in rows]
