"""Writing a backup: everything as of one moment, even while other writes continue.

The rows are read in one transaction with a consistent snapshot: on SQLite a read transaction, which
doesn't block writers; on PostgreSQL a repeatable read. Then the archive is read back, and gets its
final name only if the verification succeeds.
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
from llm_ui.services.operations import backup_format as form
from llm_ui.services.operations.backup_format import Files, Manifest, Step, Table
from llm_ui.services.operations.backup_reading import Archive

PIECE = 256 * 1024
# Compresses text to a third, in half the time of the default level.
LEVEL = 3
PART = ".part"
# Approximate progress after rows and after files; the rest is verification.
ROWS_UNTIL, FILES_UNTIL = 0.6, 0.75
# Tables whose rows have files: the table, the column with the name, the folder.
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
    """Back up everything into `target`.

    Args:
        url: the database.
        data: the data folder, with the uploaded files.
        secret: the secret to sign the archive with.
        step: called with the progress; an exception it raises aborts the backup and removes the
            partial file.
        with_files: whether to include uploaded files, or only rows.

    Raises:
        Conflict: the archive failed verification, or could not be written.
        OSError: the folder is not writable.
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
    """A private, locked temporary file, removed at the end unless it has been renamed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        try:
            yield out
        finally:
            path.unlink(missing_ok=True)


def remove_parts(folder: Path) -> None:
    """Remove partial files whose process was killed."""
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
    """A connection that sees the database as of now until it is closed."""
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
    """The archive entry and path of each file that has a row."""
    if data is None:
        return
    for table, column, folder in BYTES:
        key: sa.ColumnClause[Any] = sa.column(column)
        query = sa.select(key).select_from(sa.table(table)).order_by(key)
        for (name,) in connection.execute(query, execution_options={"yield_per": form.BATCH}):
            yield f"{folder}/{name}", data / folder / name


def _file(name: str, path: Path, packed: zipfile.ZipFile) -> tuple[int, str] | None:
    """Add a file to the archive; returns its size and checksum, or None if it no longer exists."""
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
    """Read the archive back as a restore would, to verify it."""

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
