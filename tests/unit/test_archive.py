"""Backups: what is restored equals what was backed up, whatever database it came from."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_ui.db import script_engine
from llm_ui.errors import Conflict, InvalidInput
from llm_ui.models import metadata
from llm_ui.services.operations import backup_format, backup_restore, backup_writing
from llm_ui.services.operations.backup_reading import Archive
from llm_ui.services.operations.migrations import SCHEMA
from tests.conftest import empty, fresh_postgres, migrate
from tests.filled import contents, fill, keep_bytes

SECRET = b"a secret for archives, long enough"
PG = pytest.mark.postgres
KINDS = ["sqlite", pytest.param("postgres", marks=PG)]
Empty = Callable[[str], str]


@pytest.fixture
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database with rows in every table."""
    if request.param == "sqlite":
        path = tmp_path / "source.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_database")
        empty(url)
    fill(url)
    yield url
    if request.param != "sqlite":
        empty(url)


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
        return
    yield fresh_postgres(request.getfixturevalue("postgres_server"), "restored")


def back_up(url: str, folder: Path) -> Path:
    archive = folder / "backup.zip"
    backup_writing.write(url, folder / "data", archive, SECRET)
    return archive


def restore(path: Path, url: str, data: Path | None = None) -> None:
    with Archive(path) as archive:
        backup_restore.restore(archive, url, SCHEMA, data)


def words(url: str) -> list[tuple[str, ...]]:
    """Which messages and titles the index of words has."""
    engine = script_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT chat_id, message_id FROM searchentry")).all()
    engine.dispose()
    return sorted((row[0], row[1] or "") for row in rows)


@pytest.mark.parametrize("target", KINDS, indirect=True)
@pytest.mark.parametrize("source", KINDS, indirect=True)
def test_what_is_restored_equals_the_original_row_by_row(source: str, target: str, tmp_path: Path):
    before = contents(source)
    assert all(before.values()), "a table without rows proves nothing"
    ids = [json.loads(row)["id"] for row in before["storedfile"]]
    kept = keep_bytes(tmp_path / "data", ids)
    archive = back_up(source, tmp_path)
    restore(archive, target, tmp_path / "elsewhere")
    assert contents(target) == before
    assert contents(source) == before
    assert words(target) == words(source)
    for file_id, content in kept.items():
        assert (tmp_path / "elsewhere" / "files" / file_id).read_bytes() == content


@pytest.mark.parametrize("target", KINDS, indirect=True)
@pytest.mark.parametrize("source", ["sqlite"], indirect=True)
def test_what_was_restored_keeps_its_rules(source: str, target: str, tmp_path: Path):
    """Foreign keys were set aside for a moment; afterwards they hold as before."""
    restore(back_up(source, tmp_path), target)
    engine = script_engine(target)
    for statement in (
        "INSERT INTO chattag (chat_id, name) VALUES ('nowhere', 'x')",
        "UPDATE chatmessage SET parent_id = 'nowhere'",
    ):
        with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
            connection.execute(sa.text(statement))
    keys = {name for table in metadata.tables for name in _keys(engine, table)}
    assert keys == {str(key.name) for t in metadata.tables.values() for key in _named(t)}
    engine.dispose()


def _keys(engine: sa.Engine, table: str) -> set[str]:
    return {str(key["name"]) for key in sa.inspect(engine).get_foreign_keys(table)}


def _named(table: sa.Table) -> set[sa.ForeignKeyConstraint]:
    return table.foreign_key_constraints


