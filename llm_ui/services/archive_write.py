"""Writing a backup: everything as it was at one moment, whatever is written meanwhile.

The rows are read in one transaction that sees one state of the database: on SQLite a reading
one, which no writer waits for; on PostgreSQL a repeatable read. Then the copy is read back;
only one that has been found right gets its name.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from llm_ui import __version__
from llm_ui.db import script_engine
from llm_ui.errors import AppError, Conflict
from llm_ui.services import archive_format as form
from llm_ui.services.archive_format import Files, Manifest, Step, Table
from llm_ui.services.archive_read import Archive

PIECE = 256 * 1024
# Text becomes three times smaller at half the time that the usual level takes.
LEVEL = 3
PART = ".part"
# How the time goes, roughly: rows, files, reading it all again.
ROWS_UNTIL, FILES_UNTIL = 0.6, 0.75
# Which tables have bytes beside them, in which folder, under which column.
BYTES = (("storedfile", "id", "files"),)


def write(
    url: str,
    data: Path,
    target: Path,
    secret: bytes,
    step: Step = lambda *_, **__: None,
    *,
    with_files: bool = True,
) -> Manifest:
    """Back everything up into `target`.

    Args:
        url: the database.
        data: the data folder, with the files that people gave.
        secret: what the archive is signed with.
        step: told how far it is; what it raises ends the backup, and nothing is left of it.
        with_files: whether what people uploaded goes in; else only rows do.

    Raises:
        Conflict: the copy was not right, or could not be written.
        OSError: the folder cannot be written to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_parts(target.parent)
    part = target.parent / f".{target.name}.{os.getpid()}{PART}"
    with _part(part) as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as packed:
            manifest = _rows(url, data if with_files else None, packed, step)
            text = manifest.model_dump_json(indent=1).encode()
            packed.writestr(form.MANIFEST, text)
            packed.writestr(form.SIGNATURE, form.sign(text, secret))
        out.flush()
        os.fsync(out.fileno())
        _check(part, secret, step)
        part.replace(target)
        _sync_folder(target.parent)
    return manifest


@contextlib.contextmanager
def _part(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads, gone unless it is renamed, locked while it is written."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        try:
            yield out
        finally:
            path.unlink(missing_ok=True)


def remove_parts(folder: Path) -> None:
    """Remove what was being written when its process was killed."""
    for path in folder.glob(f".*{PART}"):
        with contextlib.suppress(OSError), path.open("rb") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[sa.Connection]:
    """A connection that sees the database as it is now until it is closed."""
    engine = script_engine(url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(  # noqa: PLW2901
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection
    finally:
        engine.dispose()


def _rows(url: str, data: Path | None, packed: zipfile.ZipFile, step: Step) -> Manifest:
    with snapshot(url) as connection:
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        tables = form.tables_of(connection)
        counts = {table.name: form.count_of(connection, table) for table in tables}
        total, before, written = sum(counts.values()), 0, []
        for table in tables:
            filled = _table(connection, table, packed, step, before, total)
            if filled.rows != counts[table.name]:
                raise Conflict("error.backup_wrong", detail=table.name)
            written.append(filled)
            before += filled.rows
        return Manifest(
            version=__version__,
            database=connection.dialect.name,
            revision=str(revision.scalar_one()),
            made_at=datetime.now(UTC),
            tables=written,
            files=_files(connection, data, packed, step),
        )


def _table(
    connection: sa.Connection,
    table: Table,
    packed: zipfile.ZipFile,
    step: Step,
    before: int,
    total: int,
) -> Table:
    digest, rows = hashlib.sha256(), 0
    with packed.open(form.entry_of(table.name), "w", force_zip64=True) as out:
        for line in form.lines_of(connection, table):
            out.write(line)
            digest.update(line)
            rows += 1
            if rows % form.BATCH == 0:
                done = ROWS_UNTIL * (before + rows) / max(total, 1)
                step(done, "jobs.note.table", table=table.name, rows=rows)
    step(
        ROWS_UNTIL * (before + rows) / max(total, 1), "jobs.note.table", table=table.name, rows=rows
    )
    return table.model_copy(update={"rows": rows, "sha256": digest.hexdigest()})


def _files(
    connection: sa.Connection, data: Path | None, packed: zipfile.ZipFile, step: Step
) -> Files:
    count = size = missing = 0
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(max_size=2**20) as listed:
        for name, path in _kept(connection, data):
            found = _file(name, path, packed)
            if found is None:
                missing += 1
                continue
            line = json.dumps([name, *found], separators=(",", ":")).encode() + b"\n"
            listed.write(line)
            digest.update(line)
            count, size = count + 1, size + found[0]
            step(ROWS_UNTIL, "jobs.note.files", files=count)
        listed.seek(0)
        with packed.open(form.FILES, "w", force_zip64=True) as out:
            while piece := listed.read(PIECE):
                out.write(piece)
    step(FILES_UNTIL, "jobs.note.files", files=count)
    return Files(count=count, bytes=size, missing=missing, sha256=digest.hexdigest())


def _kept(connection: sa.Connection, data: Path | None) -> Iterator[tuple[str, Path]]:
    """Name in the archive and place on the disk of each file that has a row."""
    if data is None:
        return
    for table, column, folder in BYTES:
        key: sa.ColumnClause[Any] = sa.column(column)
        query = sa.select(key).select_from(sa.table(table)).order_by(key)
        for (name,) in connection.execute(query, execution_options={"yield_per": form.BATCH}):
            yield f"{folder}/{name}", data / folder / name


def _file(name: str, path: Path, packed: zipfile.ZipFile) -> tuple[int, str] | None:
    """Copy a file; its size and checksum, None if it is gone since."""
    digest, size = hashlib.sha256(), 0
    try:
        source = path.open("rb")
    except FileNotFoundError:
        return None
    with source, packed.open(name, "w", force_zip64=True) as out:
        while piece := source.read(PIECE):
            out.write(piece)
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def _check(part: Path, secret: bytes, step: Step) -> None:
    """Read the copy back as a restore would."""

    def checking(fraction: float, note: str, **params: Any) -> None:
        step(FILES_UNTIL + (1.0 - FILES_UNTIL) * fraction, note, **params)

    try:
        with Archive(part) as archive:
            archive.check(checking)
            is_right = archive.is_signed((secret,))
    except AppError as error:
        raise Conflict("error.backup_wrong", detail=str(error.params.get("detail", ""))) from error
    if not is_right:
        raise Conflict("error.backup_wrong", detail=form.SIGNATURE)
