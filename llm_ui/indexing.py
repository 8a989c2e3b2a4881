"""Words for the index: what each kind of database needs of Python to keep them.

Triggers write and remove entries (see the migrations "finding" and "words"). On SQLite they ask
the function `search_words` for the words, which every connection of this process has. On
PostgreSQL, which cannot ask us, an entry is made without its words, and they are filled in by
the same transaction, right before it commits. What was written past the application waits for
`fill` (housekeeping calls it too).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from llm_ui.folding import INDEXED, fold, search_words, tsvector

BATCH = 200
# One commit fills no more than this much; the rest is left to housekeeping.
ROUNDS = 100
_CHANGED = "search_entries_changed"

_UNREAD = sa.text(
    f"SELECT e.id, left(coalesce(m.content, c.title), {INDEXED}) FROM searchentry e "
    "JOIN chathistory c ON c.id = e.chat_id LEFT JOIN chatmessage m ON m.id = e.message_id "
    f"WHERE e.words IS NULL ORDER BY e.id DESC LIMIT {BATCH} FOR UPDATE OF e SKIP LOCKED"
)
_PUT = sa.text("UPDATE searchentry SET words = CAST(:words AS tsvector) WHERE id = :id")


def _fold(text: Any) -> str | None:
    return None if text is None else fold(str(text))


@sa.event.listens_for(sa.Engine, "connect")
def _give_function(connection: Any, _record: Any) -> None:
    # Every engine, also those of scripts and migrations: without the function no message can
    # be written. PostgreSQL's connections have no such thing.
    create = getattr(connection, "create_function", None)
    if create:
        create("search_words", 1, search_words, deterministic=True)
        create("search_fold", 1, _fold, deterministic=True)


def fill(connection: sa.Connection, rounds: int = ROUNDS) -> int:
    """Give words to entries of PostgreSQL's that have none yet, the newest first.

    Args:
        rounds: how many times BATCH at most.

    Returns:
        how many got them. Entries that another transaction is at are left to it.
    """
    count = 0
    for _ in range(rounds):
        rows = connection.execute(_UNREAD).all()
        if rows:
            connection.execute(_PUT, [{"id": row[0], "words": tsvector(row[1])} for row in rows])
        count += len(rows)
        if len(rows) < BATCH:
            break
    return count


def keep_filled(engine: sa.Engine) -> None:
    """Have each transaction on this engine fill in the words of what it wrote."""
    if engine.dialect.name != "postgresql":
        return

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _note(connection: sa.Connection, _c: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            return
        if "INSERT INTO chat" in statement or (
            "UPDATE chat" in statement
            and any(each in statement for each in ("content", "title", "status", "is_temporary"))
        ):
            connection.info[_CHANGED] = True

    @sa.event.listens_for(engine, "commit")
    def _commit(connection: sa.Connection) -> None:
        if connection.info.pop(_CHANGED, False):
            fill(connection)
