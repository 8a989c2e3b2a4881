"""Temporary chats: not listed, and deleted when their tab leaves them.

Only their usage rows remain, which contain no text. If a tab disappears without leaving, its chat
is deleted after `KEPT_FOR`; open tabs keep theirs alive with `keep`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.models import ACTIVE, ChatHistory, Generation
from llm_ui.models.base import now
from llm_ui.services.chats.chats import remove, stop_row

# Longer than the interval of the housekeeping that keeps open chats alive.
KEPT_FOR = timedelta(minutes=15)


async def leave(session: AsyncSession, actor: Actor, chat_id: str) -> None:
    """Delete the actor's temporary chat after their tab has left it; does nothing for other chats.

    If an answer is being written, it is stopped first and the chat is deleted when it has ended.
    """
    chat = await session.scalar(
        sa.select(ChatHistory)
        .where(
            col(ChatHistory.id) == chat_id,
            col(ChatHistory.user_id) == actor.user_id,
            col(ChatHistory.is_temporary).is_(True),
        )
        .with_for_update()
    )
    if chat is None:
        return
    running = sa.select(col(Generation.id)).where(
        col(Generation.chat_id) == chat_id, col(Generation.state).in_(ACTIVE)
    )
    runs = list(await session.scalars(running))
    for run_id in runs:
        await stop_row(session, run_id)
    if runs:
        # Don't delete the rows of a running answer: the engine still has to write its end.
        chat.deleted_at = now()
    else:
        await remove(session, col(ChatHistory.id) == chat_id)


async def keep(session: AsyncSession, chat_ids: Iterable[str]) -> None:
    """Keep these chats alive: a tab has them open."""
    await session.execute(
        sa.update(ChatHistory)
        .where(col(ChatHistory.id).in_(list(chat_ids)), col(ChatHistory.is_temporary).is_(True))
        .values(updated_at=now())
    )


async def purge(session: AsyncSession) -> None:
    """Delete temporary chats that no tab has open and no run writes to."""
    writing = (
        sa.select(col(Generation.id))
        .where(col(Generation.chat_id) == ChatHistory.id, col(Generation.state).in_(ACTIVE))
        .exists()
    )
    gone = sa.and_(
        col(ChatHistory.is_temporary).is_(True),
        sa.or_(
            col(ChatHistory.deleted_at).is_not(None),
            col(ChatHistory.updated_at) < now() - KEPT_FOR,
        ),
        ~writing,
    )
    await remove(session, gone)
