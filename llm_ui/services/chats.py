"""Chats: list, open, rename, delete and undo.

A chat is loaded through its owner (`get_chat_for`); there is no other way, so a foreign
chat looks exactly like a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import after_commit
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.generation import current_engine
from llm_ui.models import ACTIVE, AIModel, ChatHistory, ChatMessage, ChatTag, Generation
from llm_ui.models.base import now
from llm_ui.schemas.chats import AskOptions, ChatHead, ChatView
from llm_ui.schemas.finding import ChatFilters
from llm_ui.schemas.views import ChatItem, Page
from llm_ui.security.text import storable
from llm_ui.services import chat_settings, made_images, messages, news, text_quota
from llm_ui.services.models import get_model_for, named
from llm_ui.services.paging import cursor_of, position_of
from llm_ui.services.projects import get_project_for

PAGE = 50
TITLE_LIMIT = 200
# A deleted chat can be brought back for this long; then it goes for good.
UNDO_FOR = timedelta(minutes=10)


def head_of(chat: ChatHistory, tags: Sequence[str] = (), model_name: str = "") -> ChatHead:
    """A chat without its messages; its tags and its model's name stand elsewhere."""
    return ChatHead(
        id=chat.id,
        title=chat.title,
        model_id=chat.model_id or "",
        model_name=model_name,
        created_at=chat.created_at.isoformat(),
        updated_at=chat.updated_at.isoformat(),
        temporary=chat.is_temporary,
        settings=chat.settings,
        project_id=chat.project_id or "",
        branched_from=chat.branched_from or "",
        pinned=chat.pinned_at is not None,
        archived=chat.archived_at is not None,
        tags=tuple(tags),
    )


async def get_chat_for(
    session: AsyncSession, actor: Actor, chat_id: str, *, lock: bool = False
) -> ChatHistory:
    """The actor's chat. Raises NotFound; `lock` keeps other writers out of it."""
    query = sa.select(ChatHistory).where(
        col(ChatHistory.id) == chat_id,
        col(ChatHistory.user_id) == actor.user_id,
        col(ChatHistory.deleted_at).is_(None),
    )
    chat = await session.scalar(query.with_for_update() if lock else query)
    if chat is None:
        raise NotFound
    return chat


async def create_chat(
    session: AsyncSession,
    actor: Actor,
    model_id: str,
    title: str | None = None,
    options: AskOptions | None = None,
) -> ChatHead:
    """An empty chat with a model the actor may use."""
    model = await get_model_for(session, actor, model_id)
    project_id = options.project_id if options else ""
    if project_id:
        project_id = (await get_project_for(session, actor, project_id)).id
    chat = ChatHistory(
        user_id=actor.user_id,
        project_id=project_id or None,
        model_id=model.id,
        title=clean_title(title) if title else "",
        title_is_automatic=not title,
        is_temporary=bool(options and options.temporary),
        settings=chat_settings.clean(options.settings) if options else {},
    )
    text_quota.charge(actor, [str(chat.settings.get("system_prompt", ""))])
    session.add(chat)
    await session.flush()
    news.changed(session, actor.user_id, chat.id)
    return head_of(chat, model_name=model.display_name)


def clean_title(title: str) -> str:
    """A title on one line. Raises InvalidInput."""
    cleaned = " ".join(storable(title).split())
    if not cleaned:
        raise InvalidInput("error.title_empty", field="title")
    if len(cleaned) > TITLE_LIMIT:
        raise InvalidInput("error.title_long", field="title", limit=TITLE_LIMIT)
    return cleaned


def listed(actor: Actor, filters: ChatFilters) -> list[sa.ColumnElement[bool]]:
    """What holds for the actor's chats in a list."""
    chat = ChatHistory
    archived = col(chat.archived_at)
    found: list[sa.ColumnElement[bool]] = [
        col(chat.user_id) == actor.user_id,
        col(chat.deleted_at).is_(None),
        col(chat.is_temporary) == sa.false(),
    ]
    if filters.archived is not None:
        found.append(archived.is_not(None) if filters.archived else archived.is_(None))
    if filters.project_id:
        found.append(col(chat.project_id) == filters.project_id)
    if filters.model_id:
        its = named(filters.model_id).with_only_columns(col(AIModel.id))
        found.append(col(chat.model_id).in_(its))
    if filters.tag:
        tagged = sa.select(col(ChatTag.chat_id)).where(
            col(ChatTag.chat_id) == chat.id, col(ChatTag.name) == filters.tag
        )
        found.append(tagged.exists())
    if filters.since:
        found.append(col(chat.updated_at) >= filters.since)
    if filters.until:
        found.append(col(chat.updated_at) < filters.until)
    return found


