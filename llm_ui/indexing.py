"""Full-text index maintenance: what each database needs from Python to store words.

Triggers insert and delete entries (see the migrations "finding" and "words"). On SQLite they call
the SQL function `search_words`, which every connection of this process has. PostgreSQL cannot call
Python, so there an entry is inserted without its words, and the same transaction fills them in
right before it commits. Rows written outside the application wait for `fill`, which housekeeping
also calls.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from llm_ui.folding import INDEXED, fold, search_words, tsvector

BATCH = 200
# The most that one commit fills in; housekeeping does the rest.
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
    # For every engine, including those of scripts and migrations: without the function no message
    # can be written. PostgreSQL connections have no such method.
    create = getattr(connection, "create_function", None)
    if create:
        create("search_words", 1, search_words, deterministic=True)
        create("search_fold", 1, _fold, deterministic=True)


def fill(connection: sa.Connection, rounds: int = ROUNDS) -> int:
    """Fill in the words of PostgreSQL entries that have none yet, newest first.

    Args:
        rounds: the maximum number of batches of size BATCH.

    Returns:
        how many entries were filled in. Entries locked by another transaction are skipped.
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
    """Make every transaction on this engine fill in the words of what it wrote."""
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
            try:
                fill(connection)
            except BaseException:
                # SQLAlchemy considers a transaction finished once it has been told to commit, and
                # would return the connection to the pool in the middle of the failed transaction.
                connection.invalidate()
                raise
