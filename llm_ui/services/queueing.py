"""Queueing a run: what must hold before, the answer that it writes, and its row, which the
engine takes on commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import after_commit
from llm_ui.errors import Conflict
from llm_ui.generation import current_engine
from llm_ui.models import ACTIVE, AIModel, ChatHistory, ChatMessage, Generation, MediaModel
from llm_ui.models.base import new_id, now
from llm_ui.schemas.chats import Asked
from llm_ui.services import messages, news
from llm_ui.services.modes import IMAGE


@dataclass(frozen=True, slots=True)
class By:
    """Who answers: a model that writes, or one that makes images (`modes` says so)."""

    name: str
    model_id: str | None = None
    media_model_id: str | None = None
    modes: tuple[str, ...] = ()


def by_model(model: AIModel) -> By:
    """A model that writes."""
    return By(model.display_name, model_id=model.id)


def by_image_model(model: MediaModel) -> By:
    """A model that makes images."""
    return By(model.display_name, media_model_id=model.id, modes=(IMAGE,))


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
    by: By,
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
        model_id=by.model_id,
        media_model_id=by.media_model_id,
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


async def queue_answer(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    question: ChatMessage,
    by: By,
    key: str | None,
    *,
    pair_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    """An empty answer to a question, and the run that writes it; see `queue`."""
    answer = ChatMessage(
        chat_id=chat.id,
        parent_id=question.id,
        role="assistant",
        status="queued",
        pair_id=pair_id,
        model_id=by.model_id,
        model_name=by.name,
        modes=list(by.modes),
    )
    session.add(answer)
    await session.flush()
    chat.active_leaf_id = answer.id
    asked = await queue(session, chat, answer, by, key, params)
    # The page shows these at once: reading them again would keep the run itself waiting.
    shown = (
        messages.view_of(question, actor.language),
        replace(
            messages.view_of(answer, actor.language, asked.run_id),
            prompt=messages.shortened(question.content) if by.modes else "",
        ),
    )
    return replace(asked, shown=shown, title=chat.title, updated_at=chat.updated_at.isoformat())