async def items_of(session: AsyncSession, rows: Sequence[ChatHistory]) -> list[ChatItem]:
    """The chats as a list shows them, in their order."""
    ids = [each.id for each in rows]
    running = set(
        await session.scalars(
            sa.select(col(Generation.chat_id)).where(
                col(Generation.chat_id).in_(ids), col(Generation.state).in_(ACTIVE)
            )
        )
    )
    tags = await _tags(session, ids)
    return [
        ChatItem(
            id=each.id,
            title=each.title,
            updated_at=each.updated_at.isoformat(),
            running=each.id in running,
            pinned=each.pinned_at is not None,
            archived=each.archived_at is not None,
            project_id=each.project_id or "",
            tags=tags.get(each.id, []),
            branched=each.branched_from is not None,
        )
        for each in rows
    ]


async def _tags(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[str]]:
    """The tags of those of these chats that have some, by name."""
    found: dict[str, list[str]] = {}
    tagged = sa.select(col(ChatTag.chat_id), col(ChatTag.name)).where(col(ChatTag.chat_id).in_(ids))
    for chat_id, name in (await session.execute(tagged.order_by(col(ChatTag.name)))).all():
        found.setdefault(chat_id, []).append(name)
    return found


async def _whole_head(session: AsyncSession, chat: ChatHistory) -> ChatHead:
    tags = await _tags(session, [chat.id])
    name = sa.select(col(AIModel.display_name)).where(col(AIModel.id) == chat.model_id)
    model_name = await session.scalar(name) if chat.model_id else None
    return head_of(chat, tags.get(chat.id, ()), model_name or "")


async def list_chats(
    session: AsyncSession,
    actor: Actor,
    cursor: str | None = None,
    limit: int = PAGE,
    filters: ChatFilters | None = None,
) -> Page[ChatItem]:
    """The actor's chats, the last used first; without filters those that are not archived."""
    query = (
        sa.select(ChatHistory)
        .where(*listed(actor, filters or ChatFilters()))
        .order_by(col(ChatHistory.updated_at).desc(), col(ChatHistory.id).desc())
        .limit(limit + 1)
    )
    if cursor:
        at, chat_id = position_of(cursor)
        query = query.where(
            sa.tuple_(col(ChatHistory.updated_at), col(ChatHistory.id))
            < sa.tuple_(sa.literal(at, ChatHistory.__table__.c.updated_at.type), chat_id)  # type: ignore[attr-defined]
        )
    rows = list(await session.scalars(query))
    more = len(rows) > limit
    items = await items_of(session, rows[:limit])
    last = rows[limit - 1] if more else None
    return Page(items, cursor_of(last.updated_at, last.id) if last else None)


async def open_chat(
    session: AsyncSession,
    actor: Actor,
    chat_id: str,
    *,
    limit: int = messages.PAGE,
    before: str | None = None,
    after: str | None = None,
    around: str | None = None,
) -> ChatView:
    """A chat with a page of its messages: the newest of its branch, or those before, after
    or around a message (see `messages.page_of`; at most one of them, else InvalidInput)."""
    if len([each for each in (before, after, around) if each is not None]) > 1:
        raise InvalidInput("error.request_invalid", field="around")
    chat = await get_chat_for(session, actor, chat_id)
    found = await messages.page_of(
        session, actor, chat, limit=limit, before=before, after=after, around=around
    )
    return ChatView(
        await _whole_head(session, chat),
        found.messages,
        found.earlier,
        found.later,
        found.aside,
        await _origin(session, chat),
    )


async def get_for_change(session: AsyncSession, actor: Actor, chat_id: str) -> ChatView:
    """A chat with its last message, kept from other writers until the commit. Raises NotFound."""
    await get_chat_for(session, actor, chat_id, lock=True)
    return await open_chat(session, actor, chat_id, limit=1)


