"""Organizing chats: pin, archive, move to a project, tag; one or many at a time.

Every function takes a list of chats. If one of them is not the actor's, it raises NotFound and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import insert_missing
from llm_ui.errors import Conflict, InvalidInput, NotFound, named_by
from llm_ui.models import ChatHistory, ChatTag
from llm_ui.models.base import now
from llm_ui.schemas.chats.finding import ChatFilters, ChatWindow, TagView
from llm_ui.schemas.files.files import FilesAlong
from llm_ui.security.text import storable
from llm_ui.services.chats import chats, live_updates
from llm_ui.services.chats.chats import get_chat_for
from llm_ui.services.projects import project_files
from llm_ui.services.projects.projects import get_project_for

AT_ONCE = 200
TAG_LIMIT = 40
TAGS_PER_CHAT = 20
# More pinned chats would leave no room in the list for the others.
PINS = 50


async def _own(session: AsyncSession, actor: Actor, chat_ids: Sequence[str]) -> list[str]:
    """The IDs without duplicates, all verified to be the actor's; also notifies of the change."""
    wanted = list(dict.fromkeys(chat_ids))
    if len(wanted) > AT_ONCE:
        raise InvalidInput("error.too_many_chats", field="ids", limit=AT_ONCE)
    found = set(
        await session.scalars(
            sa.select(col(ChatHistory.id)).where(
                col(ChatHistory.id).in_(wanted),
                col(ChatHistory.user_id) == actor.user_id,
                col(ChatHistory.deleted_at).is_(None),
            )
        )
    )
    if not wanted or found != set(wanted):
        raise NotFound
    live_updates.changed(session, actor.user_id, *wanted)
    return wanted


async def _set(session: AsyncSession, ids: Sequence[str], **values: object) -> None:
    await session.execute(
        sa.update(ChatHistory).where(col(ChatHistory.id).in_(ids)).values(**values)
    )


async def pin(session: AsyncSession, actor: Actor, chat_ids: Sequence[str], on: bool) -> None:
    """Pin chats to the top of the list, or unpin them. Raises Conflict beyond PINS."""
    ids = await _own(session, actor, chat_ids)
    await _set(session, ids, pinned_at=now() if on else None)
    pinned = await session.scalar(
        sa.select(sa.func.count())
        .select_from(ChatHistory)
        .where(*chats.listed(actor, ChatFilters()), col(ChatHistory.pinned_at).is_not(None))
    )
    if on and (pinned or 0) > PINS:
        raise Conflict("error.pins_full", limit=PINS)


async def archive(session: AsyncSession, actor: Actor, chat_ids: Sequence[str], on: bool) -> None:
    """Archive or unarchive chats. Archiving unpins."""
    ids = await _own(session, actor, chat_ids)
    if on:
        await _set(session, ids, archived_at=now(), pinned_at=None)
    else:
        await _set(session, ids, archived_at=None)


async def move(
    session: AsyncSession, actor: Actor, chat_ids: Sequence[str], project_id: str | None
) -> None:
    """Move chats to one of the actor's projects or, with None or "", out of their project.

    Raises NotFound.
    """
    ids = await _own(session, actor, chat_ids)
    with named_by("project_id"):
        target = (await get_project_for(session, actor, project_id)).id if project_id else None
    await _set(session, ids, project_id=target)


def clean_tag(name: str, field: str = "tags") -> str:
    """A tag in lower case, on one line. Raises InvalidInput."""
    cleaned = " ".join(storable(name).split()).lstrip("# ").lower()
    if not cleaned or len(cleaned) > TAG_LIMIT:
        raise InvalidInput("error.tag", field=field, limit=TAG_LIMIT)
    return cleaned


async def tag(
    session: AsyncSession, actor: Actor, chat_ids: Sequence[str], name: str, on: bool
) -> str:
    """Add a tag to chats, or remove it. Returns the tag as stored."""
    cleaned = clean_tag(name, "add_tag" if on else "remove_tag")
    ids = await _own(session, actor, chat_ids)
    if not on:
        await session.execute(
            sa.delete(ChatTag).where(col(ChatTag.chat_id).in_(ids), col(ChatTag.name) == cleaned)
        )
        return cleaned
    await insert_missing(session, ChatTag, [{"chat_id": each, "name": cleaned} for each in ids])
    most = await session.scalar(
        sa.select(sa.func.count().label("tags"))
        .select_from(ChatTag)
        .where(col(ChatTag.chat_id).in_(ids))
        .group_by(col(ChatTag.chat_id))
        .order_by(sa.desc("tags"))
        .limit(1)
    )
    if (most or 0) > TAGS_PER_CHAT:
        raise Conflict("error.tags_full", limit=TAGS_PER_CHAT)
    return cleaned