@pytest.mark.parametrize("source", KINDS, indirect=True)
def test_a_backup_is_of_one_moment_whatever_is_written_meanwhile(source: str, tmp_path: Path):
    before = contents(source)
    written = threading.Event()

    def step(_fraction: float, note: str = "", **_params: object) -> None:
        if note != "jobs.note.table" or written.is_set():
            return
        written.set()
        engine = script_engine(source)
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(sa.text("DELETE FROM chathistory"))
            connection.execute(sa.text("UPDATE usagelog SET cost_micro = cost_micro + 1"))
        engine.dispose()

    archive = tmp_path / "backup.zip"
    backup_writing.write(source, tmp_path / "data", archive, SECRET, step)
    assert contents(source) != before
    restore(archive, f"sqlite:///{tmp_path / 'target.db'}")
    assert contents(f"sqlite:///{tmp_path / 'target.db'}") == before


@pytest.mark.parametrize("source", ["sqlite"], indirect=True)
def test_every_table_of_ours_is_in_it(source: str, tmp_path: Path):
    with Archive(back_up(source, tmp_path)) as archive:
        tables = {table.name: table for table in archive.manifest.tables}
    assert set(tables) == set(metadata.tables)
    for name, table in metadata.tables.items():
        kept = {each.name for each in table.columns if each.computed is None}
        assert {each.name for each in tables[name].columns} == kept
        assert tables[name].key, f"{name} has no key to sort its rows by"


@pytest.mark.parametrize("source", ["sqlite"], indirect=True)
def test_it_holds_no_session_and_no_key_in_the_clear(source: str, tmp_path: Path):
    archive = back_up(source, tmp_path)
    assert archive.stat().st_mode & 0o077 == 0, "others may read it"
    with zipfile.ZipFile(archive) as packed:
        everything = b"".join(packed.read(name) for name in packed.namelist())
    assert SECRET not in everything


def test_a_file_without_bytes_is_counted_and_the_backup_goes_on(
    sqlite_template: Path, tmp_path: Path
):
    path = tmp_path / "source.db"
    shutil.copy(sqlite_template, path)
    made = fill(f"sqlite:///{path}")
    ids = [row["id"] for row in made["storedfile"]]
    keep_bytes(tmp_path / "data", ids[1:])
    with Archive(back_up(f"sqlite:///{path}", tmp_path)) as archive:
        assert archive.manifest.files.missing == 1
        assert archive.manifest.files.count == len(ids) - 1


# --- what is refused -------------------------------------------------------------------------


@pytest.fixture
def archive(sqlite_template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "source.db"
    shutil.copy(sqlite_template, path)
    made = fill(f"sqlite:///{path}", count=3)
    keep_bytes(tmp_path / "data", [row["id"] for row in made["storedfile"]])
    return back_up(f"sqlite:///{path}", tmp_path)


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'target.db'}"


