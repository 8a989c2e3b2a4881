"""Who is online."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.models import AuthSession
from llm_ui.models.base import now

# An open tab updates this once a minute.
ONLINE = timedelta(minutes=3)


async def people_online(session: AsyncSession) -> int:
    """How many people have a tab open, or had one a few minutes ago."""
    query = sa.select(sa.func.count(sa.distinct(col(AuthSession.user_id)))).where(
        col(AuthSession.last_seen_at) > now() - ONLINE
    )
    return await session.scalar(query) or 0
