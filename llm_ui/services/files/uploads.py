"""Receiving uploads: contents are written to disk as they arrive, then their row is added.

A file's type is detected from its content; its text is extracted afterwards (extraction.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.db import after_commit, unit_of_work
from llm_ui.enums import FileKind, FileStatus
from llm_ui.errors import TooLarge
from llm_ui.models import StoredFile, User
from llm_ui.models.base import new_id
from llm_ui.normal_forms import normalized
from llm_ui.reading.kinds import Found, identify
from llm_ui.schemas.files.files import FileItem
from llm_ui.security.text import storable
from llm_ui.services.files import extraction, file_storage, upload_reservations
from llm_ui.services.files.files import MEGABYTE, NAME_LIMIT, item_of, used, used_by

# Concurrent uploads per user; a page sends two at a time.
AT_ONCE = 6
# Control characters, and bidirectional marks that could disguise a name such as "exe.txt".
_UNFIT = re.compile("[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_name(name: str) -> str:
    """A file name safe to display: one line, without folders. Never empty, never a path."""
    flat = normalized(storable(_UNFIT.sub("", name)), "NFC")
    last = " ".join(re.split(r"[/\\]", flat)[-1].split()).strip(". ")
    if len(last) > NAME_LIMIT:
        stem, dot, ending = last.rpartition(".")
        keep = f".{ending}" if dot and len(ending) <= 10 else ""
        last = (stem if keep else last)[: NAME_LIMIT - len(keep)] + keep
    return last or "file"


async def receive(
    actor: Actor, name: str, chunks: AsyncIterator[bytes], claimed: int | None = None
) -> FileItem:
    """Receive a file: its content is written to disk as it arrives, then its text is extracted.

    Args:
        name: the user's name for it.
        claimed: the size the client announced, if any; it is not trusted.

    Raises:
        TooLarge: it exceeds the maximum size of a file, or the quota including current uploads.
        TooManyRequests: the user has too many uploads in progress.
        DiskFull: the server's disk has no room for it.
        InvalidInput: empty, of an unsupported type, or an image too large to show.
    """
    settings = get_settings()
    largest = settings.max_file_mb * MEGABYTE
    async with unit_of_work(writes=False) as session:
        room = settings.file_quota_mb * MEGABYTE - await used(session, actor)
    if claimed is not None and claimed > largest:
        raise _too_large(claimed)
    try:
        async with upload_reservations.arrive(
            file_storage.folder() / file_storage.ARRIVING,
            actor.user_id,
            claimed,
            largest=largest,
            room=room,
            at_once=AT_ONCE,
        ) as arrival:
            return await _take(actor, name, chunks, arrival)
    except upload_reservations.NoRoom:
        raise TooLarge("error.file_quota", limit=settings.file_quota_mb) from None


async def _take(
    actor: Actor, name: str, chunks: AsyncIterator[bytes], arrival: upload_reservations.Arrival
) -> FileItem:
    size, digest = await _write(arrival, chunks)
    found = await asyncio.to_thread(identify, arrival.path)
    row = StoredFile(
        id=new_id(),
        user_id=actor.user_id,
        name=clean_name(name),
        media_type=found.media_type,
        kind=found.kind,
        size=size,
        sha256=digest,
        status=_first_status(found),
    )
    return await _keep(actor, row, arrival.path)


def _first_status(found: Found) -> FileStatus:
    return FileStatus.READY if found.kind == FileKind.IMAGE else FileStatus.WAITING


def _too_large(size: int) -> TooLarge:
    settings = get_settings()
    if size > settings.max_file_mb * MEGABYTE:
        return TooLarge("error.file_large", limit=settings.max_file_mb)
    return TooLarge("error.file_quota", limit=settings.file_quota_mb)


async def _write(
    arrival: upload_reservations.Arrival, chunks: AsyncIterator[bytes]
) -> tuple[int, str]:
    """Write the content as it arrives; returns its size and SHA-256."""
    digest = hashlib.sha256()
    size, waiting = 0, bytearray()
    async for chunk in chunks:
        size += len(chunk)
        if size > arrival.size:
            raise _too_large(size)
        waiting += chunk
        if len(waiting) >= MEGABYTE:
            await asyncio.to_thread(_flush, arrival.file, digest, waiting)
    await asyncio.to_thread(_flush, arrival.file, digest, waiting)
    return size, digest.hexdigest()


def _flush(file: BinaryIO, digest: hashlib._Hash, waiting: bytearray) -> None:
    file.write(waiting)
    file.flush()
    digest.update(waiting)
    waiting.clear()


async def claim_room(session: AsyncSession, user_id: str, size: int) -> None:
    """Make sure that this many more bytes are within a user's quota until the commit.

    Raises TooLarge.
    """
    # Serialized per user, so that two files cannot both use the same room.
    await session.execute(sa.select(col(User.id)).where(col(User.id) == user_id).with_for_update())
    quota = get_settings().file_quota_mb
    if await used_by(session, user_id) + size > quota * MEGABYTE:
        raise TooLarge("error.file_quota", limit=quota)


async def _keep(actor: Actor, row: StoredFile, arriving: Path) -> FileItem:
    target = file_storage.path_of(row.id)
    await asyncio.to_thread(arriving.replace, target)
    kept = False
    try:
        async with unit_of_work() as session:
            await claim_room(session, actor.user_id, row.size)
            session.add(row)
            await session.flush()
            if row.status == FileStatus.WAITING:
                after_commit(session, lambda: extraction.wake(row.id))
        kept = True
    finally:
        if not kept:
            await asyncio.to_thread(target.unlink, missing_ok=True)
    return item_of(row, actor.language)
