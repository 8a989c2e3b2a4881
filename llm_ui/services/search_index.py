"""Making the index of words anew, while people search and write.

Triggers keep it in step (see the migration "finding"); this is for when something has come
between. It works in short transactions, so that nobody waits, and search finds everything all
the while. Stopped anywhere, it leaves an index that is as good as before; the next run begins
again.

On PostgreSQL the words stand in the entry's own row: each is compared and put right. On SQLite
entries are put right likewise, but a row of FTS5 without content can only be taken out by
telling it what was put in, which is what may be wrong: so their words go into a second
index, which takes the first one's place in the last transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.db import database, unit_of_work
from llm_ui.schemas.finding import Reindexed

BATCH = 200
# As in the migration: what of a text is indexed, whose words they are, which messages are.
INDEXED = 100_000
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
BODY = f"substr(coalesce(m.content, c.title), 1, {INDEXED})"
# What the second index was given, by which it is corrected before it takes its place.
ASIDE = "searchindex_aside"
SECOND = "searchindex_second"

Progress = Callable[..., Awaitable[None]]


async def rebuild(progress: Progress) -> Reindexed:
    """Make the index anew.

    Args:
        progress: `progress(fraction, note)`, told how far it is; what it raises ends the work.
    """
    index = _Sqlite(progress) if database().is_sqlite else _Postgres(progress)
    return await index.rebuild()


async def _do(session: AsyncSession, statement: str, **values: Any) -> int:
    done = await session.execute(sa.text(statement), values)
    return cast("CursorResult[Any]", done).rowcount


async def _span(session: AsyncSession, source: str, last: Any, end: Any) -> tuple[Any, int]:
    """The last id of the next batch behind `last`, and how many ids there are in it."""
    query = (
        f"SELECT max(id), count(*) FROM (SELECT id FROM {source} WHERE id > :last AND id <= :end "
        f"ORDER BY id LIMIT {BATCH}) AS batch"
    )
    row = (await session.execute(sa.text(query), {"last": last, "end": end})).one()
    return row[0], int(row[1])


class _Index:
    """What both databases share: walking over everything in batches."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.added = self.changed = self.removed = 0
        self._done, self._total = 0, 1

    async def _walk(
        self, source: str, first: Any, work: Callable[[AsyncSession, Any, Any], Awaitable[None]]
    ) -> None:
        """In batches over what is there now: what comes later, the triggers see to."""
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
            # Between two batches it is everybody else's turn.
            await asyncio.sleep(0)

    async def _count(self, *sources: str) -> None:
        async with unit_of_work(writes=False) as session:
            counts = [await session.scalar(sa.text(f"SELECT count(*) FROM {s}")) for s in sources]
        self._total = max(sum(int(count or 0) for count in counts), 1)

    async def _result(self) -> Reindexed:
        async with unit_of_work(writes=False) as session:
            count = await session.scalar(sa.text("SELECT count(*) FROM searchentry"))
        return Reindexed(int(count or 0), self.added, self.changed, self.removed)


