"""Migrating a database to the newest schema, so that it can be rolled back.

Only one process migrates at a time, and existing data is copied first. docs/upgrading.md describes
how to go back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from llm_ui.db import script_engine
from llm_ui.errors import ConfigError
from llm_ui.services.operations import backup_writing, migrations

# An arbitrary number, the same for every process that migrates this database.
LOCK = 0x6C6C6D7569
SNAPSHOTS_KEPT = 3


def upgrade(url: str, data: Path, secret: bytes) -> Path | None:
    """Migrate the database to the newest schema.

    Returns:
        the copy made before; None if the database was empty or already up to date.

    Raises:
        ConfigError: the database is from a newer version, or there is no room for the copy.
    """
    with _alone(url):
        here = revision(url)
        if here is not None and not migrations.knows(here):
            raise ConfigError(
                f"The database belongs to a newer version of LLM UI (schema {here}). Start that "
                "version, or downgrade as described in docs/upgrading.md."
            )
        copy = None
        if here not in (None, migrations.newest()) and _has_people(url):
            copy = snapshot(url, data, secret, str(here))
        migrations.bring(url, "head")
    return copy


def revision(url: str) -> str | None:
    """A database's schema revision; None if it has no schema."""
    engine = script_engine(url)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(
                sa.text("SELECT version_num FROM alembic_version")
            )
            return found
    finally:
        engine.dispose()


def _has_people(url: str) -> bool:
    engine = script_engine(url)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(sa.text('SELECT 1 FROM "user" LIMIT 1')))
    finally:
        engine.dispose()


@contextlib.contextmanager
def _alone(url: str) -> Iterator[None]:
    """Hold the migration lock, waiting for other processes to release it."""
    engine = script_engine(url)
    path = make_url(url).database
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                # The lock belongs to the connection, so no transaction has to stay open.
                with connection.begin():
                    connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
                yield
        elif path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with Path(f"{path}.migrating").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        else:
            yield
    finally:
        engine.dispose()


def snapshot(url: str, data: Path, secret: bytes, here: str) -> Path:
    """Copy the database's rows into the backups folder, as an SQLite file or an archive.

    Raises:
        ConfigError: the copy could not be written.
    """
    folder = data / "backups"
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    path = make_url(url).database
    is_file = make_url(url).get_backend_name() == "sqlite" and path
    target = folder / f"before-{here}-{stamp}.{'db' if is_file else 'zip'}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_file:
            _copy(Path(str(path)), target)
        else:
            backup_writing.write(url, data, target, secret, with_files=False)
        for old in sorted(folder.glob("before-*"), key=lambda each: each.stat().st_mtime)[
            :-SNAPSHOTS_KEPT
        ]:
            old.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"The database must be migrated, but could not be copied first ({error}). Nothing was "
            f"changed. Free up some space in {folder} and start again."
        ) from error
    return target


def _copy(source: Path, target: Path) -> None:
    """A consistent copy of an SQLite file, even while it is being written to."""
    part = target.with_suffix(".part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        with (
            contextlib.closing(sqlite3.connect(source)) as here,
            contextlib.closing(sqlite3.connect(part)) as there,
        ):
            here.backup(there)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
