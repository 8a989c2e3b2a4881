"""Messages: the page of a branch, a question, another try at an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import after_commit
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.generation import current_engine, short_number
from llm_ui.i18n import translate
from llm_ui.models import ACTIVE, AIModel, ChatHistory, ChatMessage, Generation, MessageFile, User
from llm_ui.models.base import new_id, now
from llm_ui.schemas.chats import Asked, AskOptions
from llm_ui.schemas.views import UNKNOWN, MessageView
from llm_ui.security.text import storable
from llm_ui.services import attachments, chat_settings, tree
from llm_ui.services.models import get_model_for
from llm_ui.services.modes import checked_modes
from llm_ui.services.prompting import path_query
from llm_ui.services.titles import title_of
from llm_ui.services.tokens import writing_rate

PAGE = 40
CONTENT_LIMIT = 400_000
KEY_LIMIT = 64


# --- reading ---------------------------------------------------------------------------


async def page_of(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    *,
    limit: int = PAGE,
    before: str | None = None,
) -> tuple[list[MessageView], str]:
    """A page of the chat's active branch, oldest first.

    Args:
        before: the id of the message that the page ends just before; None for the end.

    Returns:
        the messages, and the id to pass as `before` for the page before, or "".
    """
    leaf: str | None = chat.active_leaf_id
    if before is not None:
        leaf = await session.scalar(
            sa.select(col(ChatMessage.parent_id)).where(
                col(ChatMessage.id) == before, col(ChatMessage.chat_id) == chat.id
            )
        )
    if leaf is None:
        return [], ""
    rows = list(await session.scalars(path_query(chat.id, leaf, limit + 1)))
    earlier = rows[limit - 1].id if len(rows) > limit else ""
    path = await tree.with_pairs(session, chat.id, rows[limit - 1 :: -1])
    return await _views(session, actor, chat.id, path), earlier


async def _views(
    session: AsyncSession, actor: Actor, chat_id: str, rows: list[ChatMessage]
) -> list[MessageView]:
    """Messages of a path, oldest first, as they are shown."""
    runs = await _active_runs(session, [row.id for row in rows])
    places = await tree.places(session, chat_id, rows)
    shown: list[MessageView] = []
    for row in rows:
        view = view_of(row, actor.language, runs.get(row.id), places.get(row.id))
        is_second = bool(view.pair and shown and shown[-1].pair == 1)
        shown.append(replace(view, pair=2) if is_second else view)
    return await attachments.with_files(session, actor, shown)


async def _active_runs(session: AsyncSession, message_ids: list[str]) -> dict[str, str]:
    query = sa.select(col(Generation.message_id), col(Generation.id)).where(
        col(Generation.message_id).in_(message_ids), col(Generation.state).in_(ACTIVE)
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


def view_of(
    row: ChatMessage,
    language: str,
    run_id: str | None = None,
    place: tree.Place | None = None,
) -> MessageView:
    """A message as it is shown; `run_id` is the run that still writes it, `place` where it
    stands among its siblings (alone, if none is given)."""
    place = place or tree.Place()
    return MessageView(
        id=row.id,
        role=row.role,
        content=row.content,
        reasoning=row.reasoning,
        status=row.status,
        error=_error_text(row, language),
        error_code=row.error_code,
        model_name=row.model_name,
        run=short_number(run_id) if run_id else 0,
        run_id=run_id or "",
        ttft_ms=_known(row.ttft_ms),
        tokens_per_second=_rate(row),
        duration_ms=_known(row.duration_ms),
        input_tokens=_known(row.input_tokens),
        output_tokens=_known(row.output_tokens),
        estimated=row.is_estimated,
        created_at=row.created_at.isoformat(),
        modes=row.modes,
        sources=row.sources,
        thinking_ms=_known(row.thinking_ms),
        sibling=place.number,
        siblings=place.count,
        before_id=place.before,
        after_id=place.after,
        pair=1 if row.pair_id else 0,
        feedback=row.feedback or 0,
    )


def _known(value: int | None) -> int:
    return UNKNOWN if value is None else value


def _rate(row: ChatMessage) -> float:
    if row.ttft_ms is None or row.duration_ms is None or row.output_tokens is None:
        return UNKNOWN
    rate = writing_rate(row.output_tokens, row.ttft_ms, row.duration_ms)
    return UNKNOWN if rate is None else round(rate, 1)


def _error_text(row: ChatMessage, language: str) -> str:
    if row.error_key:
        return translate(row.error_key, language, **row.error_params)
    return translate("error.interrupted", language) if row.status == "interrupted" else ""


async def get_message_for(session: AsyncSession, actor: Actor, message_id: str) -> ChatMessage:
    """The actor's message. Raises NotFound."""
    message = await session.scalar(
        sa.select(ChatMessage)
        .join(ChatHistory, col(ChatHistory.id) == ChatMessage.chat_id)
        .where(
            col(ChatMessage.id) == message_id,
            col(ChatHistory.user_id) == actor.user_id,
            col(ChatHistory.deleted_at).is_(None),
        )
    )
    if message is None:
        raise NotFound
    return message


