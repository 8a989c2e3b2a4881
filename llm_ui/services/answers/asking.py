"""Asking, editing, retrying and continuing.

Each of these stores the new messages and queues a run (see `queueing`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.enums import FinishReason, MessageRole, RunState
from llm_ui.errors import (
    Conflict,
    IdempotencyMismatch,
    InvalidInput,
    ModelUnavailable,
    NotFound,
    Refusals,
)
from llm_ui.models import AIModel, ChatHistory, ChatMessage, Generation
from llm_ui.models.base import new_id
from llm_ui.schemas.chats.chats import Asked, AskOptions
from llm_ui.schemas.files.files import FileItem
from llm_ui.security.text import storable
from llm_ui.services import text_quota
from llm_ui.services.answers import queueing
from llm_ui.services.answers.queueing import By, by_image_model, by_model, queue_answer
from llm_ui.services.catalogue import chat_settings, image_models
from llm_ui.services.catalogue.capabilities import IMAGE, THINKING, checked_modes
from llm_ui.services.catalogue.models import can_think, get_model_for
from llm_ui.services.chats import attachments, messages, tree
from llm_ui.services.chats.titles import give_title
from llm_ui.wire.finish import CUT

CONTENT_LIMIT = 400_000
KEY_LIMIT = 64
CONTINUABLE = (RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED)


def clean_content(content: str, *, has_files: bool = False) -> str:
    """A question's text, cleaned. It may be empty if files are attached. Raises InvalidInput."""
    cleaned = storable(content.replace("\r\n", "\n"))
    if not cleaned.strip():
        if has_files:
            return ""
        raise InvalidInput("error.message_empty", field="content")
    if len(cleaned) > CONTENT_LIMIT:
        raise InvalidInput("error.message_long", field="content", limit=CONTENT_LIMIT)
    return cleaned


async def asked_before(
    session: AsyncSession, actor: Actor, key: str | None, content: str, chat_id: str | None
) -> Asked | None:
    """The result of an earlier call with the same idempotency key, or None.

    Args:
        chat_id: the chat it is asked in; None if a new chat was to be created.

    Raises:
        InvalidInput: the key is too long.
        IdempotencyMismatch: the key was used for another question or in another chat.
    """
    if not key:
        return None
    if len(key) > KEY_LIMIT:
        raise InvalidInput("error.text_of_length", field="idempotency_key", limit=KEY_LIMIT)
    run = await session.scalar(
        sa.select(Generation).where(
            col(Generation.user_id) == actor.user_id, col(Generation.idempotency_key) == key
        )
    )
    if run is None:
        return None
    words = await session.scalar(
        sa.select(col(ChatMessage.content)).where(
            col(ChatMessage.id)
            == sa.select(col(ChatMessage.parent_id))
            .where(col(ChatMessage.id) == run.message_id)
            .scalar_subquery()
        )
    )
    cleaned = storable(content.replace("\r\n", "\n"))
    if (cleaned if cleaned.strip() else "") != words or chat_id not in (None, run.chat_id):
        raise IdempotencyMismatch("idempotency_key")
    also = await session.scalar(
        sa.select(col(Generation.id)).where(
            col(Generation.user_id) == actor.user_id,
            col(Generation.idempotency_key) == _second_key(key),
        )
    )
    return Asked(run.chat_id, run.message_id, run.id, also_run_id=also or "")


def _second_key(key: str) -> str:
    """The key of the second model's run, hashed so that it cannot collide with a client's key."""
    return hashlib.sha256(f"{key}:second".encode(errors="replace")).hexdigest()


