"""Files of a person: receive, list, look up, delete.

The bytes lie in the data folder under the row's id. Nothing that came from outside is ever
part of a path: a file is found by its row, and its row through its owner.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import unicodedata
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.db import after_commit, insert_missing, unit_of_work
from llm_ui.errors import NotFound, TooLarge
from llm_ui.i18n import translate
from llm_ui.models import (
    ChatHistory,
    ChatMessage,
    MessageFile,
    Project,
    ProjectFile,
    StoredFile,
    User,
)
from llm_ui.models.base import new_id
from llm_ui.reading.kinds import Found, identify
from llm_ui.schemas.files import FileItem, FileUse, Storage, Stored
from llm_ui.schemas.views import Page
from llm_ui.security.text import storable
from llm_ui.services import extraction
from llm_ui.services.paging import cursor_of, position_of

logger = logging.getLogger(__name__)

PAGE = 50
NAME_LIMIT = 255
MEGABYTE = 1024 * 1024
SHOWN_USES = 5
ARRIVING = "arriving"
# Nothing that is still being received or written is as old as this.
ORPHAN_AGE = timedelta(hours=2)
# Controls, and marks that turn the direction of writing: "exe.txt" must not read as another name.
_UNFIT = re.compile("[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


# --- receiving -------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """A name fit to be shown: one line, without folders. Never empty, never a path."""
    flat = unicodedata.normalize("NFC", storable(_UNFIT.sub("", name)))
    last = " ".join(re.split(r"[/\\]", flat)[-1].split()).strip(". ")
    if len(last) > NAME_LIMIT:
        stem, dot, ending = last.rpartition(".")
        keep = f".{ending}" if dot and len(ending) <= 10 else ""
        last = (stem if keep else last)[: NAME_LIMIT - len(keep)] + keep
    return last or "file"


def path_of(file_id: str) -> Path:
    """Where the bytes of a row lie; the id is the row's own."""
    return extraction.folder() / file_id


async def receive(
    actor: Actor, name: str, chunks: AsyncIterator[bytes], claimed: int | None = None
) -> FileItem:
    """Take a file in: its bytes go to the disk as they come, then its text is read.

    Args:
        name: what the person calls it.
        claimed: how many bytes are to come, if the sender says so; a lie helps nobody.

    Raises:
        TooLarge: larger than one file may be, or than the room that is left.
        InvalidInput: empty, of a type that cannot be read, or an image too large to show.
    """
    settings = get_settings()
    async with unit_of_work(writes=False) as session:
        used = await _used(session, actor)
    room = min(settings.max_file_mb * MEGABYTE, settings.file_quota_mb * MEGABYTE - used)
    if claimed is not None and claimed > room:
        raise _too_large(claimed)
    file_id = new_id()
    arriving = extraction.folder() / ARRIVING / file_id
    try:
        size, digest = await _write(arriving, chunks, room)
        found = await asyncio.to_thread(identify, arriving)
        row = StoredFile(
            id=file_id,
            user_id=actor.user_id,
            name=clean_name(name),
            media_type=found.media_type,
            kind=found.kind,
            size=size,
            sha256=digest,
            status=_first_status(found),
        )
        return await _keep(actor, row, arriving)
    finally:
        await asyncio.to_thread(arriving.unlink, missing_ok=True)


def _first_status(found: Found) -> str:
    return "ready" if found.kind == "image" else "waiting"


def _too_large(size: int) -> TooLarge:
    settings = get_settings()
    if size > settings.max_file_mb * MEGABYTE:
        return TooLarge("error.file_large", limit=settings.max_file_mb)
    return TooLarge("error.file_quota", limit=settings.file_quota_mb)


async def _write(target: Path, chunks: AsyncIterator[bytes], room: int) -> tuple[int, str]:
    """Write what comes; its size and its SHA-256."""
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    file = await asyncio.to_thread(target.open, "wb")
    digest = hashlib.sha256()
    size, waiting = 0, bytearray()
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > room:
                raise _too_large(size)
            waiting += chunk
            if len(waiting) >= MEGABYTE:
                await asyncio.to_thread(_flush, file, digest, waiting)
        await asyncio.to_thread(_flush, file, digest, waiting)
    finally:
        await asyncio.to_thread(file.close)
    return size, digest.hexdigest()


def _flush(file: BinaryIO, digest: hashlib._Hash, waiting: bytearray) -> None:
    file.write(waiting)
    digest.update(waiting)
    waiting.clear()


async def _keep(actor: Actor, row: StoredFile, arriving: Path) -> FileItem:
    target = path_of(row.id)
    await asyncio.to_thread(arriving.replace, target)
    kept = False
    try:
        async with unit_of_work() as session:
            # One upload of a person counts at a time, else two could share the same room.
            await session.execute(
                sa.select(col(User.id)).where(col(User.id) == actor.user_id).with_for_update()
            )
            if await _used(session, actor) + row.size > get_settings().file_quota_mb * MEGABYTE:
                raise TooLarge("error.file_quota", limit=get_settings().file_quota_mb)
            session.add(row)
            await session.flush()
            if row.status == "waiting":
                after_commit(session, lambda: extraction.wake(row.id))
        kept = True
    finally:
        if not kept:
            await asyncio.to_thread(target.unlink, missing_ok=True)
    return item_of(row, actor.language)


# --- reading ---------------------------------------------------------------------------


