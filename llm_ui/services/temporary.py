"""Temporary chats: they stand in no list and go when their tab leaves them.

What stays of one is its usage rows, which hold no text. A chat whose tab was closed
without a word goes after `KEPT_FOR`; tabs that are open say so (`keep`).
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
from llm_ui.services.chats import remove, stop_row

# Longer than the pause between two rounds of housekeeping, which keep what is open.
KEPT_FOR = timedelta(minutes=15)


async def leave(session: AsyncSession, actor: Actor, chat_id: str) -> None:
    """The actor's tab has left this chat. If it is a temporary one of theirs it goes: at
    once, or when the answer that is being written has stopped. Anything else stays."""
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
        # The rows of a live run must not vanish under the engine: it writes their end first.
        chat.deleted_at = now()
    else:
        await remove(session, col(ChatHistory.id) == chat_id)


async def keep(session: AsyncSession, chat_ids: Iterable[str]) -> None:
    """These chats are open in somebody's tab."""
    await session.execute(
        sa.update(ChatHistory)
        .where(col(ChatHistory.id).in_(list(chat_ids)), col(ChatHistory.is_temporary).is_(True))
        .values(updated_at=now())
    )


async def purge(session: AsyncSession) -> None:
    """Remove the temporary chats that nobody has open any more and nothing is written in."""
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
