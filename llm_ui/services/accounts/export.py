"""The personal archive: everything one user owns, as a ZIP created while it is being sent.

At most one batch of messages or one chunk of a file is in memory at a time.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.models import (
    Project,
    ProjectFile,
    StoredFile,
    SystemPrompt,
    User,
)
from llm_ui.models.base import now
from llm_ui.services.accounts import export_chats
from llm_ui.services.accounts.export_chats import BATCH, archived_as, pretty, safe_name
from llm_ui.services.chats import chats
from llm_ui.services.files import file_storage
from llm_ui.services.insights import own_usage

# The formats that a chat can be exported in.
MEDIA_TYPES = {"markdown": "text/markdown", "json": "application/json"}
_ENDINGS = {"markdown": "md", "json": "json"}
PIECE = 64 * 1024


class _Sink:
    """The file object the ZIP is written to; buffers what has not been sent yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: everything written is available immediately."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts, self.size = [], 0
        return taken


def archive_name(moment: datetime) -> str:
    """The archive's file name."""
    return f"llm-ui-{moment:%Y-%m-%d}.zip"


async def one_chat(actor: Actor, chat_id: str, form: str) -> tuple[str, AsyncIterator[str]]:
    """The file name of an exported chat, and its text in chunks.

    Raises NotFound for other people's chats.
    """
    async with unit_of_work(writes=False) as session:
        chat = await chats.get_chat_for(session, actor, chat_id)
    write = export_chats.as_json if form == "json" else export_chats.as_markdown
    return f"{safe_name(chat.title) or 'chat'}.{_ENDINGS[form]}", write(chat)


async def archive(actor: Actor) -> AsyncIterator[bytes]:
    """The actor's personal archive, as chunks of a ZIP file."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:  # type: ignore[call-overload]
        async for name, content in _entries(actor):
            entry = zipfile.ZipInfo(name, now().timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(entry, "w", force_zip64=True) as out:
                async for text in content:
                    data = text.encode() if isinstance(text, str) else text
                    for start in range(0, len(data), PIECE):
                        out.write(data[start : start + PIECE])
                        # Compressing is CPU-bound: let other tasks run between chunks.
                        await asyncio.sleep(0)
                        if sink.size >= PIECE:
                            yield sink.take()
    yield sink.take()


Content = AsyncIterable[str | bytes]


async def _just(text: str) -> AsyncIterator[str]:
    yield text


async def _entries(actor: Actor) -> AsyncIterator[tuple[str, Content]]:
    """The name and content of each file in the archive, in order."""
    async with unit_of_work(writes=False) as session:
        account = await _account(session, actor)
        kept = await _prompts(session, actor)
        projects = await _projects(session, actor)
    yield "account.json", _just(pretty(account))
    yield "prompts.json", _just(pretty(kept))
    yield "projects.json", _just(pretty(projects))
    yield "usage.csv", own_usage.ledger_csv(actor)
    given = [each async for each in _files(actor)]
    yield "files.json", _just(pretty(given))
    for each in given:
        path = file_storage.path_of(each["id"])
        if await asyncio.to_thread(path.is_file):
            yield each["archived_as"], _bytes(path)
    async for chat in export_chats.kept(actor):
        day = f"{chat.created_at:%Y-%m-%d}"
        base = "chats/" + "_".join(filter(None, (day, safe_name(chat.title), chat.id)))
        yield f"{base}.json", export_chats.as_json(chat)
        yield f"{base}.md", export_chats.as_markdown(chat)


async def _account(session: AsyncSession, actor: Actor) -> dict[str, Any]:
    user = await session.get_one(User, actor.user_id)
    return {
        "username": user.username,
        "email": user.email,
        "role": user.role,
        "language": user.language,
        "preferences": user.preferences,
        "created_at": user.created_at.isoformat(),
        "exported_at": now().isoformat(),
    }


async def _prompts(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
    query = sa.select(SystemPrompt).where(col(SystemPrompt.user_id) == actor.user_id)
    return [
        {
            "id": each.id,
            "name": each.name,
            "prompt": each.prompt,
            "tags": each.tags,
            "public": each.is_public,
            "created_at": each.created_at.isoformat(),
            "updated_at": each.updated_at.isoformat(),
        }
        for each in await session.scalars(query.order_by(col(SystemPrompt.id)))
    ]


async def _projects(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
    owned = await session.execute(
        sa.select(col(ProjectFile.project_id), col(ProjectFile.file_id))
        .join(Project, col(Project.id) == ProjectFile.project_id)
        .where(col(Project.user_id) == actor.user_id)
    )
    files: dict[str, list[str]] = {}
    for project_id, file_id in owned:
        files.setdefault(project_id, []).append(file_id)
    query = sa.select(Project).where(col(Project.user_id) == actor.user_id)
    return [
        {
            "id": each.id,
            "name": each.name,
            "description": each.description,
            "icon": each.icon,
            "system_prompt": each.system_prompt,
            "files": files.get(each.id, []),
            "created_at": each.created_at.isoformat(),
            "updated_at": each.updated_at.isoformat(),
        }
        for each in await session.scalars(query.order_by(col(Project.id)))
    ]


async def _files(actor: Actor) -> AsyncIterator[dict[str, Any]]:
    last = ""
    while True:
        async with unit_of_work(writes=False) as session:
            query = (
                sa.select(StoredFile)
                .where(col(StoredFile.user_id) == actor.user_id, col(StoredFile.id) > last)
                .order_by(col(StoredFile.id))
                .limit(BATCH)
            )
            page = list(await session.scalars(query))
        for row in page:
            yield {
                "id": row.id,
                "name": row.name,
                "archived_as": archived_as(row),
                "media_type": row.media_type,
                "size": row.size,
                "sha256": row.sha256,
                "created_at": row.created_at.isoformat(),
            }
        if len(page) < BATCH:
            return
        last = page[-1].id


async def _bytes(path: Path) -> AsyncIterator[bytes]:
    source = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(source.read, PIECE):
            yield piece
    finally:
        await asyncio.to_thread(source.close)