def rewrite(archive: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy in which something has been changed by somebody who knows ZIP."""
    changed = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return changed


def refused(path: Path, url: str, key: str = "error.archive_damaged") -> None:
    with pytest.raises((InvalidInput, Conflict)) as refusal:
        restore(path, url)
    assert refusal.value.message_key == key
    assert not rows_in(url)


def rows_in(url: str) -> int:
    path = Path(sa.engine.make_url(url).database or "")
    if not path.exists():
        return 0
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%' "
            "AND name NOT LIKE 'search%' AND name != 'alembic_version'"
        )
        names = [row[0] for row in tables]
        return sum(connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names)


@pytest.mark.parametrize(
    "part", ["tables/user.ndjson", "tables/chatmessage.ndjson", "files.ndjson"]
)
def test_a_changed_row_is_found_and_nothing_is_restored(archive: Path, nowhere: str, part: str):
    def change(name: str, content: bytes) -> bytes:
        return content.replace(b"0", b"1", 1) if name == part else content

    refused(rewrite(archive, change), nowhere)


def test_a_row_less_and_a_row_twice_are_found(archive: Path, nowhere: str):
    def less(name: str, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join(lines[1:]) if name == "tables/user.ndjson" else content

    def twice(name: str, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return content + lines[0] if name == "tables/user.ndjson" else content

    refused(rewrite(archive, less), nowhere)
    refused(rewrite(archive, twice), nowhere)


def test_a_changed_file_and_a_missing_one_are_found(archive: Path, nowhere: str):
    refused(rewrite(archive, lambda n, c: c + b"!" if n.startswith("files/") else c), nowhere)
    refused(rewrite(archive, lambda n, c: None if n.startswith("files/") else c), nowhere)


def test_a_file_that_leads_out_of_its_folder_is_refused(
    archive: Path, nowhere: str, tmp_path: Path
):
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr("files/../../evil", "x")
    refused(archive, nowhere)
    assert not (tmp_path / "evil").exists()


def test_half_an_archive_and_no_archive_are_refused(archive: Path, nowhere: str):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    refused(archive, nowhere)
    archive.write_bytes(b"not a zip")
    refused(archive, nowhere)


def test_flipped_bits_anywhere_are_found_or_change_nothing(archive: Path, tmp_path: Path):
    whole = bytearray(archive.read_bytes())
    with Archive(archive) as good:
        before = good.manifest
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        broken = bytearray(whole)
        broken[place] ^= 0x10
        archive.write_bytes(broken)
        try:
            with Archive(archive) as read:
                read.check()
                assert read.manifest == before
        except InvalidInput:
            pass


def test_a_manifest_that_was_changed_bears_no_signature(archive: Path):
    def change(name: str, content: bytes) -> bytes:
        return content.replace(b"sqlite", b"sqlitf") if name == "manifest.json" else content

    with Archive(archive) as good, Archive(rewrite(archive, change)) as bad:
        assert good.is_signed((b"another key, older", SECRET))
        assert not good.is_signed((b"another key, older",))
        assert not bad.is_signed((SECRET,))


def _manifest(**changes: object) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if name != backup_format.MANIFEST:
            return content
        return json.dumps({**json.loads(content), **changes}).encode()

    return change


def test_a_newer_schema_and_a_newer_form_are_refused(archive: Path, nowhere: str):
    newer = "error.archive_newer"
    refused(rewrite(archive, _manifest(revision="9999")), nowhere, newer)
    refused(rewrite(archive, _manifest(format=2, more="things")), nowhere, newer)


def test_a_database_with_rows_is_refused_and_stays(archive: Path, nowhere: str):
    """Import that overwrites by id."""
    migrate(nowhere)
    fill(nowhere, count=2, seed=5)
    before = contents(nowhere)
    with pytest.raises(Conflict) as refusal:
        restore(archive, nowhere)
    assert refusal.value.message_key == "error.archive_not_empty"
    assert contents(nowhere) == before


def test_an_older_backup_is_restored_and_brought_up_to_date(tmp_path: Path, nowhere: str):
    """Into a database that is at the newest schema already."""
    old = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(old, "0002")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute(
            "INSERT INTO aitype (id, name, description, icon, sort_order) "
            "VALUES ('1', 'x', '', '', 1)"
        )
        connection.commit()
    older = back_up(old, tmp_path)
    migrate(nowhere)
    restore(older, nowhere)
    assert [json.loads(row)["name"] for row in contents(nowhere)["aitype"]] == ["x"]
    engine = script_engine(nowhere)
    assert {"setting", "searchentry"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_nothing_is_left_of_a_backup_that_was_stopped(sqlite_template: Path, tmp_path: Path):
    fill_at = tmp_path / "source.db"
    shutil.copy(sqlite_template, fill_at)
    fill(f"sqlite:///{fill_at}")

    def step(fraction: float, *_: object, **__: object) -> None:
        if fraction > 0.5:
            raise InterruptedError

    (tmp_path / "backups").mkdir()
    # What a process that was killed has left goes too.
    (tmp_path / "backups" / ".old.zip.1.part").write_bytes(b"half")
    with pytest.raises(InterruptedError):
        backup_writing.write(
            f"sqlite:///{fill_at}", tmp_path, tmp_path / "backups" / "b.zip", SECRET, step
        )
    assert list((tmp_path / "backups").iterdir()) == []