async def ask(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    content: str,
    model_id: str | None = None,
    key: str | None = None,
    options: AskOptions | None = None,
) -> Asked:
    """Store a question and an empty answer, and queue a run; the engine takes it after the commit.

    Args:
        chat: the actor's chat, locked.
        key: the caller's idempotency key; calling again with it returns the first call's run.

    Raises:
        InvalidInput: no text or files, too much text, or an unknown model or mode.
        ModelUnavailable: the model is switched off or no longer exists.
        Conflict: the chat's last answer is still being written.
        TooManyRequests: the text quota for the day is used up.

    See `attachments.attach` for the errors that files can raise.
    """
    if earlier := await asked_before(session, actor, key, content, chat.id):
        return earlier
    options = options or AskOptions()
    refusals, cleaned, modes = Refusals(), content, list[str]()
    with refusals:
        cleaned = clean_content(content, has_files=bool(options.file_ids))
    with refusals:
        modes = checked_modes(options.modes)
    with refusals:
        models, by = await _who_answers(session, actor, chat, cleaned, model_id, options)
    refusals.done()
    await queueing.refuse_while_running(session, chat)
    await _keep_shown(session, chat)
    text_quota.charge(actor, [cleaned])
    question = ChatMessage(
        chat_id=chat.id,
        parent_id=chat.active_leaf_id,
        role=MessageRole.USER,
        content=cleaned,
        modes=modes,
    )
    session.add(question)
    await session.flush()
    attached: list[FileItem] = []
    if models:
        attached = await attachments.attach(session, actor, question, models[0], options.file_ids)
        chat.model_id = models[0].id
    # A question without text is titled by its files.
    await give_title(session, chat, cleaned or ", ".join(each.name for each in attached))
    if len(by) == 1:
        asked = await queue_answer(session, actor, chat, question, by[0], key)
    else:
        asked = await _queue_two(session, actor, chat, question, (by[0], by[1]), key)
    return attachments.shown_with(asked, attached)


async def _keep_shown(session: AsyncSession, chat: ChatHistory) -> None:
    """Asking a follow-up keeps the answer it follows, so a comparison ends."""
    if chat.active_leaf_id:
        last = await session.get(ChatMessage, chat.active_leaf_id)
        if last is not None and last.pair_id:
            await tree.end_pairs(session, chat.id, last.parent_id)


async def _who_answers(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    content: str,
    model_id: str | None,
    options: AskOptions,
) -> tuple[list[AIModel], list[By]]:
    """The text models (one or two), and who answers: those, or an image model."""
    if IMAGE in options.modes:
        return [], [by_image_model(await image_models.asked_for(session, actor, content, options))]
    if options.image_model_id:
        raise InvalidInput("error.image_model_alone", field="image_model")
    wanted = model_id or chat.model_id
    if not wanted and (gone := await messages.last_model(session, chat)):
        raise ModelUnavailable(model=gone)
    refusals, models = Refusals(), list[AIModel]()
    with refusals:
        models.append(await get_model_for(session, actor, wanted or ""))
    if options.also_model_id:
        with refusals:
            models.append(await get_model_for(session, actor, options.also_model_id, "also_model"))
    refusals.done()
    if THINKING in options.modes and not any([await can_think(session, each) for each in models]):
        name = models[0].display_name
        raise InvalidInput("error.model_cannot_think", field="modes", model=name)
    return models, [by_model(each) for each in models]


async def _queue_two(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    question: ChatMessage,
    by: tuple[By, By],
    key: str | None,
) -> Asked:
    """Queue two answers to one question, shown side by side until one is kept."""
    pair_id = new_id()
    first = await queue_answer(session, actor, chat, question, by[0], key, pair_id=pair_id)
    second = await queue_answer(
        session,
        actor,
        chat,
        question,
        by[1],
        _second_key(key) if key else None,
        pair_id=pair_id,
    )
    chat.active_leaf_id = first.message_id
    shown = (*first.shown, replace(second.shown[-1], pair=2))
    return replace(
        second,
        message_id=first.message_id,
        run_id=first.run_id,
        also_run_id=second.run_id,
        shown=shown,
    )


