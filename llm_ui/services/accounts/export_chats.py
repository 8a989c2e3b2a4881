"""The chats of an export: each as JSON with all its branches, and as readable Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.enums import FinishReason, MessageRole
from llm_ui.models import ChatHistory, ChatMessage, ChatTag, MessageFile, StoredFile
from llm_ui.normal_forms import normalized
from llm_ui.wire.finish import CUT

# How many messages are in memory at a time.
BATCH = 100
NAME_LENGTH = 60
_UNSAFE = re.compile(r"[^\w-]+")
CUT_SHORT = {
    FinishReason.LENGTH: "Reached the length limit",
    FinishReason.CONTENT_FILTER: "Cut off by the provider's content filter",
    FinishReason.PAUSE: "Cut off by the provider",
    FinishReason.TOO_LONG: "Cut off: reached the maximum length of an answer",
}
ROLES = {
    MessageRole.USER: "Question",
    MessageRole.ASSISTANT: "Answer",
    MessageRole.SYSTEM: "System",
}


def safe_name(text: str) -> str:
    """A text made safe as part of a file name on every system."""
    plain = normalized(text, "NFC")
    return _UNSAFE.sub("-", plain).strip("-")[:NAME_LENGTH].strip("-")


def archived_as(row: StoredFile) -> str:
    """The path of a file inside the archive."""
    stem, dot, ending = row.name.rpartition(".")
    kind = f".{safe_name(ending)}" if stem and dot and safe_name(ending) else ""
    name = safe_name(stem if kind else row.name) or "file"
    return f"files/{row.id}_{name}{kind}"


async def _attached(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[StoredFile]]:
    """The files attached to these messages."""
    query = (
        sa.select(col(MessageFile.message_id), StoredFile)
        .join(StoredFile, col(StoredFile.id) == MessageFile.file_id)
        .where(col(MessageFile.message_id).in_(ids))
        .order_by(col(MessageFile.position))
    )
    found: dict[str, list[StoredFile]] = {}
    for message_id, row in (await session.execute(query)).all():
        found.setdefault(message_id, []).append(row)
    return found


def pretty(thing: Any) -> str:
    """Human-readable JSON."""
    return json.dumps(thing, ensure_ascii=False, indent=2)


async def kept(actor: Actor) -> AsyncIterator[ChatHistory]:
    """The chats to export, oldest first; deleted and temporary ones are left out."""
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


def _message(row: ChatMessage, files: list[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "parent_id": row.parent_id,
        "role": row.role,
        "content": row.content,
        "reasoning": row.reasoning,
        "status": row.status,
        "finish_reason": row.finish_reason or None,
        "model": row.model_name or None,
        "modes": row.modes,
        "sources": row.sources,
        "files": files,
        "feedback": row.feedback,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "created_at": row.created_at.isoformat(),
    }


async def as_json(chat: ChatHistory) -> AsyncIterator[str]:
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
    yield pretty(head)[:-2] + ',\n  "messages": ['
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
            attached = await _attached(session, [row.id for row in page])
        for row in page:
            files = [each.id for each in attached.get(row.id, [])]
            yield before + pretty(_message(row, files))
            before = ",\n"
        if len(page) < BATCH:
            break
        last = page[-1].id
    yield "\n]}\n"


async def as_markdown(chat: ChatHistory) -> AsyncIterator[str]:
    """The shown branch of a chat, as Markdown."""
    yield f"# {chat.title or 'Chat'}\n"
    path = await _shown_path(chat)
    for start in range(0, len(path), BATCH):
        ids = path[start : start + BATCH]
        async with unit_of_work(writes=False) as session:
            query = sa.select(ChatMessage).where(col(ChatMessage.id).in_(ids))
            rows = {row.id: row for row in await session.scalars(query)}
            attached = await _attached(session, ids)
        for row in (rows[each] for each in ids if each in rows):
            by = (
                f" ({row.model_name})"
                if row.role == MessageRole.ASSISTANT and row.model_name
                else ""
            )
            yield f"\n## {ROLES[row.role]}{by}\n\n{row.content.rstrip()}\n"
            if row.finish_reason in CUT:
                yield f"\n*({CUT_SHORT[FinishReason(row.finish_reason)]})*\n"
            for each in attached.get(row.id, []):
                mark = "!" if each.kind == "image" else ""
                yield f"\n{mark}[{each.name}](../{archived_as(each)})\n"


async def _shown_path(chat: ChatHistory) -> list[str]:
    """The IDs of the messages from the root to the active leaf."""
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
