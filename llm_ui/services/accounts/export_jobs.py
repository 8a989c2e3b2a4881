"""Personal archives created in the background; each can be downloaded for a day."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, actor_of
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import JobStatus
from llm_ui.errors import NotFound
from llm_ui.models import BackgroundJob, ChatHistory, ChatMessage, StoredFile, User
from llm_ui.models.base import now
from llm_ui.schemas.files.files import Stored
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.accounts import export
from llm_ui.services.operations import jobs

logger = logging.getLogger(__name__)

KIND = "export_archive"
KEPT_FOR = timedelta(days=1)
PART = ".part"
# Roughly how many bytes of compressed archive a character of a chat takes; each is stored twice.
PACKED = 0.7

Progress = Callable[..., Awaitable[None]]


def folder() -> Path:
    """The folder of the archives."""
    return get_settings().data_path / "exports"


def path_of(job_id: str) -> Path:
    """The path of a job's archive; `job_id` must be the ID of an existing row."""
    return folder() / f"{job_id}.zip"


async def ask(session: AsyncSession, actor: Actor) -> JobItem:
    """Queue a job that creates the actor's archive; returns the running one if there is one."""
    return await jobs.enqueue(session, actor, KIND, key=KIND)


async def latest(session: AsyncSession, actor: Actor) -> JobItem | None:
    """The actor's most recent export job, regardless of its status."""
    page = await jobs.list_own(session, actor, kind=KIND, limit=1)
    return page.items[0] if page.items else None


async def write(job_id: str, user_id: str | None, progress: Progress) -> int:
    """Create a user's archive; returns its size in bytes.

    Args:
        progress: `progress(fraction, note, **params)`; an exception it raises aborts the export,
            and the partial file is removed.

    Raises:
        NotFound: the user no longer exists or is disabled.
    """
    async with unit_of_work(writes=False) as session:
        user = await session.get(User, user_id) if user_id else None
        if user is None or not user.is_active:
            raise NotFound
        expected = await _expected(session, user.id)
    target = path_of(job_id)
    part = target.with_name(target.name + PART)
    await asyncio.to_thread(folder().mkdir, parents=True, exist_ok=True)
    out = await asyncio.to_thread(_opened, part)
    size = 0
    try:
        async for piece in export.archive(actor_of(user)):
            await asyncio.to_thread(out.write, piece)
            size += len(piece)
            await progress(min(size / expected, 0.95), "jobs.note.exporting", bytes=size)
        await asyncio.to_thread(out.close)
        await asyncio.to_thread(part.replace, target)
    finally:
        out.close()
        part.unlink(missing_ok=True)
    return size


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


async def _expected(session: AsyncSession, user_id: str) -> float:
    """The estimated size of the archive in bytes; at least 1."""
    files = await session.scalar(
        sa.select(sa.func.sum(StoredFile.size)).where(col(StoredFile.user_id) == user_id)
    )
    text = await session.scalar(
        sa.select(sa.func.sum(sa.func.length(ChatMessage.content)))
        .join(ChatHistory, col(ChatHistory.id) == ChatMessage.chat_id)
        .where(col(ChatHistory.user_id) == user_id)
    )
    return int(files or 0) + PACKED * int(text or 0) + 10_000


async def locate(session: AsyncSession, actor: Actor, job_id: str) -> Stored:
    """The actor's own archive; administrators cannot download other people's.

    Raises:
        NotFound: the archive doesn't exist, isn't the actor's, isn't ready, or is no longer kept.
    """
    row = await session.scalar(
        sa.select(BackgroundJob).where(
            col(BackgroundJob.job_id) == job_id,
            col(BackgroundJob.user_id) == actor.user_id,
            col(BackgroundJob.job_type) == KIND,
            col(BackgroundJob.status) == JobStatus.DONE,
        )
    )
    if row is None or row.finished_at is None or row.finished_at < now() - KEPT_FOR:
        raise NotFound
    path = path_of(row.job_id)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound
    return Stored(str(path), export.archive_name(row.finished_at), "application/zip")


async def sweep() -> None:
    """Remove archives that have expired (after a day) or have no owner any more."""
    there = await asyncio.to_thread(lambda: list(folder().glob("*.zip*")))
    for path in there:
        job_id = path.name.partition(".")[0]
        async with unit_of_work(writes=False) as session:
            row = await session.get(BackgroundJob, job_id)
        if row is not None and row.user_id is not None:
            is_running = row.status.is_active
            is_fresh = row.finished_at is not None and row.finished_at > now() - KEPT_FOR
            if is_running or (row.status == JobStatus.DONE and is_fresh):
                continue
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError:
            logger.exception("could not delete the archive %s", path.name)
