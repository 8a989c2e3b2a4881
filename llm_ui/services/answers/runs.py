"""Runs: ask, follow, stop. Each function is one unit of work."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.enums import RunState, WaitingFor
from llm_ui.errors import AppError, IdempotencyMismatch, NotFound
from llm_ui.generation import (
    Ended,
    Engine,
    FollowEvent,
    Piece,
    Snapshot,
    current_engine,
    short_number,
)
from llm_ui.models import ACTIVE, ChatMessage, Generation
from llm_ui.models.base import now
from llm_ui.schemas.chats.chats import Asked, AskOptions
from llm_ui.schemas.chats.views import MessageView
from llm_ui.services.answers import asking
from llm_ui.services.chats import chats, messages

# The longest that `until_asked` may delay showing the question.
ASKED_WITHIN_S = 0.1

# What `follow` yields, re-exported for modules that may not import the engine.
__all__ = [
    "AskOptions",
    "Ended",
    "FollowEvent",
    "Piece",
    "Snapshot",
    "answer",
    "ask",
    "continue_answer",
    "edit",
    "follow",
    "retry",
    "short_number",
    "stop",
    "until_asked",
    "waiting",
]


async def ask(
    actor: Actor,
    content: str,
    *,
    chat_id: str | None = None,
    model_id: str | None = None,
    key: str | None = None,
    options: AskOptions | None = None,
) -> Asked:
    """Ask in a chat of the actor's or, without `chat_id`, in a new one.

    See `asking.ask` for what it raises.
    """
    try:
        return await _ask_once(actor, content, chat_id, model_id, key, options or AskOptions())
    except (IntegrityError, IdempotencyMismatch):
        # A concurrent call with the same key was first, perhaps in a chat it created for itself.
        async with unit_of_work(writes=False) as session:
            earlier = await asking.asked_before(session, actor, key, content, chat_id)
        if earlier is None:
            raise
        return earlier


async def _ask_once(
    actor: Actor,
    content: str,
    chat_id: str | None,
    model_id: str | None,
    key: str | None,
    options: AskOptions,
) -> Asked:
    async with unit_of_work() as session:
        if earlier := await asking.asked_before(session, actor, key, content, chat_id):
            return earlier
        if chat_id is None:
            asking.clean_content(content, has_files=bool(options.file_ids))
            chat_id = (await chats.create_chat(session, actor, model_id or "", options=options)).id
        chat = await chats.get_chat_for(session, actor, chat_id, lock=True)
        return await asking.ask(session, actor, chat, content, model_id, key, options)


async def until_asked(run_id: str) -> None:
    """Wait briefly until the model has been asked.

    Showing the question is deferred until then, so that it doesn't delay the first token.
    """
    engine = current_engine()
    if engine is not None:
        await engine.until_asked(run_id, ASKED_WITHIN_S)


async def retry(
    actor: Actor,
    message_id: str,
    model_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    """Answer this answer's question again; see `asking.retry`."""
    async with unit_of_work() as session:
        return await asking.retry(session, actor, message_id, model_id, params)


async def edit(actor: Actor, message_id: str, content: str, key: str | None = None) -> Asked:
    """Edit a question; see `asking.edit`."""
    try:
        async with unit_of_work() as session:
            return await asking.edit(session, actor, message_id, content, key)
    except IntegrityError:
        # A concurrent call with the same key was first.
        async with unit_of_work(writes=False) as session:
            earlier = await asking.asked_before(session, actor, key, content, None)
        if earlier is None:
            raise
        return earlier


async def continue_answer(actor: Actor, message_id: str) -> Asked:
    """Continue an answer that was cut off."""
    async with unit_of_work() as session:
        return await asking.continue_answer(session, actor, message_id)


async def _require_own(actor: Actor, run_id: str) -> None:
    async with unit_of_work(writes=False) as session:
        found = await session.scalar(
            sa.select(col(Generation.id)).where(
                col(Generation.id) == run_id, col(Generation.user_id) == actor.user_id
            )
        )
    if found is None:
        raise NotFound


def _engine() -> Engine:
    engine = current_engine()
    if engine is None:
        raise AppError("error.starting")
    return engine


async def follow(
    actor: Actor, run_id: str, after: int | None = None
) -> AsyncGenerator[FollowEvent, None]:
    """Follow one of the actor's runs; see `Engine.follow`.

    Raises NotFound before the first event.
    """
    await _require_own(actor, run_id)
    return _engine().follow(run_id, after)


async def answer(actor: Actor, run_id: str) -> MessageView:
    """The message that one of the actor's runs writes or has written. Raises NotFound."""
    async with unit_of_work(writes=False) as session:
        message_id = await session.scalar(
            sa.select(col(Generation.message_id)).where(
                col(Generation.id) == run_id, col(Generation.user_id) == actor.user_id
            )
        )
        if message_id is None:
            raise NotFound
        return await messages.get_view(session, actor, message_id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a run that has no text yet is waiting for.

    `tokens` is the estimated length of a long prompt, or 0.
    """

    what: WaitingFor
    model: str
    tokens: int
    seconds: int


async def waiting(actor: Actor, run_id: str) -> Waiting | None:
    """What one of the actor's runs is waiting for; None if it has ended or is not theirs."""
    parts = (
        col(Generation.state),
        col(Generation.created_at),
        col(Generation.started_at),
        col(Generation.input_tokens),
        col(ChatMessage.model_name),
    )
    query = (
        sa.select(*parts)
        .join(ChatMessage, col(ChatMessage.id) == Generation.message_id)
        .where(
            col(Generation.id) == run_id,
            col(Generation.user_id) == actor.user_id,
            col(Generation.state).in_(ACTIVE),
        )
    )
    async with unit_of_work(writes=False) as session:
        row = (await session.execute(query)).first()
    if row is None:
        return None
    state, created_at, started_at, tokens, model = row
    asked = WaitingFor.READING if tokens else WaitingFor.ASKED
    what = WaitingFor.QUEUED if state == RunState.QUEUED else asked
    seconds = (now() - (started_at or created_at)).total_seconds()
    return Waiting(what, model, tokens or 0, max(0, round(seconds)))


async def stop(actor: Actor, run_id: str) -> None:
    """Stop one of the actor's runs; does nothing if it has ended. Raises NotFound."""
    await _require_own(actor, run_id)
    async with unit_of_work() as session:
        await chats.stop_row(session, run_id)
