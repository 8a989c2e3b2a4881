"""The library: listing, loading and deleting a user's files.

A file is found through its row, and the row through its owner. uploads.py receives files, and
file_storage.py says where their contents are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.db import after_commit, unit_of_work
from llm_ui.enums import FileStatus
from llm_ui.errors import NotFound
from llm_ui.i18n import translate
from llm_ui.models import (
    ChatHistory,
    ChatMessage,
    MessageFile,
    Project,
    ProjectFile,
    StoredFile,
)
from llm_ui.schemas.chats.views import Page
from llm_ui.schemas.files.files import FileItem, FileUse, Storage, Stored
from llm_ui.security.text import storable
from llm_ui.services.files import file_storage
from llm_ui.services.matching import holds
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
# Notes that refer to places by number.
PLACED = ("pages", "pages_scanned", "slides")
NAME_LIMIT = 255
MEGABYTE = 1024 * 1024
SHOWN_USES = 5
LOOK_EVERY_S = 0.2


def item_of(row: StoredFile, language: str, used_in: int = 0) -> FileItem:
    """A row as a list item."""
    return FileItem(
        id=row.id,
        name=row.name,
        size=row.size,
        kind=row.kind,
        media_type=row.media_type,
        status=row.status,
        error=translate(row.error_key, language) if row.error_key else "",
        characters=row.characters,
        created_at=row.created_at.isoformat(),
        used_in=used_in,
        note=note_of(row, language),
    )


def _places(what: str) -> int:
    """How many places a note lists, such as "2, 5–7"; one more if it ends in "…"."""
    ends = [part.split("–") for part in what.split(", ") if part != "…"]
    return sum(int(each[-1]) - int(each[0]) + 1 for each in ends) + what.endswith("…")


def _note(name: str, what: str, language: str) -> str:
    key = f"files.note.{name}"
    if name == "replaced":
        return translate(key, language, what=int(what), count=int(what))
    count = _places(what) if name in PLACED else 1
    return translate(key, language, what=what, count=count)


def note_of(row: StoredFile, language: str) -> str:
    """What the user should know about how a file was read, or ""."""
    return " ".join(_note(name, what, language) for name, what in row.notes)


async def get_file_for(session: AsyncSession, actor: Actor, file_id: str) -> StoredFile:
    """The actor's file. Raises NotFound."""
    row = await session.scalar(
        sa.select(StoredFile).where(
            col(StoredFile.id) == file_id, col(StoredFile.user_id) == actor.user_id
        )
    )
    if row is None:
        raise NotFound
    return row


async def get_file(session: AsyncSession, actor: Actor, file_id: str) -> FileItem:
    """The current state of one file. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    count = await session.scalar(
        sa.select(_used_in()).select_from(StoredFile).where(col(StoredFile.id) == row.id)
    )
    return item_of(row, actor.language, count or 0)


async def get_files(session: AsyncSession, actor: Actor, file_ids: Iterable[str]) -> list[FileItem]:
    """The actor's files with these IDs, in this order; foreign and missing ones are left out."""
    wanted = list(file_ids)
    rows = await session.scalars(
        sa.select(StoredFile).where(
            col(StoredFile.id).in_(wanted), col(StoredFile.user_id) == actor.user_id
        )
    )
    found = {row.id: item_of(row, actor.language) for row in rows}
    return [found[each] for each in wanted if each in found]


