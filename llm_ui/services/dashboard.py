"""The counts on the admin's first page."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import __version__
from llm_ui.auth import Actor, require
from llm_ui.models import (
    ACTIVE,
    ChatHistory,
    ChatMessage,
    Generation,
    MonitoringLog,
    UsageLog,
    User,
)
from llm_ui.models.base import now
from llm_ui.schemas.views import DashboardView

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


async def overview(session: AsyncSession, actor: Actor) -> DashboardView:
    """Counts as of now; "today" is the UTC day. For admins."""
    require(actor, "administer")
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)

    async def count(column: object, *where: sa.ColumnElement[bool]) -> int:
        found = await session.scalar(sa.select(sa.func.count(column)).where(*where))  # type: ignore[arg-type]
        return found or 0

    used_today = col(UsageLog.created_at) >= today
    answers, inputs, outputs, people = (
        await session.execute(
            sa.select(
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(col(UsageLog.input_tokens)), 0),
                sa.func.coalesce(sa.func.sum(col(UsageLog.output_tokens)), 0),
                sa.func.count(sa.distinct(col(UsageLog.user_id))),
            ).where(used_today)
        )
    ).one()
    return DashboardView(
        users=await count(User.id),
        active_users_today=people,
        chats=await count(ChatHistory.id, col(ChatHistory.deleted_at).is_(None)),
        messages=await count(ChatMessage.id),
        running=await count(Generation.id, col(Generation.state).in_(ACTIVE)),
        answers_today=answers,
        input_tokens_today=int(inputs),
        output_tokens_today=int(outputs),
        errors_today=await count(
            MonitoringLog.id,
            col(MonitoringLog.level) == "error",
            col(MonitoringLog.created_at) >= today,
        ),
        database=DATABASES[session.get_bind().dialect.name],
        version=__version__,
    )
