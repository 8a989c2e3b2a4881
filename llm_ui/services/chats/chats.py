"""Chats: list, open, rename, delete and undo.

A chat is only ever loaded through its owner (`get_chat_for`), so another user's chat can't be
distinguished from one that doesn't exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import after_commit
from llm_ui.errors import InvalidInput, NotFound, Refusals, named_by
from llm_ui.generation import current_engine
from llm_ui.models import ACTIVE, AIModel, ChatHistory, ChatMessage, ChatTag, Generation
from llm_ui.models.base import now
from llm_ui.schemas.chats.chats import AskOptions, ChatHead, ChatView
from llm_ui.schemas.chats.finding import ChatFilters
from llm_ui.schemas.chats.views import ChatItem, Page
from llm_ui.security.text import storable
from llm_ui.services import text_quota
from llm_ui.services.catalogue import chat_settings
from llm_ui.services.catalogue.models import check_known, get_model_for, named
from llm_ui.services.chats import live_updates, messages
from llm_ui.services.files import generated_images
from llm_ui.services.paging import cursor_of, packed, position_of, unpacked
from llm_ui.services.projects.projects import get_project_for

ChatSort = Literal["updated_at", "title"]
PAGE = 50
TITLE_LIMIT = 200
# How long a deleted chat can be restored before it is purged.
UNDO_FOR = timedelta(minutes=10)


def head_of(chat: ChatHistory, tags: Sequence[str] = (), model_name: str = "") -> ChatHead:
    """A chat without its messages; tags and model name come from other tables."""
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
    """The actor's chat; `lock` locks its row until the commit. Raises NotFound."""
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
    """Create an empty chat with a model the actor may use."""
    options = options or AskOptions()
    chat = ChatHistory(
        user_id=actor.user_id,
        title="",
        title_is_automatic=not title,
        is_temporary=options.temporary,
    )
    refusals, model_name = Refusals(), ""
    with refusals:
        chat.title = clean_title(title) if title else ""
    with refusals:
        chat.settings = chat_settings.clean(options.settings)
    with refusals:
        model = await get_model_for(session, actor, model_id)
        chat.model_id, model_name = model.id, model.display_name
    refusals.done()
    if options.project_id:
        with named_by("project_id"):
            chat.project_id = (await get_project_for(session, actor, options.project_id)).id
    text_quota.charge(actor, [str(chat.settings.get("system_prompt", ""))])
    session.add(chat)
    await session.flush()
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat, model_name=model_name)


def clean_title(title: str) -> str:
    """A title on one line. Raises InvalidInput."""
    cleaned = " ".join(storable(title).split())
    if not cleaned:
        raise InvalidInput("error.title_empty", field="title")
    if len(cleaned) > TITLE_LIMIT:
        raise InvalidInput("error.title_long", field="title", limit=TITLE_LIMIT)
    return cleaned


def listed(actor: Actor, filters: ChatFilters) -> list[sa.ColumnElement[bool]]:
    """The conditions for the actor's chats in a list with these filters."""
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
    """The chats as list items, in the given order."""
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
    """Tags by chat ID, sorted by name; chats without tags are left out."""
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
    *,
    sort: ChatSort = "updated_at",
    falling: bool = True,
) -> Page[ChatItem]:
    """The actor's chats, most recently used first; without filters, only those not archived."""
    by_title = sort == "title"
    key: Any = sa.func.lower(col(ChatHistory.title)) if by_title else col(ChatHistory.updated_at)
    chat_id = col(ChatHistory.id)
    order = (key.desc(), chat_id.desc()) if falling else (key, chat_id)
    query = (
        sa.select(ChatHistory, key.label("key"))
        .where(*listed(actor, filters or ChatFilters()))
        .order_by(*order)
        .limit(limit + 1)
    )
    if cursor:
        value, last_id = unpacked(cursor, str, str) if by_title else position_of(cursor)
        here, there = sa.tuple_(key, chat_id), sa.tuple_(sa.literal(value, key.type), last_id)
        query = query.where(here < there if falling else here > there)
    rows = (await session.execute(query)).all()
    items = await items_of(session, [row[0] for row in rows[:limit]])
    if len(rows) <= limit:
        return Page(items, None)
    last, at = rows[limit - 1]
    return Page(items, packed(at, last.id) if by_title else cursor_of(last.updated_at, last.id))


async def check_filters(session: AsyncSession, actor: Actor, filters: ChatFilters) -> None:
    """Raise InvalidInput if a filter names a project or a model that the actor doesn't have."""
    refusals = Refusals()
    if filters.project_id:
        with refusals:
            await _check_project(session, actor, filters.project_id)
    if filters.model_id:
        with refusals:
            await check_known(session, actor, filters.model_id)
    refusals.done()


