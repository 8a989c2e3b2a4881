"""What rebuilding the full-text index shares on both databases: walking all rows in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.db import unit_of_work
from llm_ui.folding import INDEXED
from llm_ui.schemas.chats.finding import Reindexed

BATCH = 200
# As in the migrations: the owner's words, which messages are indexed, and their text.
FINISHED = "m.status NOT IN ('queued', 'running') AND m.role <> 'system' AND m.content <> ''"
MESSAGE = f"NOT c.is_temporary AND {FINISHED}"
TITLE = "c.title <> '' AND NOT c.is_temporary"
OWNER = (
    "'u' || replace(e.user_id, '-', '') || "
    "CASE WHEN e.message_id IS NULL THEN ' t' || replace(e.user_id, '-', '') ELSE '' END"
)
ENTRIES = (
    "FROM searchentry e JOIN chathistory c ON c.id = e.chat_id "
    "LEFT JOIN chatmessage m ON m.id = e.message_id"
)
TEXT = f"substr(coalesce(m.content, c.title), 1, {INDEXED})"
# Deletes entries for what should not be found.
UNFIT = (
    "DELETE FROM searchentry WHERE id > :last AND id <= :upto AND NOT CASE "
    "WHEN message_id IS NULL THEN EXISTS (SELECT 1 FROM chathistory c "
    f"WHERE c.id = searchentry.chat_id AND {TITLE}) "
    "ELSE EXISTS (SELECT 1 FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
    f"WHERE m.id = searchentry.message_id AND {MESSAGE}) END"
)

Progress = Callable[..., Awaitable[None]]


async def do(session: AsyncSession, statement: str, **values: Any) -> int:
    """Execute a statement; returns the number of affected rows."""
    done = await session.execute(sa.text(statement), values)
    return cast("CursorResult[Any]", done).rowcount


async def _span(session: AsyncSession, source: str, last: Any, end: Any) -> tuple[Any, int]:
    """The last ID of the next batch after `last`, and the size of the batch."""
    query = (
        f"SELECT max(id), count(*) FROM (SELECT id FROM {source} WHERE id > :last AND id <= :end "
        f"ORDER BY id LIMIT {BATCH}) AS batch"
    )
    row = (await session.execute(sa.text(query), {"last": last, "end": end})).one()
    return row[0], int(row[1])


class Index:
    """The common part of both databases: walking all rows in batches."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.added = self.changed = self.removed = 0
        self._done, self._total = 0, 1

    async def _walk(
        self, source: str, first: Any, work: Callable[[AsyncSession, Any, Any], Awaitable[None]]
    ) -> None:
        """Process the existing rows in batches; later ones are handled by the triggers."""
        async with unit_of_work(writes=False) as session:
            end = await session.scalar(sa.text(f"SELECT max(id) FROM {source}"))
        last = first
        while end is not None:
            await self._progress(min(self._done / self._total, 0.99), "jobs.note.indexing")
            async with unit_of_work() as session:
                upto, count = await _span(session, source, last, end)
                if not count:
                    return
                await work(session, last, upto)
            last = upto
            self._done += count
            # Let other tasks run between batches.
            await asyncio.sleep(0)

    async def _count(self, *sources: str) -> None:
        async with unit_of_work(writes=False) as session:
            counts = [await session.scalar(sa.text(f"SELECT count(*) FROM {s}")) for s in sources]
        self._total = max(sum(int(count or 0) for count in counts), 1)

    async def _result(self) -> Reindexed:
        async with unit_of_work(writes=False) as session:
            count = await session.scalar(sa.text("SELECT count(*) FROM searchentry"))
        return Reindexed(int(count or 0), self.added, self.changed, self.removed)
