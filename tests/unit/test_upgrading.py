"""A newer version on an older database: copied first, one at a time, and the way back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from llm_ui.cli import prepare, startup_warnings
from llm_ui.config import Settings, load_settings
from llm_ui.db import script_engine
from llm_ui.errors import ConfigError
from llm_ui.services.operations import backup_format as form
from llm_ui.services.operations import migrations, upgrading
from llm_ui.services.operations.backup_reading import Archive
from tests.conftest import ROOT, fresh_postgres
from tests.filled import contents, fill

SECRET = b"a-secret-for-upgrades-0123456789abcdef"
# The schema of the last release but one: what people come from.
BEFORE = "0007i"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'llm_ui.db'}"
    return fresh_postgres(request.getfixturevalue("postgres_server"), "upgrading")


def put_at(url: str, revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, revision)


def go_back(url: str, revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.downgrade(config, revision)


def counted(url: str) -> dict[str, int]:
    """How many rows each table has that the database has, whatever its schema."""
    engine = script_engine(url)
    with engine.connect() as connection:
        counts = {
            table.name: form.count_of(connection, table) for table in form.tables_of(connection)
        }
    engine.dispose()
    return counts


def test_a_new_database_is_migrated_without_a_copy(url: str, tmp_path: Path):
    assert upgrading.upgrade(url, tmp_path, SECRET) is None
    assert upgrading.revision(url) == migrations.newest()
    assert upgrading.upgrade(url, tmp_path, SECRET) is None
    assert not (tmp_path / "backups").exists()


def _of_people(rows: list[str]) -> list[dict[str, Any]]:
    """What people have; the keys of their names are made anew of the names."""
    made = ("name_key", "look_key")
    return [{k: v for k, v in json.loads(row).items() if k not in made} for row in rows]


def test_a_filled_one_is_copied_first_and_there_is_a_way_back(url: str, tmp_path: Path):
    upgrading.upgrade(url, tmp_path, SECRET)
    fill(url)
    before = contents(url)
    go_back(url, BEFORE)
    older = counted(url)
    copy = upgrading.upgrade(url, tmp_path, SECRET)
    assert copy is not None
    assert copy.stat().st_mode & 0o777 == 0o600
    assert BEFORE in copy.name
    if copy.suffix == ".db":
        assert counted(f"sqlite:///{copy}") == older
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == (BEFORE,)
    else:
        with Archive(copy) as archive:
            archive.check(lambda *_, **__: None)
            assert archive.manifest.revision == BEFORE
            assert {each.name: each.rows for each in archive.manifest.tables} == older
    after = contents(url)
    # The log of answers under way has a kind of entry that the older one does not know.
    assert len(after.pop("generationevent")) <= len(before.pop("generationevent"))
    # A table that the older one has not got comes back empty.
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) if name in older else 0 for name, rows in before.items()
    }
    assert _of_people(after["user"]) == _of_people(before["user"])
    assert upgrading.revision(url) == migrations.newest()


def test_only_the_last_copies_are_kept(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'llm_ui.db'}"
    put_at(url, "head")
    for number in range(6):
        upgrading.snapshot(url, tmp_path, SECRET, f"rev{number}")
    kept = sorted(path.name[:11] for path in (tmp_path / "backups").iterdir())
    assert kept == ["before-rev3", "before-rev4", "before-rev5"]


def test_nothing_is_migrated_that_could_not_be_copied(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'llm_ui.db'}"
    upgrading.upgrade(url, tmp_path, SECRET)
    fill(url)
    go_back(url, BEFORE)
    (tmp_path / "backups").write_text("in the way")
    with pytest.raises(ConfigError, match="Nothing was changed"):
        upgrading.upgrade(url, tmp_path, SECRET)
    assert upgrading.revision(url) == BEFORE


def test_two_that_start_at_once_migrate_once(url: str, tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from llm_ui.services.operations import upgrading; "
        "upgrading.upgrade(sys.argv[1], Path(sys.argv[2]), b'x' * 40)"
    )
    command = [sys.executable, "-c", code, url, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [each.wait(120) for each in both] == [0, 0]
    assert upgrading.revision(url) == migrations.newest()


def test_the_database_of_a_newer_version_is_named_as_such(url: str, tmp_path: Path):
    upgrading.upgrade(url, tmp_path, SECRET)
    engine = script_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999z'"))
    engine.dispose()
    with pytest.raises(ConfigError, match="newer version"):
        upgrading.upgrade(url, tmp_path, SECRET)


# --- what is said at the start ---------------------------------------------------------------


def prepared(data: Path, url: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(data), "SECRET_KEY": "k" * 40, **more}
    command = [sys.executable, "-m", "llm_ui.cli.prepare", "--migrate"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("damage", ["no database at all", "cut", "zeros"])
def test_a_damaged_database_file_is_called_damaged(
    tmp_path: Path, sqlite_template: Path, damage: str
):
    path = tmp_path / "llm_ui.db"
    data = sqlite_template.read_bytes()
    damaged = {
        "no database at all": b"these are not the bytes of a database " * 200,
        "cut": data[: len(data) // 3],
        "zeros": data[:100] + bytes(8000) + data[8100:],
    }
    path.write_bytes(damaged[damage])
    done = prepared(tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"{path} is damaged" in done.stderr
    assert "restore" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    done = prepared(tmp_path, "postgresql://someone:hush@127.0.0.1:9/nowhere")
    assert done.returncode == 2
    assert "127.0.0.1:9 does not respond" in done.stderr
    assert "hush" not in done.stderr


def test_unknown_settings_are_named_with_the_one_that_is_meant(tmp_path: Path):
    env = tmp_path / ".env"
    env.write_text(
        "SECRET_KEY=x\nTRUSTED_PROXY=1\n# COMMENTED=1\nexport Databas_URL=x\nWORKERS=2\n"
        "REFLEX_REDIS_URL=x\nPOSTGRES_PASSWORD=x\nHTTPS_PROXY=x\nport=4000\nWIBBLE=1\n"
    )
    said = list(startup_warnings.unknown_settings(env))
    assert len(said) == 3
    assert said[0].startswith("TRUSTED_PROXY ")
    assert said[0].endswith("did you mean TRUSTED_PROXIES?")
    assert said[1].endswith("did you mean DATABASE_URL?")
    assert said[2].startswith("WIBBLE ")
    assert list(startup_warnings.unknown_settings(tmp_path / "none")) == []


def settings(data: Path, url: str) -> Settings:
    return load_settings(data_dir=data, database_url=url, secret_key="k" * 40)


def test_a_data_folder_that_is_not_the_databases_is_noticed(tmp_path: Path, sqlite_template: Path):
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    shutil.copy(sqlite_template, own / "llm_ui.db")
    url = f"sqlite:///{own / 'llm_ui.db'}"
    assert list(startup_warnings.strange_data(settings(own, url))) == []
    assert list(startup_warnings.strange_data(settings(own, url))) == []
    # Nothing can be missing yet.
    assert list(startup_warnings.strange_data(settings(other, url))) == []
    shutil.rmtree(other)
    fill(url)
    (said,) = startup_warnings.strange_data(settings(other, url))
    assert str(other) in said
    (other).mkdir()
    (other / startup_warnings.ID_FILE).write_text("of another database\n")
    assert len(list(startup_warnings.strange_data(settings(other, url)))) == 1
    assert list(startup_warnings.strange_data(settings(own, url))) == []


@pytest.mark.postgres
def test_connections_that_do_not_fit_the_database_are_said(postgres_server: str, tmp_path: Path):
    chosen = load_settings(data_dir=tmp_path, database_url=postgres_server, secret_key="k" * 40)
    assert list(startup_warnings.too_many_connections(chosen, 1)) == []
    (said,) = startup_warnings.too_many_connections(chosen, 400)
    assert "DB_POOL=" in said
    assert "8000 connections" in said


def test_sqlite_has_no_such_limit(tmp_path: Path):
    assert list(startup_warnings.too_many_connections(settings(tmp_path, ""), 400)) == []


def test_another_server_on_the_same_data_is_said(tmp_path: Path):
    from tests.unit.test_outages import HOLD

    assert list(startup_warnings.others_here(tmp_path)) == []
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline()
        (said,) = startup_warnings.others_here(tmp_path)
        assert str(tmp_path) in said
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert list(startup_warnings.others_here(tmp_path)) == []


def test_the_whole_start_says_what_was_copied(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'llm_ui.db'}"
    assert prepare.migrate(settings(tmp_path, url)) == []
    fill(url)
    go_back(url, BEFORE)
    (said,) = prepare.migrate(settings(tmp_path, url))
    assert "before-" in said