async def _origin(session: AsyncSession, chat: ChatHistory) -> tuple[str, str]:
    """Id and title of the chat that this one was copied from, while it is there for its owner."""
    if not chat.branched_from:
        return "", ""
    query = sa.select(col(ChatHistory.id), col(ChatHistory.title)).where(
        col(ChatHistory.id) == chat.branched_from,
        col(ChatHistory.user_id) == chat.user_id,
        col(ChatHistory.deleted_at).is_(None),
        col(ChatHistory.is_temporary).is_(False),
    )
    found = (await session.execute(query)).first()
    return (found[0], found[1]) if found else ("", "")


async def rename_chat(
    session: AsyncSession, actor: Actor, chat_id: str, title: str | None
) -> ChatHead:
    """Give a chat a title of the person's own; automatic ones end with that. None takes it away:
    the next question gives it one."""
    cleaned = "" if title is None else clean_title(title)
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    chat.title, chat.title_is_automatic = cleaned, title is None
    news.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def change_settings(
    session: AsyncSession, actor: Actor, chat_id: str, settings: Mapping[str, Any]
) -> ChatHead:
    """Set a chat's settings, all of them at once (see chat_settings). Raises InvalidInput."""
    cleaned = chat_settings.clean(settings)
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    text_quota.charge(actor, [str(cleaned.get("system_prompt", ""))])
    chat.settings = cleaned
    news.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def merge_settings(
    session: AsyncSession, actor: Actor, chat_id: str, change: Mapping[str, Any] | None
) -> ChatHead:
    """Change some of a chat's settings: None takes one away, and in place of a change all."""
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    settings = {**chat.settings, **change} if change is not None else {}
    return await change_settings(session, actor, chat_id, settings)


async def choose_model(session: AsyncSession, actor: Actor, chat_id: str, model_id: str) -> None:
    """Answer this chat's next questions with another model."""
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    chat.model_id = (await get_model_for(session, actor, model_id)).id
    news.changed(session, actor.user_id, chat.id)


async def delete_chat(session: AsyncSession, actor: Actor, chat_id: str) -> ChatHead:
    """Take a chat away; it can be brought back for UNDO_FOR. Its running answer stops."""
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    chat.deleted_at = now()
    news.changed(session, actor.user_id, chat.id)
    query = sa.select(col(Generation.id)).where(
        col(Generation.chat_id) == chat_id, col(Generation.state).in_(ACTIVE)
    )
    for run_id in await session.scalars(query):
        await stop_row(session, run_id)
    return head_of(chat)


async def undo_delete(session: AsyncSession, actor: Actor, chat_id: str) -> ChatHead:
    """Bring a deleted chat back. Raises NotFound when it is gone for good."""
    chat = await session.scalar(
        sa.select(ChatHistory).where(
            col(ChatHistory.id) == chat_id,
            col(ChatHistory.user_id) == actor.user_id,
            col(ChatHistory.deleted_at) > now() - UNDO_FOR,
            col(ChatHistory.is_temporary).is_(False),
        )
    )
    if chat is None:
        raise NotFound
    chat.deleted_at = None
    news.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def purge_deleted(session: AsyncSession) -> None:
    """Remove for good what can no longer be brought back."""
    await remove(session, col(ChatHistory.deleted_at) < now() - UNDO_FOR)


async def remove(session: AsyncSession, which: sa.ColumnElement[bool]) -> None:
    """Remove chats for good, with all that is theirs."""
    # Locked before anything of them is: an answer that ends at this moment does so too.
    query = sa.select(col(ChatHistory.id)).where(which).order_by(col(ChatHistory.id))
    if not list(await session.scalars(query.with_for_update())):
        return
    await made_images.remove_with(session, which)
    await unchain(session, which)
    await session.execute(sa.delete(ChatHistory).where(which))


async def unchain(session: AsyncSession, which: sa.ColumnElement[bool]) -> None:
    """Loosen the messages of chats that are to be deleted for good from one another.

    Else each would take its answer with it, that one the next question, and so on: SQLite
    gives up at a thousand.
    """
    chained = sa.select(col(ChatHistory.id)).where(which)
    await session.execute(
        sa.update(ChatMessage).where(col(ChatMessage.chat_id).in_(chained)).values(parent_id=None)
    )


async def stop_row(session: AsyncSession, run_id: str) -> None:
    """Have a run stopped, wherever it is: here at once, elsewhere by its worker."""
    await session.execute(
        sa.update(Generation)
        .where(col(Generation.id) == run_id, col(Generation.state).in_(ACTIVE))
        .values(stop_requested=True)
    )
    engine = current_engine()
    if engine is not None:
        after_commit(session, lambda: engine.stop_or_refuse(run_id))