async def retry(
    session: AsyncSession,
    actor: Actor,
    message_id: str,
    model_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    """Answer the same question again, as another version of the answer.

    Args:
        model_id: the model that answers this time; None for the chat's own. For a question in image
            mode, an image model; None for the previous one.
        params: sampling parameters for this answer only, overriding the chat's; not used for
            images.

    Raises:
        NotFound: not an answer of the actor's.
        InvalidInput: an unknown model, or a parameter out of range.
        Conflict: the chat's last answer is still being written.
    """
    cleaned = chat_settings.clean(params or {})
    if "system_prompt" in cleaned or "instructions" in (params or {}):
        raise InvalidInput("error.params_without_prompt", field="params")
    answer = await messages.get_message_for(session, actor, message_id)
    if answer.role != MessageRole.ASSISTANT or answer.parent_id is None:
        raise NotFound
    chat = await _locked(session, answer.chat_id)
    question = await messages.get_message_for(session, actor, answer.parent_id)
    if cleaned and IMAGE in question.modes:
        raise InvalidInput("error.params_of_images", field="params")
    wanted = model_id or (None if IMAGE in question.modes else chat.model_id or answer.model_id)
    by = await _again(session, actor, question, wanted)
    await queueing.refuse_while_running(session, chat)
    await tree.end_pairs(session, chat.id, question.id)
    return await queue_answer(session, actor, chat, question, by, None, params=cleaned)


async def _again(
    session: AsyncSession, actor: Actor, question: ChatMessage, model_id: str | None
) -> By:
    """Who answers a question that was asked before, in the same mode."""
    if IMAGE not in question.modes:
        return by_model(await get_model_for(session, actor, model_id or ""))
    model_id = model_id or await image_models.asked_last(session, actor, question.id)
    return by_image_model(await image_models.get_image_model(session, actor, model_id))


async def edit(
    session: AsyncSession,
    actor: Actor,
    message_id: str,
    content: str,
    key: str | None = None,
) -> Asked:
    """Add an edited version of a question and answer it.

    The original question and everything that follows it are kept. Attached files are attached to
    the new version too.

    Raises:
        NotFound: not a question of the actor's.
        InvalidInput: no text, or too much of it.
        Conflict: the chat's last answer is still being written.
        TooManyRequests: the text quota for the day is used up.
    """
    before = await messages.get_message_for(session, actor, message_id)
    if earlier := await asked_before(session, actor, key, content, before.chat_id):
        return earlier
    if before.role != MessageRole.USER:
        raise NotFound
    brought = await messages.has_files(session, before.id)
    cleaned = clean_content(content, has_files=brought and IMAGE not in before.modes)
    chat = await _locked(session, before.chat_id)
    if IMAGE in before.modes:
        image_models.check_prompt(cleaned)
    by = await _again(session, actor, before, None if IMAGE in before.modes else chat.model_id)
    await queueing.refuse_while_running(session, chat)
    text_quota.charge(actor, [cleaned])
    question = ChatMessage(
        chat_id=chat.id,
        parent_id=before.parent_id,
        role=MessageRole.USER,
        content=cleaned,
        modes=list(before.modes),
    )
    session.add(question)
    await session.flush()
    await messages.copy_files(session, {before.id: question.id})
    return await queue_answer(session, actor, chat, question, by, key)


async def continue_answer(session: AsyncSession, actor: Actor, message_id: str) -> Asked:
    """Continue an answer that was cut off, from where it ends.

    Raises:
        NotFound: not an answer of the actor's.
        Conflict: the answer is complete, empty, at the maximum length, not the last one, or still
            being written.
    """
    answer = await messages.get_message_for(session, actor, message_id)
    if answer.role != MessageRole.ASSISTANT:
        raise NotFound
    chat = await _locked(session, answer.chat_id)
    await queueing.refuse_while_running(session, chat)
    is_last = chat.active_leaf_id == answer.id or bool(answer.pair_id)
    if answer.finish_reason == FinishReason.TOO_LONG:
        raise Conflict("error.answer_full")
    # An answer cut off during the reasoning is continued too, with the answer itself.
    is_cut = answer.finish_reason in CUT and bool(answer.content or answer.reasoning)
    is_broken = answer.status in CONTINUABLE and bool(answer.content)
    if not (is_cut or is_broken) or not is_last:
        raise Conflict("error.cannot_continue")
    model = await get_model_for(session, actor, answer.model_id or chat.model_id or "")
    answer.status, answer.finished_at, answer.finish_reason = RunState.QUEUED, None, ""
    answer.error_code, answer.error_key, answer.error_params = "", "", {}
    return await queueing.queue(session, chat, answer, by_model(model))


async def _locked(session: AsyncSession, chat_id: str) -> ChatHistory:
    chat = await session.get(ChatHistory, chat_id, with_for_update=True)
    if chat is None:
        raise NotFound
    return chat
