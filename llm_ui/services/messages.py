"""Messages: the page of a branch, and one of them, as they are shown.

What makes new ones is in `asking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.errors import NotFound
from llm_ui.generation import short_number
from llm_ui.i18n import translate
from llm_ui.models import ACTIVE, ChatHistory, ChatMessage, Generation, MessageFile
from llm_ui.schemas.views import UNKNOWN, MessageView
from llm_ui.services import attachments, tree
from llm_ui.services.prompting import path_query
from llm_ui.services.tokens import writing_rate

PAGE = 40


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


async def copy_files(session: AsyncSession, copies: Mapping[str, str]) -> None:
    """Attach to copied messages (old id: new id) what is attached to their originals."""
    query = sa.select(MessageFile).where(col(MessageFile.message_id).in_(list(copies)))
    for link in list(await session.scalars(query)):
        session.add(
            MessageFile(
                message_id=copies[link.message_id], file_id=link.file_id, position=link.position
            )
        )