class _Postgres(_Index):
    async def rebuild(self) -> Reindexed:
        await self._count("chathistory", "chatmessage", "searchentry")
        await self._walk("chathistory", "", self._titles)
        await self._walk("chatmessage", "", self._messages)
        await self._walk("searchentry", 0, self._unfit)
        return await self._result()

    async def _titles(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        self.changed += await _do(
            session,
            "UPDATE searchentry e SET user_id = c.user_id, at = c.created_at, "
            "words = search_words(c.title) FROM chathistory c "
            "WHERE e.chat_id = c.id AND e.message_id IS NULL AND c.id > :last AND c.id <= :upto "
            "AND (e.user_id, e.at, e.words) IS DISTINCT FROM "
            "(c.user_id, c.created_at, search_words(c.title))",
            **span,
        )
        self.added += await _do(
            session,
            "INSERT INTO searchentry (user_id, chat_id, message_id, at, words) "
            "SELECT c.user_id, c.id, NULL, c.created_at, search_words(c.title) "
            f"FROM chathistory c WHERE c.id > :last AND c.id <= :upto AND {TITLE} "
            "ORDER BY c.id ON CONFLICT DO NOTHING",
            **span,
        )

    async def _messages(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        self.changed += await _do(
            session,
            "UPDATE searchentry e SET user_id = c.user_id, chat_id = c.id, at = m.created_at, "
            "words = search_words(m.content) FROM chatmessage m "
            "JOIN chathistory c ON c.id = m.chat_id "
            "WHERE e.message_id = m.id AND m.id > :last AND m.id <= :upto "
            "AND (e.user_id, e.chat_id, e.at, e.words) IS DISTINCT FROM "
            "(c.user_id, c.id, m.created_at, search_words(m.content))",
            **span,
        )
        self.added += await _do(
            session,
            "INSERT INTO searchentry (user_id, chat_id, message_id, at, words) "
            "SELECT c.user_id, c.id, m.id, m.created_at, search_words(m.content) "
            "FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
            f"WHERE m.id > :last AND m.id <= :upto AND {MESSAGE} "
            "ORDER BY m.id ON CONFLICT DO NOTHING",
            **span,
        )

    async def _unfit(self, session: AsyncSession, last: int, upto: int) -> None:
        self.removed += await _do(session, UNFIT, last=last, upto=upto)


# Entries of what should not be found.
UNFIT = (
    "DELETE FROM searchentry WHERE id > :last AND id <= :upto AND NOT CASE "
    "WHEN message_id IS NULL THEN EXISTS (SELECT 1 FROM chathistory c "
    f"WHERE c.id = searchentry.chat_id AND {TITLE}) "
    "ELSE EXISTS (SELECT 1 FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
    f"WHERE m.id = searchentry.message_id AND {MESSAGE}) END"
)


class _Sqlite(_Index):
    async def rebuild(self) -> Reindexed:
        await self._count("chathistory", "chatmessage", "searchentry", "searchentry")
        async with unit_of_work() as session:
            await _clear(session)
            made = await session.scalar(
                sa.text("SELECT sql FROM sqlite_master WHERE name = 'searchindex'")
            )
            await _do(session, str(made).replace("searchindex", SECOND, 1))
            await _do(
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
        self.removed += await _do(session, UNFIT, last=last, upto=upto)

    async def _titles(self, session: AsyncSession, last: str, upto: str) -> None:
        span = {"last": last, "upto": upto}
        theirs = "e.chat_id = c.id AND e.message_id IS NULL"
        self.changed += await _do(
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
        self.changed += await _do(
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
        """New entries, in the index that is in use as well."""
        top = await session.scalar(sa.text("SELECT coalesce(max(id), 0) FROM searchentry"))
        self.added += await _do(
            session,
            f"INSERT INTO searchentry (user_id, chat_id, message_id, at) SELECT {chosen}",
            **span,
        )
        await _do(
            session,
            "INSERT INTO searchindex (rowid, owner, body) "
            f"SELECT e.id, {OWNER}, {BODY} {ENTRIES} WHERE e.id > :top",
            top=top,
        )

    async def _words(self, session: AsyncSession, last: int, upto: int) -> None:
        await _put_aside(session, "e.id > :last AND e.id <= :upto", last=last, upto=upto)

    async def _put_in_place(self, session: AsyncSession) -> None:
        """Correct what has changed since it was read, and exchange the two; one transaction."""
        wrong = (
            f"SELECT a.id FROM {ASIDE} a WHERE NOT EXISTS (SELECT 1 {ENTRIES} "
            f"WHERE e.id = a.id AND {OWNER} = a.owner AND {BODY} = a.body)"
        )
        await _do(
            session,
            f"INSERT INTO {SECOND} ({SECOND}, rowid, owner, body) "
            f"SELECT 'delete', id, owner, body FROM {ASIDE} WHERE id IN ({wrong})",
        )
        await _do(session, f"DELETE FROM {ASIDE} WHERE id IN ({wrong})")
        await _put_aside(session, "true")
        # SQLite renames nothing while a trigger speaks of what is not there.
        triggers = (
            await session.execute(
                sa.text(
                    "SELECT name, sql FROM sqlite_master "
                    "WHERE type = 'trigger' AND sql LIKE '%searchindex%'"
                )
            )
        ).all()
        for name, _ in triggers:
            await _do(session, f'DROP TRIGGER "{name}"')
        await _do(session, "DROP TABLE searchindex")
        await _do(session, f"ALTER TABLE {SECOND} RENAME TO searchindex")
        connection = await session.connection()
        for _, sql in triggers:
            # Colons in it are no parameters.
            await connection.exec_driver_sql(sql)


async def _put_aside(session: AsyncSession, which: str, **values: Any) -> None:
    """Give these entries' words to the second index, if it has them not, and remember them."""
    await _do(
        session,
        f"INSERT INTO {ASIDE} (id, owner, body) SELECT e.id, {OWNER}, {BODY} {ENTRIES} "
        f"WHERE {which} AND e.id NOT IN (SELECT id FROM {ASIDE})",
        **values,
    )
    await _do(
        session,
        f"INSERT INTO {SECOND} (rowid, owner, body) SELECT e.id, e.owner, e.body "
        f"FROM {ASIDE} e WHERE {which} AND e.id NOT IN (SELECT id FROM {SECOND}_docsize)",
        **values,
    )


async def _clear(session: AsyncSession) -> None:
    """Remove what an earlier run has left, if there is any."""
    await _do(session, f"DROP TABLE IF EXISTS {SECOND}")
    await _do(session, f"DROP TABLE IF EXISTS {ASIDE}")