def item_of(row: StoredFile, language: str, used_in: int = 0) -> FileItem:
    """A row as it is shown."""
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
    )


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
    """One file as it is now. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    used = await session.scalar(
        sa.select(_used_in()).select_from(StoredFile).where(col(StoredFile.id) == row.id)
    )
    return item_of(row, actor.language, used or 0)


async def get_files(session: AsyncSession, actor: Actor, file_ids: Iterable[str]) -> list[FileItem]:
    """These files of the actor's, in this order; foreign and missing ones are left out."""
    wanted = list(file_ids)
    rows = await session.scalars(
        sa.select(StoredFile).where(
            col(StoredFile.id).in_(wanted), col(StoredFile.user_id) == actor.user_id
        )
    )
    found = {row.id: item_of(row, actor.language) for row in rows}
    return [found[each] for each in wanted if each in found]


async def get_content(session: AsyncSession, actor: Actor, file_id: str) -> Stored:
    """Where the bytes of the actor's file lie. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    path = path_of(row.id)
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
    project_id: str | None = None,
) -> Page[FileItem]:
    """The actor's files, the newest first.

    Args:
        query: letters that the names have in them.
        project_id: only those of this project of the actor's.
    """
    found = (
        sa.select(StoredFile, _used_in())
        .where(col(StoredFile.user_id) == actor.user_id)
        .order_by(col(StoredFile.created_at).desc(), col(StoredFile.id).desc())
        .limit(limit + 1)
    )
    if wanted := " ".join(storable(query).split()):
        found = found.where(col(StoredFile.name).icontains(wanted[:NAME_LIMIT], autoescape=True))
    if project_id is not None:
        found = found.where(
            sa.exists().where(
                col(ProjectFile.file_id) == StoredFile.id,
                col(ProjectFile.project_id) == project_id,
            )
        )
    if cursor:
        at, file_id = position_of(cursor)
        moment = sa.literal(at, StoredFile.__table__.c.created_at.type)  # type: ignore[attr-defined]
        found = found.where(
            sa.tuple_(col(StoredFile.created_at), col(StoredFile.id)) < sa.tuple_(moment, file_id)
        )
    rows = (await session.execute(found)).all()
    items = [item_of(row, actor.language, used) for row, used in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(items, cursor_of(last.created_at, last.id) if last else None)


async def storage(session: AsyncSession, actor: Actor) -> Storage:
    """How much room the actor's files take, and may take."""
    settings = get_settings()
    return Storage(
        await _used(session, actor),
        settings.file_quota_mb * MEGABYTE,
        settings.max_file_mb * MEGABYTE,
    )


async def _used(session: AsyncSession, actor: Actor) -> int:
    total = await session.scalar(
        sa.select(sa.func.sum(col(StoredFile.size))).where(col(StoredFile.user_id) == actor.user_id)
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


# --- projects --------------------------------------------------------------------------


async def _project_for(session: AsyncSession, actor: Actor, project_id: str) -> str:
    found = await session.scalar(
        sa.select(col(Project.id)).where(
            col(Project.id) == project_id, col(Project.user_id) == actor.user_id
        )
    )
    if found is None:
        raise NotFound
    return str(found)


async def attach_to_project(
    session: AsyncSession, actor: Actor, project_id: str, file_id: str
) -> FileItem:
    """Let all chats of a project draw on a file; both are the actor's. Raises NotFound."""
    project = await _project_for(session, actor, project_id)
    row = await get_file_for(session, actor, file_id)
    await insert_missing(session, ProjectFile, [{"project_id": project, "file_id": row.id}])
    return item_of(row, actor.language)


async def detach_from_project(
    session: AsyncSession, actor: Actor, project_id: str, file_id: str
) -> None:
    """Take a file out of a project; it stays in the library. Raises NotFound."""
    project = await _project_for(session, actor, project_id)
    row = await get_file_for(session, actor, file_id)
    await session.execute(
        sa.delete(ProjectFile).where(
            col(ProjectFile.project_id) == project, col(ProjectFile.file_id) == row.id
        )
    )


# --- deleting --------------------------------------------------------------------------


async def delete_file(session: AsyncSession, actor: Actor, file_id: str) -> None:
    """Delete the actor's file for good, wherever it is used. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    await session.delete(row)
    await session.flush()
    after_commit(session, lambda: _remove_bytes([row.id]))


async def delete_files_of(session: AsyncSession, user_id: str) -> None:
    """Delete everything that a person gave: for the deletion of their account."""
    mine = col(StoredFile.user_id) == user_id
    ids = list(await session.scalars(sa.select(col(StoredFile.id)).where(mine)))
    await session.execute(sa.delete(StoredFile).where(mine))
    after_commit(session, lambda: _remove_bytes(ids))


async def _remove_bytes(ids: list[str]) -> None:
    for file_id in ids:
        await asyncio.to_thread(path_of(file_id).unlink, missing_ok=True)


async def remove_orphans() -> None:
    """Remove bytes without a row: of accounts that are gone, of uploads that were cut off."""
    old = await asyncio.to_thread(_old_files)
    for start in range(0, len(old), 500):
        part = old[start : start + 500]
        async with unit_of_work(writes=False) as session:
            names = [path.name for path in part]
            query = sa.select(col(StoredFile.id)).where(col(StoredFile.id).in_(names))
            known = set(await session.scalars(query))
        for path in part:
            if path.parent.name == ARRIVING or path.name not in known:
                await asyncio.to_thread(path.unlink, missing_ok=True)


def _old_files() -> list[Path]:
    before = datetime.now().astimezone() - ORPHAN_AGE
    found = []
    for place in (extraction.folder(), extraction.folder() / ARRIVING):
        for path in place.iterdir() if place.is_dir() else ():
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                found.append(path)
    return found
