"""Queueing a run: its preconditions, the empty answer, and the row that the engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import after_commit
from llm_ui.enums import MessageRole, RunState
from llm_ui.errors import Conflict
from llm_ui.generation import current_engine
from llm_ui.models import ACTIVE, AIModel, ChatHistory, ChatMessage, Generation
from llm_ui.models.base import new_id, now
from llm_ui.schemas.chats.chats import Asked
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.services.chats import live_updates, messages


@dataclass(frozen=True, slots=True)
class By:
    """Who answers: a text model, or an image model (as `modes` says)."""

    name: str
    model_id: str
    modes: tuple[str, ...] = ()


def by_model(model: AIModel) -> By:
    """Answered by a text model."""
    return By(model.display_name, model.id)


def by_image_model(model: AIModel) -> By:
    """Answered by an image model."""
    return By(model.display_name, model.id, modes=(IMAGE,))


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
    """Queue a run of the chat's owner that writes this answer.

    The engine takes it after the commit.

    Args:
        key: the question's idempotency key, if sending again with it must return this run.
        params: sampling parameters for this run only.
    """
    run = Generation(
        id=new_id(),
        message_id=answer.id,
        chat_id=chat.id,
        user_id=chat.user_id,
        model_id=by.model_id,
        idempotency_key=key or None,
        params=dict(params or {}),
    )
    session.add(run)
    chat.updated_at = now()
    await session.flush()
    engine = current_engine()
    if engine is not None:
        after_commit(session, lambda: engine.wake(run.id))
    live_updates.changed(session, chat.user_id, chat.id)
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
    """Create an empty answer to a question and queue its run; see `queue`."""
    answer = ChatMessage(
        chat_id=chat.id,
        parent_id=question.id,
        role=MessageRole.ASSISTANT,
        status=RunState.QUEUED,
        pair_id=pair_id,
        model_id=by.model_id,
        model_name=by.name,
        modes=list(by.modes),
    )
    session.add(answer)
    await session.flush()
    chat.active_leaf_id = answer.id
    asked = await queue(session, chat, answer, by, key, params)
    # Returned so that the page can show them immediately: reading them back would delay the run.
    shown = (
        messages.view_of(question, actor.language),
        replace(
            messages.view_of(answer, actor.language, asked.run_id),
            prompt=messages.shortened(question.content) if by.modes else "",
        ),
    )
    return replace(asked, shown=shown, title=chat.title, updated_at=chat.updated_at.isoformat())
