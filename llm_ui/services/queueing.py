"""Queueing a run: what must hold before, and its row, which the engine takes on commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.db import after_commit
from llm_ui.errors import Conflict
from llm_ui.generation import current_engine
from llm_ui.models import ACTIVE, AIModel, ChatHistory, ChatMessage, Generation
from llm_ui.models.base import new_id, now
from llm_ui.schemas.chats import Asked
from llm_ui.services import news


async def refuse_while_running(session: AsyncSession, chat: ChatHistory) -> None:
    """Raise Conflict while an answer of this chat is queued or being written."""
    running = await session.scalar(
        sa.select(col(Generation.id))
        .where(col(Generation.chat_id) == chat.id, col(Generation.state).in_(ACTIVE))
        .limit(1)
    )
    if running:
        raise Conflict("error.chat_busy")


async def queue(
    session: AsyncSession,
    chat: ChatHistory,
    answer: ChatMessage,
    model: AIModel,
    key: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    """Queue a run of the chat's owner that writes this answer; the engine takes it on commit.

    Args:
        key: the question's idempotency key, if a second send with it must give this run.
        params: sampling parameters for this run only.
    """
    run = Generation(
        id=new_id(),
        message_id=answer.id,
        chat_id=chat.id,
        user_id=chat.user_id,
        model_id=model.id,
        idempotency_key=key or None,
        params=dict(params or {}),
    )
    session.add(run)
    chat.updated_at = now()
    await session.flush()
    engine = current_engine()
    if engine is not None:
        after_commit(session, lambda: engine.wake(run.id))
    news.changed(session, chat.user_id, chat.id)
    return Asked(chat.id, run.message_id, run.id)
