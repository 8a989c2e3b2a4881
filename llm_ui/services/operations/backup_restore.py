"""Restoring a backup into an empty database of either kind, and verifying the result.

All rows are inserted in one transaction. At its end, each table's checksum is recalculated from the
database; if one differs, the transaction is rolled back. So a restore is all or nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from llm_ui import indexing
from llm_ui.db import script_engine
from llm_ui.errors import Conflict, InvalidInput
from llm_ui.services.operations import backup_format as form
from llm_ui.services.operations.backup_format import Step, Table
from llm_ui.services.operations.backup_reading import Archive, damaged

ROWS_UNTIL, COMPARED_AT = 0.6, 0.9


@dataclass(frozen=True, slots=True)
class Schema:
    """How to migrate a database's schema to a revision.

    Args:
        knows: whether this version knows a revision.
        bring: migrates the database at a URL to a revision ("head" for the newest).
    """

    knows: Callable[[str], bool]
    bring: Callable[[str, str], None]


def restore(
    archive: Archive,
    url: str,
    schema: Schema,
    data: Path | None = None,
    step: Step = lambda *_, **__: None,
) -> None:
    """Restore an archive into an empty database.

    Args:
        data: the data folder for the files; None only verifies them.

    Raises:
        Conflict: the database is not empty.
        InvalidInput: the archive is damaged, or from a newer version than this one.
    """
    manifest = archive.manifest
    if not schema.knows(manifest.revision):
        raise InvalidInput("error.archive_newer", field="file")
    require_empty(url)
    schema.bring(url, manifest.revision)
    with ExitStack() as undo:
        _files(archive, data, undo)
        _rows(archive, url, step)
        undo.pop_all()
    step(COMPARED_AT, "jobs.note.schema")
    schema.bring(url, "head")
    _words(url)


def _words(url: str) -> None:
    """Fill the full-text index; only PostgreSQL's triggers leave this to the application."""
    engine = script_engine(url)
    try:
        while engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                if not indexing.fill(connection):
                    break
    finally:
        engine.dispose()


def require_empty(url: str) -> None:
    """Raise Conflict if any table has a row."""
    engine = script_engine(url)
    try:
        with engine.connect() as connection:
            for table in form.tables_of(connection):
                if form.count_of(connection, table):
                    raise Conflict("error.archive_not_empty", table=table.name)
    finally:
        engine.dispose()


def _files(archive: Archive, data: Path | None, undo: ExitStack) -> None:
    for name, size, checksum in archive.files():
        if data is None:
            for _ in archive.pieces(name, size, checksum):
                pass
            continue
        target = data / name
        target.parent.mkdir(parents=True, exist_ok=True)
        undo.callback(target.unlink, missing_ok=True)
        with target.open("wb") as out:
            for piece in archive.pieces(name, size, checksum):
                out.write(piece)


def _rows(archive: Archive, url: str, step: Step) -> None:
    tables = archive.manifest.tables
    total, done = max(archive.manifest.rows, 1), 0
    engine = script_engine(url)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            _same_shape(connection, tables)
            with _keys_set_aside(connection):
                for table in tables:
                    for count in _fill(connection, archive, table):
                        done += count
                        share = ROWS_UNTIL * done / total
                        step(share, "jobs.note.restoring", table=table.name)
            compared = 0
            for table in tables:
                _compare(connection, table)
                compared += table.rows
                share = ROWS_UNTIL + (COMPARED_AT - ROWS_UNTIL) * compared / total
                step(share, "jobs.note.comparing", table=table.name)
    except sa.exc.IntegrityError as error:
        raise damaged(type(error).__name__) from error
    finally:
        engine.dispose()


def _same_shape(connection: sa.Connection, tables: list[Table]) -> None:
    def shape(given: list[Table]) -> dict[str, Any]:
        return {t.name: ({(c.name, c.type) for c in t.columns}, t.key) for t in given}

    here, there = shape(form.tables_of(connection)), shape(tables)
    if here != there:
        differ = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
        raise damaged(", ".join(differ))


@contextmanager
def _keys_set_aside(connection: sa.Connection) -> Iterator[None]:
    """Allow inserting rows before the rows they refer to; references are checked at the end."""
    if connection.dialect.name == "sqlite":
        # Applies until this transaction commits.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        yield
        return
    keys = connection.execute(
        sa.text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype = 'f' "
            "AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for table, name, _ in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table, name, definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _fill(connection: sa.Connection, archive: Archive, table: Table) -> Iterator[int]:
    statement = sa.insert(form.clause_of(table))
    rows = archive.rows(table)
    while batch := list(itertools.islice(rows, form.BATCH)):
        connection.execute(statement, batch)
        yield len(batch)


def _compare(connection: sa.Connection, table: Table) -> None:
    """Raise Conflict unless the table's rows are exactly those of the archive."""
    digest, rows = sha256(), 0
    for line in form.lines_of(connection, table):
        digest.update(line)
        rows += 1
    if (rows, digest.hexdigest()) != (table.rows, table.sha256):
        raise Conflict("error.archive_differs", table=table.name)
