"""Generated images: files that belong to the user, like uploads, and are attached to an answer.

They are deleted with the last chat that contains them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import after_commit, unit_of_work
from llm_ui.enums import FileKind, FileStatus, MessageRole
from llm_ui.errors import InvalidInput, ProviderGarbage, TooLarge
from llm_ui.models import ChatHistory, ChatMessage, MessageFile, ProjectFile, StoredFile
from llm_ui.models.base import new_id
from llm_ui.reading.kinds import identify
from llm_ui.services.files import file_storage
from llm_ui.services.files.files import MEGABYTE
from llm_ui.services.files.uploads import claim_room, clean_name

NAME_CHARS = 60
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


async def keep(user_id: str, message_id: str, prompt: str, images: Sequence[bytes]) -> None:
    """Store new images as the user's files, attached to the answer; all or none.

    Raises:
        ProviderGarbage: one is not an image.
        TooLarge: one is larger than a file may be, or exceeds the quota.
    """
    rows: list[StoredFile] = []
    kept = False
    try:
        for number, data in enumerate(images, 1):
            rows.append(await _arrive(user_id, _name(prompt, number, len(images)), data))
        async with unit_of_work() as session:
            await claim_room(session, user_id, sum(row.size for row in rows))
            session.add_all(rows)
            await session.flush()
            session.add_all(
                MessageFile(message_id=message_id, file_id=row.id, position=place)
                for place, row in enumerate(rows)
            )
        kept = True
    finally:
        if not kept:
            await file_storage.remove([row.id for row in rows])


def _name(prompt: str, number: int, count: int) -> str:
    """The first words of the prompt; a slash must not act as a folder."""
    words = " ".join(prompt.replace("/", " ").replace("\\", " ").split())
    short = words if len(words) <= NAME_CHARS else words[:NAME_CHARS].rsplit(" ", 1)[0]
    return f"{clean_name(short)} {number}" if count > 1 else clean_name(short)


async def _arrive(user_id: str, name: str, data: bytes) -> StoredFile:
    """Write the image to disk, and create its row without adding it to a session."""
    limit = get_settings().max_file_mb
    if len(data) > limit * MEGABYTE:
        raise TooLarge("error.file_large", limit=limit)
    file_id = new_id()
    arriving = file_storage.arriving(file_id)
    try:
        media_type = await asyncio.to_thread(_written, arriving, data)
        await asyncio.to_thread(arriving.replace, file_storage.path_of(file_id))
    finally:
        await asyncio.to_thread(arriving.unlink, missing_ok=True)
    return StoredFile(
        id=file_id,
        user_id=user_id,
        name=f"{name}.{ENDINGS[media_type]}",
        media_type=media_type,
        kind=FileKind.IMAGE,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        status=FileStatus.READY,
    )


def _written(path: Path, data: bytes) -> str:
    """Write the image and detect its type from the content, like for an upload."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    try:
        found = identify(path)
    except InvalidInput as error:
        raise ProviderGarbage(f"not an image ({error.message_key})") from None
    if found.kind != FileKind.IMAGE:
        raise ProviderGarbage(f"not an image ({found.media_type})")
    return found.media_type


async def remove_with(session: AsyncSession, which: sa.ColumnElement[bool]) -> None:
    """Delete the generated images of chats that are about to be deleted.

    Images that another chat or a project uses are kept.
    """
    gone = sa.select(col(ChatHistory.id)).where(which)
    here = (
        sa.select(col(MessageFile.file_id))
        .join(ChatMessage, col(ChatMessage.id) == MessageFile.message_id)
        .where(col(ChatMessage.role) == MessageRole.ASSISTANT, col(ChatMessage.chat_id).in_(gone))
    )
    elsewhere = (
        sa.select(col(MessageFile.file_id))
        .join(ChatMessage, col(ChatMessage.id) == MessageFile.message_id)
        .where(col(MessageFile.file_id) == StoredFile.id, col(ChatMessage.chat_id).not_in(gone))
        .correlate(StoredFile)
        .exists()
    )
    of_project = (
        sa.select(col(ProjectFile.file_id))
        .where(col(ProjectFile.file_id) == StoredFile.id)
        .correlate(StoredFile)
        .exists()
    )
    ids = list(
        await session.scalars(
            sa.select(col(StoredFile.id)).where(
                col(StoredFile.id).in_(here), ~elsewhere, ~of_project
            )
        )
    )
    if ids:
        await session.execute(sa.delete(StoredFile).where(col(StoredFile.id).in_(ids)))
        after_commit(session, lambda: file_storage.remove(ids))
