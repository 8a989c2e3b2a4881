"""Everything that one person owns, as one ZIP that is made while it is being sent.

At any moment at most one batch of messages, or one piece of a file, is in memory.
"""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
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
    ChatHistory,
    ChatMessage,
    ChatTag,
    Project,
    ProjectFile,
    StoredFile,
    SystemPrompt,
    User,
)
from llm_ui.models.base import now
from llm_ui.services import files, usage

PIECE = 64 * 1024
BATCH = 100
NAME_LENGTH = 60
_UNSAFE = re.compile(r"[^\w-]+")
ROLES = {"user": "Question", "assistant": "Answer", "system": "System"}


class _Sink:
    """What the ZIP is written to: keeps what has not been sent yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts, self.size = [], 0
        return taken


def safe_name(text: str) -> str:
    """A text as part of a file's name that every system can unpack."""
    plain = unicodedata.normalize("NFC", text)
    return _UNSAFE.sub("-", plain).strip("-")[:NAME_LENGTH].strip("-")


def archive_name(moment: datetime) -> str:
    """What the archive is called."""
    return f"llm-ui-{moment:%Y-%m-%d}.zip"


def _pretty(thing: Any) -> str:
    return json.dumps(thing, ensure_ascii=False, indent=2)


async def archive(actor: Actor) -> AsyncIterator[bytes]:
    """The ZIP of all that is the actor's, piece by piece."""
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
                        # Packing is work: others get their turn between the pieces.
                        await asyncio.sleep(0)
                        if sink.size >= PIECE:
                            yield sink.take()
    yield sink.take()


Content = AsyncIterable[str | bytes]


async def _just(text: str) -> AsyncIterator[str]:
    yield text


async def _entries(actor: Actor) -> AsyncIterator[tuple[str, Content]]:
    """Name and content of each file of the archive, in order."""
    async with unit_of_work(writes=False) as session:
        account = await _account(session, actor)
        kept = await _prompts(session, actor)
        projects = await _projects(session, actor)
    yield "account.json", _just(_pretty(account))
    yield "prompts.json", _just(_pretty(kept))
    yield "projects.json", _just(_pretty(projects))
    yield "usage.csv", usage.ledger_csv(actor)
    given = [each async for each in _files(actor)]
    yield "files.json", _just(_pretty(given))
    for each in given:
        path = files.path_of(each["id"])
        if await asyncio.to_thread(path.is_file):
            yield each["archived_as"], _bytes(path)
    async for chat in _chats(actor):
        day = f"{chat.created_at:%Y-%m-%d}"
        base = "chats/" + "_".join(filter(None, (day, safe_name(chat.title), chat.id)))
        yield f"{base}.json", _chat_json(chat)
        yield f"{base}.md", _chat_markdown(chat)


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
            stem, dot, ending = row.name.rpartition(".")
            kind = f".{safe_name(ending)}" if stem and dot and safe_name(ending) else ""
            name = safe_name(stem if kind else row.name) or "file"
            yield {
                "id": row.id,
                "name": row.name,
                "archived_as": f"files/{row.id}_{name}{kind}",
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


async def _chats(actor: Actor) -> AsyncIterator[ChatHistory]:
    """The chats that are kept, oldest first."""
    last = ""
    while True:
        async with unit_of_work(writes=False) as session:
            page = list(
                await session.scalars(
                    sa.select(ChatHistory)
                    .where(
                        col(ChatHistory.user_id) == actor.user_id,
                        col(ChatHistory.deleted_at).is_(None),
                        col(ChatHistory.is_temporary).is_(False),
                        col(ChatHistory.id) > last,
                    )
                    .order_by(col(ChatHistory.id))
                    .limit(BATCH)
                )
            )
        for chat in page:
            yield chat
        if len(page) < BATCH:
            return
        last = page[-1].id


def _message(row: ChatMessage) -> dict[str, Any]:
    return {
        "id": row.id,
        "parent_id": row.parent_id,
        "role": row.role,
        "content": row.content,
        "reasoning": row.reasoning,
        "status": row.status,
        "model": row.model_name,
        "modes": row.modes,
        "sources": row.sources,
        "feedback": row.feedback,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "created_at": row.created_at.isoformat(),
    }


async def _chat_json(chat: ChatHistory) -> AsyncIterator[str]:
    """A chat with all its branches, as one JSON object."""
    async with unit_of_work(writes=False) as session:
        names = col(ChatTag.name)
        tags = list(await session.scalars(sa.select(names).where(col(ChatTag.chat_id) == chat.id)))
    head = {
        "id": chat.id,
        "title": chat.title,
        "project_id": chat.project_id,
        "tags": sorted(tags),
        "settings": chat.settings,
        "active_leaf_id": chat.active_leaf_id,
        "pinned": chat.pinned_at is not None,
        "archived": chat.archived_at is not None,
        "created_at": chat.created_at.isoformat(),
        "updated_at": chat.updated_at.isoformat(),
    }
    yield _pretty(head)[:-2] + ',\n  "messages": ['
    last, before = "", "\n"
    while True:
        async with unit_of_work(writes=False) as session:
            query = (
                sa.select(ChatMessage)
                .where(col(ChatMessage.chat_id) == chat.id, col(ChatMessage.id) > last)
                .order_by(col(ChatMessage.id))
                .limit(BATCH)
            )
            page = list(await session.scalars(query))
        for row in page:
            yield before + _pretty(_message(row))
            before = ",\n"
        if len(page) < BATCH:
            break
        last = page[-1].id
    yield "\n]}\n"


async def _chat_markdown(chat: ChatHistory) -> AsyncIterator[str]:
    """The branch of a chat that is shown, to be read."""
    yield f"# {chat.title or 'Chat'}\n"
    path = await _shown_path(chat)
    for start in range(0, len(path), BATCH):
        ids = path[start : start + BATCH]
        async with unit_of_work(writes=False) as session:
            query = sa.select(ChatMessage).where(col(ChatMessage.id).in_(ids))
            rows = {row.id: row for row in await session.scalars(query)}
        for row in (rows[each] for each in ids if each in rows):
            by = f" ({row.model_name})" if row.role == "assistant" and row.model_name else ""
            yield f"\n## {ROLES[row.role]}{by}\n\n{row.content.rstrip()}\n"


async def _shown_path(chat: ChatHistory) -> list[str]:
    """The ids from the root to the active leaf."""
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(ChatMessage.id), col(ChatMessage.parent_id)).where(
            col(ChatMessage.chat_id) == chat.id
        )
        parents = {row.id: row.parent_id for row in await session.execute(query)}
    path: list[str] = []
    here = chat.active_leaf_id
    while here is not None and here in parents:
        path.append(here)
        here = parents[here]
    return path[::-1]