async def require_in(session: AsyncSession, actor: Actor, chat_id: str, message_id: str) -> None:
    """Raise NotFound unless the actor's message stands in that very chat."""
    if (await get_message_for(session, actor, message_id)).chat_id != chat_id:
        raise NotFound


async def get_view(session: AsyncSession, actor: Actor, message_id: str) -> MessageView:
    """One message as it is shown now. Raises NotFound."""
    row = await get_message_for(session, actor, message_id)
    rows = await tree.with_pairs(session, row.chat_id, [row])
    views = await _views(session, actor, row.chat_id, rows)
    return next(view for view in views if view.id == message_id)


# --- asking ----------------------------------------------------------------------------


def clean_content(content: str) -> str:
    """A question fit to be stored. Raises InvalidInput."""
    cleaned = storable(content.replace("\r\n", "\n"))
    if not cleaned.strip():
        raise InvalidInput("error.message_empty", field="content")
    if len(cleaned) > CONTENT_LIMIT:
        raise InvalidInput("error.message_long", field="content", limit=CONTENT_LIMIT)
    return cleaned


async def asked_before(session: AsyncSession, actor: Actor, key: str | None) -> Asked | None:
    """What an earlier send with the same idempotency key has started."""
    if not key:
        return None
    run = await session.scalar(
        sa.select(Generation).where(
            col(Generation.user_id) == actor.user_id, col(Generation.idempotency_key) == key
        )
    )
    if run is None:
        return None
    also = await session.scalar(
        sa.select(col(Generation.id)).where(
            col(Generation.user_id) == actor.user_id,
            col(Generation.idempotency_key) == _second_key(key),
        )
    )
    return Asked(run.chat_id, run.message_id, run.id, also_run_id=also or "")


def _second_key(key: str) -> str:
    """The key of the second model's run: nobody else can have made it by chance."""
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
    """Write a question, its empty answer and a queued run; the engine takes it on commit.

    Args:
        chat: the actor's, locked.
        key: made by the caller; a second send with it gives the first one's run.

    Raises:
        InvalidInput: no text, too much of it, no such model or mode.
        Conflict: the chat's last answer is still being written.

    `attachments.attach` says what else it raises for files.
    """
    if key and len(key) > KEY_LIMIT:
        raise InvalidInput("error.request_invalid", field="idempotency_key")
    if earlier := await asked_before(session, actor, key):
        return earlier
    options = options or AskOptions()
    cleaned = clean_content(content)
    model = await get_model_for(session, actor, model_id or chat.model_id or "")
    also = (
        await get_model_for(session, actor, options.also_model_id)
        if options.also_model_id
        else None
    )
    await _refuse_while_running(session, chat)
    if chat.active_leaf_id:
        # Whoever asks on has kept what they ask on from.
        last = await session.get(ChatMessage, chat.active_leaf_id)
        if last is not None and last.pair_id:
            await tree.end_pairs(session, chat.id, last.parent_id)
    question = ChatMessage(
        chat_id=chat.id,
        parent_id=chat.active_leaf_id,
        role="user",
        content=cleaned,
        modes=checked_modes(options.modes),
    )
    session.add(question)
    await session.flush()
    attached = await attachments.attach(
        session, actor, question, model, options.file_ids if options else ()
    )
    chat.model_id = model.id
    await _give_title(session, chat, cleaned)
    if also is None:
        asked = await _queue_answer(session, actor, chat, question, model, key)
    else:
        asked = await _queue_two(session, actor, chat, question, (model, also), key)
    return attachments.shown_with(asked, attached)


async def _give_title(session: AsyncSession, chat: ChatHistory, content: str) -> None:
    if not chat.title_is_automatic or chat.title:
        return
    query = sa.select(col(User.preferences)).where(col(User.id) == chat.user_id)
    preferences = await session.scalar(query) or {}
    if preferences.get("auto_titles", True):
        chat.title = title_of(content)


async def _queue_two(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    question: ChatMessage,
    models: tuple[AIModel, AIModel],
    key: str | None,
) -> Asked:
    """Two answers to one question, side by side until one is kept."""
    pair_id = new_id()
    first = await _queue_answer(session, actor, chat, question, models[0], key, pair_id=pair_id)
    second = await _queue_answer(
        session, actor, chat, question, models[1], _second_key(key) if key else None,
        pair_id=pair_id,
    )  # fmt: skip
    chat.active_leaf_id = first.message_id
    shown = (*first.shown, replace(second.shown[-1], pair=2))
    return replace(second, message_id=first.message_id, run_id=first.run_id,
                   also_run_id=second.run_id, shown=shown)  # fmt: skip