async def until_read(actor: Actor, file_ids: Sequence[str], seconds: float) -> None:
    """Wait until the text of these files has been extracted, for at most `seconds`."""
    waiting = sa.select(sa.func.count()).where(
        col(StoredFile.id).in_(list(file_ids)),
        col(StoredFile.user_id) == actor.user_id,
        col(StoredFile.status) == FileStatus.WAITING,
    )
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while file_ids:
        async with unit_of_work(writes=False) as session:
            if not await session.scalar(waiting):
                return
        if loop.time() >= until:
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def get_content(session: AsyncSession, actor: Actor, file_id: str) -> Stored:
    """The path of the actor's file. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    path = file_storage.path_of(row.id)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound
    return Stored(str(path), row.name, row.media_type, row.kind)


def _used_in() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count(sa.distinct(col(ChatMessage.chat_id))))
        .join(MessageFile, col(MessageFile.message_id) == ChatMessage.id)
        .join(ChatHistory, col(ChatHistory.id) == ChatMessage.chat_id)
        .where(col(MessageFile.file_id) == StoredFile.id, col(ChatHistory.deleted_at).is_(None))
        .correlate(StoredFile)
        .scalar_subquery()
    )


async def list_files(
    session: AsyncSession,
    actor: Actor,
    query: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
    *,
    unused: bool = False,
) -> Page[FileItem]:
    """The actor's files, newest first.

    Args:
        query: a substring of the name.
        unused: only files not attached to a question and not in a project.
    """
    found = (
        sa.select(StoredFile, _used_in())
        .where(col(StoredFile.user_id) == actor.user_id)
        .order_by(col(StoredFile.created_at).desc(), col(StoredFile.id).desc())
        .limit(limit + 1)
    )
    if wanted := " ".join(storable(query).split()):
        found = found.where(holds(wanted[:NAME_LIMIT], col(StoredFile.name)))
    if unused:
        found = found.where(_is_unused())
    if cursor:
        at, file_id = position_of(cursor)
        moment = sa.literal(at, StoredFile.__table__.c.created_at.type)  # type: ignore[attr-defined]
        found = found.where(
            sa.tuple_(col(StoredFile.created_at), col(StoredFile.id)) < sa.tuple_(moment, file_id)
        )
    rows = (await session.execute(found)).all()
    items = [item_of(row, actor.language, count) for row, count in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(items, cursor_of(last.created_at, last.id) if last else None)


def _is_unused() -> sa.ColumnElement[bool]:
    # Deleted chats can be restored, so they keep their files until they are purged.
    asked = sa.exists().where(col(MessageFile.file_id) == StoredFile.id)
    shelved = sa.exists().where(col(ProjectFile.file_id) == StoredFile.id)
    return ~sa.or_(asked, shelved)


async def storage(session: AsyncSession, actor: Actor) -> Storage:
    """How much storage the actor's files use, and the quota."""
    settings = get_settings()
    return Storage(
        await used(session, actor),
        settings.file_quota_mb * MEGABYTE,
        settings.max_file_mb * MEGABYTE,
    )


async def used(session: AsyncSession, actor: Actor) -> int:
    """The total size of the actor's files in bytes."""
    return await used_by(session, actor.user_id)


async def used_by(session: AsyncSession, user_id: str) -> int:
    """The total size of a user's files in bytes."""
    total = await session.scalar(
        sa.select(sa.func.sum(col(StoredFile.size))).where(col(StoredFile.user_id) == user_id)
    )
    return int(total or 0)


async def uses(session: AsyncSession, actor: Actor, file_id: str) -> FileUse:
    """Where the actor's file is used. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    item = await get_file(session, actor, file_id)
    titles = await session.scalars(
        sa.select(col(ChatHistory.title))
        .where(
            col(ChatHistory.deleted_at).is_(None),
            sa.exists().where(
                col(ChatMessage.chat_id) == ChatHistory.id,
                col(MessageFile.message_id) == ChatMessage.id,
                col(MessageFile.file_id) == row.id,
            ),
        )
        .order_by(col(ChatHistory.updated_at).desc())
        .limit(SHOWN_USES)
    )
    projects = await session.scalars(
        sa.select(col(Project.name))
        .join(ProjectFile, col(ProjectFile.project_id) == Project.id)
        .where(col(ProjectFile.file_id) == row.id)
        .order_by(col(Project.name))
        .limit(SHOWN_USES)
    )
    return FileUse(row.id, row.name, list(titles), item.used_in, list(projects))


async def delete_file(
    session: AsyncSession, actor: Actor, file_id: str, *, only_unused: bool = False
) -> None:
    """Permanently delete the actor's file, even if it is in use. Raises NotFound.

    Args:
        only_unused: don't delete it if a question or a project uses it.
    """
    row = await get_file_for(session, actor, file_id)
    if only_unused:
        alone = sa.select(col(StoredFile.id)).where(col(StoredFile.id) == row.id, _is_unused())
        if await session.scalar(alone) is None:
            return
    await session.delete(row)
    await session.flush()
    after_commit(session, lambda: file_storage.remove([row.id]))


async def delete_files_of(session: AsyncSession, user_id: str) -> None:
    """Delete all of a user's files, when their account is deleted."""
    mine = col(StoredFile.user_id) == user_id
    ids = list(await session.scalars(sa.select(col(StoredFile.id)).where(mine)))
    await session.execute(sa.delete(StoredFile).where(mine))
    after_commit(session, lambda: file_storage.remove(ids))
