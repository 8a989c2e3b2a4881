"""Full-text search over the titles and messages of a user's chats.

Database triggers keep `searchentry` up to date (see the migrations "finding" and "words"): on
SQLite with the words in FTS5, on PostgreSQL in a tsvector (`llm_ui.indexing`). A search takes the
newest TITLES matching titles and the newest POOL matching entries, ranks those, and returns each
chat once; the next page continues with older entries. So searching for a word that occurs
everywhere costs no more than searching for a rare one.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.models import ChatHistory, ChatMessage
from llm_ui.models.base import UtcDateTime
from llm_ui.schemas.chats.finding import ChatFilters, Hit, Part
from llm_ui.schemas.chats.views import Page
from llm_ui.security.text import storable
from llm_ui.services.chats.chats import listed
from llm_ui.services.chats.search_words import Wanted, fts5, marked, parse, snippet, tsquery
from llm_ui.services.paging import no_cursor

POOL = 200
TITLES = 50
PAGE = 20
# How much of a message is read to build a snippet; words further on are still found.
READ = 20_000
NEVER = 2**62
WITH_TITLES = -1

ENTRY = sa.table(
    "searchentry",
    sa.column("id", sa.BigInteger),
    sa.column("user_id", sa.String),
    sa.column("chat_id", sa.String),
    sa.column("message_id", sa.String),
    sa.column("at", UtcDateTime),
    sa.column("words"),
)
INDEX = sa.table("searchindex", sa.column("rowid", sa.BigInteger), sa.column("searchindex"))


@dataclass(frozen=True, slots=True)
class _Place:
    entry: int
    chat_id: str
    message_id: str | None
    at: datetime
    rank: float


async def search(
    session: AsyncSession,
    actor: Actor,
    query: str,
    filters: ChatFilters | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[Hit]:
    """The actor's chats whose title or messages match the query, best first.

    Args:
        query: words, "phrases" and -exclusions; the last word also matches as a prefix. Anything
            else is ignored.
        filters: None searches all chats, archived ones too.

    Returns:
        a page; a chat may appear again on a later page with an older match. Deleted, temporary and
        other people's chats are never included, nor messages still being written.
    """
    below, skip, shown_titles = _read_cursor(cursor)
    wanted = parse(storable(query))
    if not wanted.terms:
        return Page([], None)
    titles: list[_Place] = []
    if shown_titles == WITH_TITLES:
        titles = await _pool(session, actor, wanted, filters, below, titles_only=True)
    pool = await _pool(session, actor, wanted, filters, below, shown_titles=shown_titles)
    all_places = list({each.entry: each for each in [*titles, *pool]}.values())
    ranked = _ranked(all_places)
    shown = ranked[skip : skip + limit]
    hits = await _hits(session, shown, wanted)
    if len(ranked) > skip + limit:
        start = below if cursor else max(each.entry for each in all_places) + 1
        return Page(hits, _write_cursor(start, skip + limit, shown_titles))
    if len(pool) < POOL:
        return Page(hits, None)
    if shown_titles == WITH_TITLES:
        shown_titles = min((each.entry for each in titles), default=0)
    return Page(hits, _write_cursor(pool[-1].entry, 0, shown_titles))


def _read_cursor(cursor: str | None) -> tuple[int, int, int]:
    """Decode a cursor.

    Returns:
        the entry ID below which the pool starts, how many of its hits were shown, and the lowest
        entry ID of titles already shown (or WITH_TITLES if they are still part of this pool).
    """
    if not cursor:
        return NEVER, 0, WITH_TITLES
    try:
        told = base64.urlsafe_b64decode(cursor.encode()).decode("ascii")
        below, skip, titles = (int(each) for each in told.split("|"))
    except (ValueError, binascii.Error):
        raise no_cursor() from None
    if not (0 <= below <= NEVER and 0 <= skip <= POOL + TITLES and -1 <= titles <= NEVER):
        raise no_cursor()
    return below, skip, titles


def _write_cursor(below: int, skip: int, titles: int) -> str:
    return base64.urlsafe_b64encode(f"{below}|{skip}|{titles}".encode()).decode()


async def _pool(
    session: AsyncSession,
    actor: Actor,
    wanted: Wanted,
    filters: ChatFilters | None,
    below: int,
    *,
    titles_only: bool = False,
    shown_titles: int = 0,
) -> list[_Place]:
    """The newest matching entries, newest first, without titles that were already shown."""
    chat = ChatHistory
    if session.get_bind().dialect.name == "sqlite":
        asked: Any = sa.literal(fts5(wanted, actor.user_id, titles=titles_only))
        rank: Any = -sa.literal_column("bm25(searchindex, 0.0, 1.0)", sa.Float)
        number = INDEX.c.rowid
        source: Any = INDEX.join(ENTRY, ENTRY.c.id == number)
        fits: list[Any] = [INDEX.c.searchindex.op("MATCH")(asked)]
    else:
        asked = sa.cast(sa.literal(tsquery(wanted)), TSQUERY)
        rank = sa.func.ts_rank(ENTRY.c.words, asked, 1)
        number, source = ENTRY.c.id, ENTRY
        fits = [ENTRY.c.user_id == actor.user_id, ENTRY.c.words.op("@@")(asked)]
    if titles_only:
        fits.append(ENTRY.c.message_id.is_(None))
    if shown_titles > 0:
        fits.append(sa.or_(ENTRY.c.message_id.is_not(None), ENTRY.c.id < shown_titles))
    statement = (
        sa.select(ENTRY.c.id, ENTRY.c.chat_id, ENTRY.c.message_id, ENTRY.c.at, rank)
        .select_from(source.join(chat, col(chat.id) == ENTRY.c.chat_id))
        .where(
            *fits,
            number < below,
            # The index checks the owner too, but this condition is authoritative.
            col(chat.user_id) == actor.user_id,
            col(chat.deleted_at).is_(None),
            col(chat.is_temporary) == sa.false(),
            *_conditions(actor, filters),
        )
        .order_by(number.desc())
        .limit(TITLES if titles_only else POOL)
    )
    return [_Place(*row) for row in (await session.execute(statement)).all()]


def _conditions(actor: Actor, filters: ChatFilters | None) -> list[sa.ColumnElement[bool]]:
    if filters is None:
        return []
    times = []
    if filters.since:
        times.append(ENTRY.c.at >= filters.since)
    if filters.until:
        times.append(ENTRY.c.at < filters.until)
    # Times refer to the matching entry, not to when the chat was last used.
    chats = listed(actor, replace(filters, since=None, until=None))
    return [*chats, *times]


def _ranked(pool: Sequence[_Place]) -> list[_Place]:
    """The best match of each chat, best chat first.

    A title counts for more than a message, several matches for slightly more than one, and of equal
    matches the newer one comes first.
    """
    if not pool:
        return []
    top = max((each.rank for each in pool), default=0.0) or 1.0
    today = datetime.now(UTC)
    score: dict[str, float] = {}
    best: dict[str, tuple[float, _Place]] = {}
    for each in pool:
        age = max(0.0, (today - each.at).total_seconds() / 86_400)
        value = each.rank / top + 0.3 / (1.0 + math.log1p(age))
        value += 1.0 if each.message_id is None else 0.0
        known = score.get(each.chat_id)
        score[each.chat_id] = value if known is None else max(known, value) + 0.02
        # Prefer a message as the match to show, if there is one.
        worth = value - (2.0 if each.message_id is None else 0.0)
        if each.chat_id not in best or worth > best[each.chat_id][0]:
            best[each.chat_id] = (worth, each)
    order = sorted(best, key=lambda chat_id: -score[chat_id])
    return [best[chat_id][1] for chat_id in order]


async def _hits(session: AsyncSession, places: Sequence[_Place], wanted: Wanted) -> list[Hit]:
    chat, message = ChatHistory, ChatMessage
    rows = await session.execute(
        sa.select(col(chat.id), col(chat.title), col(chat.archived_at), col(chat.project_id)).where(
            col(chat.id).in_([each.chat_id for each in places])
        )
    )
    heads = {row[0]: row for row in rows.all()}
    texts = await session.execute(
        sa.select(
            col(message.id), col(message.role), sa.func.substr(message.content, 1, READ)
        ).where(col(message.id).in_([each.message_id for each in places if each.message_id]))
    )
    found = {row[0]: (row[1], row[2]) for row in texts.all()}
    hits = []
    for each in places:
        _, title, archived_at, project_id = heads[each.chat_id]
        role, text = found.get(each.message_id or "", ("", ""))
        hits.append(
            Hit(
                chat_id=each.chat_id,
                title=marked(title, wanted) or [Part("")],
                snippet=snippet(text, wanted) if text else [],
                message_id=each.message_id or "",
                role=role,
                at=each.at.isoformat(),
                archived=archived_at is not None,
                project_id=project_id or "",
            )
        )
    return hits
