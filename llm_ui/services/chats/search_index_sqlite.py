"""Rebuilding the full-text index on SQLite: a second index, which finally replaces the first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.db import unit_of_work
from llm_ui.schemas.chats.finding import Reindexed
from llm_ui.services.chats.search_walk import ENTRIES, MESSAGE, OWNER, TEXT, TITLE, UNFIT, Index, do

# What was put into the second index, needed to correct it before it replaces the first.
ASIDE = "searchindex_aside"
SECOND = "searchindex_second"


class Sqlite(Index):
    """SQLite's full-text index."""

    async def rebuild(self) -> Reindexed:
        """Rebuild the index; see `search_index.rebuild`."""
        await self._count("chathistory", "chatmessage", "searchentry", "searchentry")
        async with unit_of_work() as session:
            await _clear(session)
            made = await session.scalar(
                sa.text("SELECT sql FROM sqlite_master WHERE name = 'searchindex'")
            )
            await do(session, str(made).replace("searchindex", SECOND, 1))
            await do(
                session, f"CREATE TABLE {ASIDE} (id INTEGER PRIMARY KEY, owner TEXT, body TEXT)"
            )
        try:
            await self._walk("searchentry", 0, self._unfit)
            await self._walk("chathistory", "", self._titles)
            await self._walk("chatmessage", "", self._messages)
            await self._walk("searchentry", 0, self._words)
            async with unit_of_work() as session:
                await self._put_in_place(session)
        finally:
            async with unit_of_work() as session:
                await _clear(session)
        return await self._result()

    async def _unfit(self, session: AsyncSession, last: int, upto: int) -> None:
        self.removed += await do(session, UNFIT, last=last, upto=upto)

    async def _titles(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        theirs = "e.chat_id = c.id AND e.message_id IS NULL"
        self.changed += await do(
            session,
            "UPDATE searchentry AS e SET user_id = c.user_id, at = c.created_at "
            f"FROM chathistory c WHERE {theirs} AND c.id > :last AND c.id <= :upto "
            "AND (e.user_id <> c.user_id OR e.at <> c.created_at)",
            **span,
        )
        missing = (
            f"FROM chathistory c WHERE c.id > :last AND c.id <= :upto AND {TITLE} "
            f"AND NOT EXISTS (SELECT 1 FROM searchentry e WHERE {theirs}) ORDER BY c.id"
        )
        await self._add(session, f"c.user_id, c.id, NULL, c.created_at {missing}", span)

    async def _messages(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        self.changed += await do(
            session,
            "UPDATE searchentry AS e SET user_id = c.user_id, chat_id = c.id, at = m.created_at "
            "FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
            "WHERE e.message_id = m.id AND m.id > :last AND m.id <= :upto "
            "AND (e.user_id <> c.user_id OR e.chat_id <> c.id OR e.at <> m.created_at)",
            **span,
        )
        missing = (
            "FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
            f"WHERE m.id > :last AND m.id <= :upto AND {MESSAGE} "
            "AND NOT EXISTS (SELECT 1 FROM searchentry e WHERE e.message_id = m.id) ORDER BY m.id"
        )
        await self._add(session, f"c.user_id, c.id, m.id, m.created_at {missing}", span)

    async def _add(self, session: AsyncSession, chosen: str, span: dict[str, str]) -> None:
        """Insert missing entries, into the current index as well."""
        top = await session.scalar(sa.text("SELECT coalesce(max(id), 0) FROM searchentry"))
        self.added += await do(
            session,
            f"INSERT INTO searchentry (user_id, chat_id, message_id, at) SELECT {chosen}",
            **span,
        )
        await do(
            session,
            "INSERT INTO searchindex (rowid, owner, body) "
            f"SELECT e.id, {OWNER}, search_words({TEXT}) {ENTRIES} WHERE e.id > :top",
            top=top,
        )

    async def _words(self, session: AsyncSession, last: int, upto: int) -> None:
        await _put_aside(session, "e.id > :last AND e.id <= :upto", last=last, upto=upto)

    async def _put_in_place(self, session: AsyncSession) -> None:
        """Correct what has changed since it was read and swap the indexes, in one transaction."""
        wrong = (
            f"SELECT a.id FROM {ASIDE} a WHERE NOT EXISTS (SELECT 1 {ENTRIES} "
            f"WHERE e.id = a.id AND {OWNER} = a.owner AND {TEXT} = a.body)"
        )
        await do(
            session,
            f"INSERT INTO {SECOND} ({SECOND}, rowid, owner, body) "
            f"SELECT 'delete', id, owner, search_words(body) FROM {ASIDE} WHERE id IN ({wrong})",
        )
        await do(session, f"DELETE FROM {ASIDE} WHERE id IN ({wrong})")
        await _put_aside(session, "true")
        # SQLite refuses to rename a table while a trigger refers to one that doesn't exist.
        triggers = (
            await session.execute(
                sa.text(
                    "SELECT name, sql FROM sqlite_master "
                    "WHERE type = 'trigger' AND sql LIKE '%searchindex%'"
                )
            )
        ).all()
        for name, _ in triggers:
            await do(session, f'DROP TRIGGER "{name}"')
        await do(session, "DROP TABLE searchindex")
        await do(session, f"ALTER TABLE {SECOND} RENAME TO searchindex")
        connection = await session.connection()
        for _, sql in triggers:
            # Executed as is, because colons in it are not bind parameters.
            await connection.exec_driver_sql(sql)


async def _put_aside(session: AsyncSession, which: str, **values: Any) -> None:
    """Add the words of these entries to the second index, if missing, and record what was added."""
    await do(
        session,
        f"INSERT INTO {ASIDE} (id, owner, body) SELECT e.id, {OWNER}, {TEXT} {ENTRIES} "
        f"WHERE {which} AND e.id NOT IN (SELECT id FROM {ASIDE})",
        **values,
    )
    await do(
        session,
        f"INSERT INTO {SECOND} (rowid, owner, body) SELECT e.id, e.owner, search_words(e.body) "
        f"FROM {ASIDE} e WHERE {which} AND e.id NOT IN (SELECT id FROM {SECOND}_docsize)",
        **values,
    )


async def _clear(session: AsyncSession) -> None:
    """Drop what an interrupted run may have left."""
    await do(session, f"DROP TABLE IF EXISTS {SECOND}")
    await do(session, f"DROP TABLE IF EXISTS {ASIDE}")