async def retry(
    session: AsyncSession,
    actor: Actor,
    message_id: str,
    model_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    """Answer the same question again, beside the answer that is there.

    Args:
        model_id: the model that answers this time; the chat's own if None.
        params: sampling parameters for this answer only, over those of the chat.

    Raises:
        NotFound: not an answer of the actor's.
        InvalidInput: no such model, or a parameter out of its range.
        Conflict: the chat's last answer is still being written.
    """
    cleaned = chat_settings.clean(params or {})
    if "system_prompt" in cleaned:
        raise InvalidInput("error.request_invalid", field="params")
    answer = await get_message_for(session, actor, message_id)
    if answer.role != "assistant" or answer.parent_id is None:
        raise NotFound
    chat = await session.get(ChatHistory, answer.chat_id, with_for_update=True)
    if chat is None:
        raise NotFound
    model = await get_model_for(session, actor, model_id or chat.model_id or answer.model_id or "")
    await _refuse_while_running(session, chat)
    question = await get_message_for(session, actor, answer.parent_id)
    await tree.end_pairs(session, chat.id, question.id)
    return await _queue_answer(session, actor, chat, question, model, None, params=cleaned)


async def edit(
    session: AsyncSession,
    actor: Actor,
    message_id: str,
    content: str,
    key: str | None = None,
) -> Asked:
    """Ask a question in other words, beside the one that is there, which stays with all
    that follows it. What was attached to it comes along.

    Raises:
        NotFound: not a question of the actor's.
        InvalidInput: no text, or too much of it.
        Conflict: the chat's last answer is still being written.
    """
    if key and len(key) > KEY_LIMIT:
        raise InvalidInput("error.request_invalid", field="idempotency_key")
    if earlier := await asked_before(session, actor, key):
        return earlier
    before = await get_message_for(session, actor, message_id)
    if before.role != "user":
        raise NotFound
    cleaned = clean_content(content)
    chat = await session.get(ChatHistory, before.chat_id, with_for_update=True)
    if chat is None:
        raise NotFound
    model = await get_model_for(session, actor, chat.model_id or "")
    await _refuse_while_running(session, chat)
    question = ChatMessage(
        chat_id=chat.id,
        parent_id=before.parent_id,
        role="user",
        content=cleaned,
        modes=list(before.modes),
    )
    session.add(question)
    await session.flush()
    await copy_files(session, {before.id: question.id})
    return await _queue_answer(session, actor, chat, question, model, key)


async def copy_files(session: AsyncSession, copies: Mapping[str, str]) -> None:
    """Attach to copied messages (old id: new id) what is attached to their originals."""
    query = sa.select(MessageFile).where(col(MessageFile.message_id).in_(list(copies)))
    for link in list(await session.scalars(query)):
        session.add(
            MessageFile(
                message_id=copies[link.message_id], file_id=link.file_id, position=link.position
            )
        )


CONTINUABLE = ("stopped", "failed", "interrupted")


async def continue_answer(session: AsyncSession, actor: Actor, message_id: str) -> Asked:
    """Have an answer that was cut off written on, from where it ends.

    Raises:
        NotFound: not an answer of the actor's.
        Conflict: it is complete or empty, not the last one, or still being written.
    """
    answer = await get_message_for(session, actor, message_id)
    if answer.role != "assistant":
        raise NotFound
    chat = await session.get(ChatHistory, answer.chat_id, with_for_update=True)
    if chat is None:
        raise NotFound
    await _refuse_while_running(session, chat)
    is_last = chat.active_leaf_id == answer.id or bool(answer.pair_id)
    if answer.status not in CONTINUABLE or not answer.content or not is_last:
        raise Conflict("error.cannot_continue")
    model = await get_model_for(session, actor, answer.model_id or chat.model_id or "")
    answer.status, answer.finished_at = "queued", None
    answer.error_code, answer.error_key, answer.error_params = "", "", {}
    run = Generation(
        id=new_id(),
        message_id=answer.id,
        chat_id=chat.id,
        user_id=actor.user_id,
        model_id=model.id,
    )
    return await _queue(session, chat, run)


async def _refuse_while_running(session: AsyncSession, chat: ChatHistory) -> None:
    running = await session.scalar(
        sa.select(col(Generation.id))
        .where(col(Generation.chat_id) == chat.id, col(Generation.state).in_(ACTIVE))
        .limit(1)
    )
    if running:
        raise Conflict("error.chat_busy")


async def _queue_answer(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    question: ChatMessage,
    model: AIModel,
    key: str | None,
    *,
    pair_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Asked:
    answer = ChatMessage(
        chat_id=chat.id,
        parent_id=question.id,
        role="assistant",
        status="queued",
        pair_id=pair_id,
        model_id=model.id,
        model_name=model.display_name,
    )
    session.add(answer)
    await session.flush()
    run = Generation(
        id=new_id(),
        message_id=answer.id,
        chat_id=chat.id,
        user_id=actor.user_id,
        model_id=model.id,
        idempotency_key=key or None,
        params=dict(params or {}),
    )
    chat.active_leaf_id = answer.id
    asked = await _queue(session, chat, run)
    # The page shows these at once: reading them again would keep the run itself waiting.
    shown = view_of(question, actor.language), view_of(answer, actor.language, run.id)
    return replace(asked, shown=shown, title=chat.title, updated_at=chat.updated_at.isoformat())


async def _queue(session: AsyncSession, chat: ChatHistory, run: Generation) -> Asked:
    session.add(run)
    chat.updated_at = now()
    await session.flush()
    engine = current_engine()
    if engine is not None:
        after_commit(session, lambda: engine.wake(run.id))
    return Asked(chat.id, run.message_id, run.id)
