"""Rebuilding the full-text index while users search and write.

Triggers keep the index up to date (see the migrations "finding" and "words"); a rebuild repairs it
if something went wrong. It works in short transactions, so that nobody has to wait, and search
finds everything in the meantime. If it is interrupted, the index is no worse than before, and the
next run starts over.

On PostgreSQL the words are in the entry's own row, so each is compared and corrected. On SQLite the
entries are corrected the same way, but a row of a contentless FTS5 table can only be deleted by
passing the values that were inserted, which may be what is wrong. So their words go into a second
index, which replaces the first one in the last transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui import indexing
from llm_ui.db import database, unit_of_work
from llm_ui.folding import tsvector
from llm_ui.schemas.chats.finding import Reindexed
from llm_ui.services.chats.search_index_sqlite import Sqlite
from llm_ui.services.chats.search_walk import (
    ENTRIES,
    MESSAGE,
    TEXT,
    TITLE,
    UNFIT,
    Index,
    Progress,
    do,
)

# How many rounds housekeeping does in one transaction.
ROUNDS = 20


async def rebuild(progress: Progress) -> Reindexed:
    """Rebuild the full-text index.

    Args:
        progress: called as `progress(fraction, note)`; an exception it raises aborts the rebuild.
    """
    index = Sqlite(progress) if database().is_sqlite else _Postgres(progress)
    return await index.rebuild()


async def fill() -> int:
    """Index what was written by anything but the application; returns the number of entries."""
    if database().is_sqlite:
        return 0
    async with unit_of_work() as session:
        return await (await session.connection()).run_sync(indexing.fill, ROUNDS)


class _Postgres(Index):
    async def rebuild(self) -> Reindexed:
        await self._count("chathistory", "chatmessage", "searchentry")
        await self._walk("chathistory", "", self._titles)
        await self._walk("chatmessage", "", self._messages)
        await self._walk("searchentry", 0, self._unfit)
        return await self._result()

    async def _titles(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        self.changed += await do(
            session,
            "UPDATE searchentry e SET user_id = c.user_id, at = c.created_at FROM chathistory c "
            "WHERE e.chat_id = c.id AND e.message_id IS NULL AND c.id > :last AND c.id <= :upto "
            "AND (e.user_id, e.at) IS DISTINCT FROM (c.user_id, c.created_at)",
            **span,
        )
        await self._put_right(
            session, "e.message_id IS NULL AND e.chat_id > :last AND e.chat_id <= :upto", span
        )
        await self._add(
            session,
            "c.user_id, c.id, NULL, c.created_at FROM chathistory c "
            f"WHERE c.id > :last AND c.id <= :upto AND {TITLE} ORDER BY c.id",
            span,
        )

    async def _messages(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        self.changed += await do(
            session,
            "UPDATE searchentry e SET user_id = c.user_id, chat_id = c.id, at = m.created_at "
            "FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
            "WHERE e.message_id = m.id AND m.id > :last AND m.id <= :upto "
            "AND (e.user_id, e.chat_id, e.at) IS DISTINCT FROM (c.user_id, c.id, m.created_at)",
            **span,
        )
        await self._put_right(session, "e.message_id > :last AND e.message_id <= :upto", span)
        await self._add(
            session,
            "c.user_id, c.id, m.id, m.created_at FROM chatmessage m "
            "JOIN chathistory c ON c.id = m.chat_id "
            f"WHERE m.id > :last AND m.id <= :upto AND {MESSAGE} ORDER BY m.id",
            span,
        )

    async def _put_right(self, session: AsyncSession, which: str, span: dict[str, str]) -> None:
        """Update these entries' words from their current text."""
        rows = await session.execute(sa.text(f"SELECT e.id, {TEXT} {ENTRIES} WHERE {which}"), span)
        for number, text in rows.all():
            self.changed += await do(
                session,
                "UPDATE searchentry SET words = CAST(:words AS tsvector) "
                "WHERE id = :id AND words IS DISTINCT FROM CAST(:words AS tsvector)",
                id=number,
                words=tsvector(text),
            )

    async def _add(self, session: AsyncSession, chosen: str, span: dict[str, str]) -> None:
        self.added += await do(
            session,
            "INSERT INTO searchentry (user_id, chat_id, message_id, at) "
            f"SELECT {chosen} ON CONFLICT DO NOTHING",
            **span,
        )
        await (await session.connection()).run_sync(indexing.fill)

    async def _unfit(self, session: AsyncSession, last: int, upto: int) -> None:
        self.removed += await do(session, UNFIT, last=last, upto=upto)