async def _check_project(session: AsyncSession, actor: Actor, project_id: str) -> None:
    try:
        await get_project_for(session, actor, project_id)
    except NotFound:
        raise InvalidInput("error.project_unknown", field="project_id") from None


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
    """A chat with a page of its messages: by default the newest of its branch.

    At most one of `before`, `after` and `around` may name a message (see `messages.page_of`), else
    InvalidInput is raised.
    """
    if len([each for each in (before, after, around) if each is not None]) > 1:
        raise InvalidInput("error.one_of_three", field="around")
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
    """A chat with its last message, locked until the commit. Raises NotFound."""
    await get_chat_for(session, actor, chat_id, lock=True)
    return await open_chat(session, actor, chat_id, limit=1)


async def _origin(session: AsyncSession, chat: ChatHistory) -> tuple[str, str]:
    """The ID and title of the chat this one was forked from, if its owner still has it."""
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
    """Set a chat's title, which ends automatic titles.

    None removes the title, so that the next question sets it again.
    """
    cleaned = "" if title is None else clean_title(title)
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    chat.title, chat.title_is_automatic = cleaned, title is None
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def change_settings(
    session: AsyncSession, actor: Actor, chat_id: str, settings: Mapping[str, Any]
) -> ChatHead:
    """Replace all of a chat's settings (see chat_settings). Raises InvalidInput."""
    cleaned = chat_settings.clean(settings)
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    text_quota.charge(actor, [str(cleaned.get("system_prompt", ""))])
    chat.settings = cleaned
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def merge_settings(
    session: AsyncSession, actor: Actor, chat_id: str, change: Mapping[str, Any] | None
) -> ChatHead:
    """Change some of a chat's settings.

    A value of None removes one; None for `change` removes all.
    """
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    settings = {**chat.settings, **change} if change is not None else {}
    return await change_settings(session, actor, chat_id, settings)


async def choose_model(session: AsyncSession, actor: Actor, chat_id: str, model_id: str) -> None:
    """Use another model for this chat's next questions."""
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    chat.model_id = (await get_model_for(session, actor, model_id)).id
    live_updates.changed(session, actor.user_id, chat.id)


async def delete_chat(session: AsyncSession, actor: Actor, chat_id: str) -> ChatHead:
    """Delete a chat and stop its running answer; it can be restored within UNDO_FOR."""
    chat = await get_chat_for(session, actor, chat_id, lock=True)
    chat.deleted_at = now()
    live_updates.changed(session, actor.user_id, chat.id)
    query = sa.select(col(Generation.id)).where(
        col(Generation.chat_id) == chat_id, col(Generation.state).in_(ACTIVE)
    )
    for run_id in await session.scalars(query):
        await stop_row(session, run_id)
    return head_of(chat)


async def undo_delete(session: AsyncSession, actor: Actor, chat_id: str) -> ChatHead:
    """Restore a deleted chat. Raises NotFound once it can no longer be restored."""
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
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def purge_deleted(session: AsyncSession) -> None:
    """Purge chats whose deletion can no longer be undone."""
    await remove(session, col(ChatHistory.deleted_at) < now() - UNDO_FOR)


async def remove(session: AsyncSession, which: sa.ColumnElement[bool]) -> None:
    """Permanently delete chats with everything that belongs to them."""
    # Lock the chats before anything in them, in the same order as an answer that is just ending.
    query = sa.select(col(ChatHistory.id)).where(which).order_by(col(ChatHistory.id))
    if not list(await session.scalars(query.with_for_update())):
        return
    await generated_images.remove_with(session, which)
    await unchain(session, which)
    await session.execute(sa.delete(ChatHistory).where(which))


async def unchain(session: AsyncSession, which: sa.ColumnElement[bool]) -> None:
    """Clear the parents of messages in chats that are about to be deleted.

    Otherwise deletes would cascade from each message to the next, and SQLite's limit is a depth of
    a thousand.
    """
    chained = sa.select(col(ChatHistory.id)).where(which)
    await session.execute(
        sa.update(ChatMessage).where(col(ChatMessage.chat_id).in_(chained)).values(parent_id=None)
    )


async def stop_row(session: AsyncSession, run_id: str) -> None:
    """Stop a run: immediately if it runs on this worker, or else through the worker that streams
    it."""
    await session.execute(
        sa.update(Generation)
        .where(col(Generation.id) == run_id, col(Generation.state).in_(ACTIVE))
        .values(stop_requested=True)
    )
    engine = current_engine()
    if engine is not None:
        after_commit(session, lambda: engine.stop_or_refuse(run_id))