async def set_tags(
    session: AsyncSession, actor: Actor, chat_id: str, names: Sequence[str]
) -> list[str]:
    """Replace a chat's tags. Returns them as stored."""
    (own,) = await _own(session, actor, [chat_id])
    cleaned = list(dict.fromkeys(clean_tag(name) for name in names if name.strip()))
    if len(cleaned) > TAGS_PER_CHAT:
        raise Conflict("error.tags_full", limit=TAGS_PER_CHAT)
    await session.execute(sa.delete(ChatTag).where(col(ChatTag.chat_id) == own))
    if cleaned:
        rows = [{"chat_id": own, "name": name} for name in cleaned]
        await insert_missing(session, ChatTag, rows)
    return cleaned


async def list_tags(session: AsyncSession, actor: Actor) -> list[TagView]:
    """The actor's tags by name, each with its number of chats."""
    query = (
        sa.select(col(ChatTag.name), sa.func.count())
        .join(ChatHistory, col(ChatHistory.id) == ChatTag.chat_id)
        .where(
            col(ChatHistory.user_id) == actor.user_id,
            col(ChatHistory.deleted_at).is_(None),
            col(ChatHistory.is_temporary) == sa.false(),
        )
        .group_by(col(ChatTag.name))
        .order_by(col(ChatTag.name))
        .limit(500)
    )
    return [TagView(name, count) for name, count in (await session.execute(query)).all()]


async def delete(session: AsyncSession, actor: Actor, chat_ids: Sequence[str]) -> None:
    """Delete chats; `restore` restores them within chats.UNDO_FOR."""
    # In a fixed order, to avoid deadlocks: each chat is locked.
    for each in sorted(await _own(session, actor, chat_ids)):
        await chats.delete_chat(session, actor, each)


async def restore(session: AsyncSession, actor: Actor, chat_ids: Sequence[str]) -> None:
    """Restore deleted chats. Raises NotFound if one can no longer be restored."""
    if len(chat_ids) > AT_ONCE:
        raise InvalidInput("error.too_many_chats", field="ids", limit=AT_ONCE)
    for each in dict.fromkeys(chat_ids):
        await chats.undo_delete(session, actor, each)


# --- lists ------------------------------------------------------------------------------


async def window(
    session: AsyncSession,
    actor: Actor,
    start: int = 0,
    limit: int = 100,
    filters: ChatFilters | None = None,
) -> ChatWindow:
    """The chats from offset `start` on: pinned ones first, then most recently used.

    The offset is resolved in the index alone, so a large one costs little more than a small one.
    """
    fits = chats.listed(actor, filters or ChatFilters())
    pinned = col(ChatHistory.pinned_at)
    count = sa.select(sa.func.count(), sa.func.count(pinned)).select_from(ChatHistory).where(*fits)
    total, pins = (await session.execute(count)).one()
    start = max(0, min(start, total - 1))
    rows: list[ChatHistory] = []
    if start < pins:
        first = sa.select(ChatHistory).where(*fits, pinned.is_not(None))
        first = first.order_by(pinned.desc(), col(ChatHistory.id).desc())
        rows += await session.scalars(first.offset(start).limit(limit))
    if len(rows) < limit:
        rest = (
            sa.select(col(ChatHistory.id))
            .where(*fits, pinned.is_(None))
            .order_by(col(ChatHistory.updated_at).desc(), col(ChatHistory.id).desc())
            .offset(max(0, start - pins))
            .limit(limit - len(rows))
        )
        ids = list(await session.scalars(rest))
        found = {
            each.id: each
            for each in await session.scalars(
                sa.select(ChatHistory).where(col(ChatHistory.id).in_(ids))
            )
        }
        rows += [found[each] for each in ids]
    return ChatWindow(await chats.items_of(session, rows), start, total)


async def along_with(session: AsyncSession, actor: Actor, chat_id: str) -> FilesAlong:
    """The project files that questions in the actor's chat include. Raises NotFound."""
    chat = await get_chat_for(session, actor, chat_id)
    return (
        await project_files.along(session, actor, chat.project_id)
        if chat.project_id
        else FilesAlong()
    )
