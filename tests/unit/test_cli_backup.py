"""`dev.py backup` and `dev.py restore`, as somebody types them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, empty, fresh_postgres
from tests.filled import contents, fill, keep_bytes

KEY = "a-secret-for-backups-0123456789abcdef"
OTHER = "another-secret-for-backups-0123456789"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run(data: Path, url: str, *arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """The verb in a process of its own, on this database and data folder."""
    env = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(data), "SECRET_KEY": key}
    command = [sys.executable, "-m", "llm_ui.cli.backup", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path) -> Path:
    """An installation on SQLite with rows and files."""
    data = tmp_path / "home"
    data.mkdir()
    shutil.copy(sqlite_template, data / "llm_ui.db")
    made = fill(f"sqlite:///{data / 'llm_ui.db'}")
    keep_bytes(data, [row["id"] for row in made["storedfile"]])
    return data


@pytest.fixture
def archive(home: Path, tmp_path: Path) -> Path:
    target = tmp_path / "safe.zip"
    done = run(home, "", "make", "--out", str(target))
    assert done.returncode == 0, done.stderr
    assert "The backup has been verified." in done.stdout
    assert "SECRET_KEY" in done.stdout
    return target


def test_a_backup_moves_a_whole_installation(home: Path, archive: Path, tmp_path: Path):
    new = tmp_path / "new"
    done = run(new, "", "restore", str(archive))
    assert done.returncode == 0, done.stderr
    assert "Every row was compared with the backup." in done.stdout
    assert contents(f"sqlite:///{new / 'llm_ui.db'}") == contents(f"sqlite:///{home / 'llm_ui.db'}")
    for path in (home / "files").iterdir():
        assert (new / "files" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.postgres
def test_it_moves_from_sqlite_to_postgresql_and_back(
    home: Path, archive: Path, tmp_path: Path, postgres_server: str
):
    url = fresh_postgres(postgres_server, "moved")
    assert run(tmp_path / "new", url, "restore", str(archive)).returncode == 0
    before = contents(f"sqlite:///{home / 'llm_ui.db'}")
    assert contents(url) == before
    again = tmp_path / "again.zip"
    assert run(tmp_path / "new", url, "make", "--out", str(again)).returncode == 0
    assert run(tmp_path / "back", "", "restore", str(again)).returncode == 0
    assert contents(f"sqlite:///{tmp_path / 'back' / 'llm_ui.db'}") == before
    empty(url)


def test_without_a_name_it_lies_with_the_others(home: Path):
    done = run(home, "", "make")
    (made,) = (home / "backups").iterdir()
    assert re.fullmatch(r"llm-ui-\d{8}-\d{12}-[0-9a-f]{8}\.zip", made.name)
    assert str(made) in done.stdout


def test_another_installations_backup_needs_a_word_more(archive: Path, tmp_path: Path):
    refused = run(tmp_path / "new", "", "restore", str(archive), key=OTHER)
    assert refused.returncode == 1
    assert "made with another SECRET_KEY" in refused.stderr
    assert not (tmp_path / "new" / "files").exists()
    both = run(tmp_path / "both", "", "restore", str(archive), key=f"{OTHER},{KEY}")
    assert both.returncode == 0, both.stderr
    forced = run(tmp_path / "new", "", "restore", str(archive), "--other-key", key=OTHER)
    assert forced.returncode == 0, forced.stderr


def test_what_is_there_is_never_overwritten(home: Path, archive: Path):
    before = contents(f"sqlite:///{home / 'llm_ui.db'}")
    refused = run(home, "", "restore", str(archive))
    assert refused.returncode == 1
    assert "The database is not empty" in refused.stderr
    assert contents(f"sqlite:///{home / 'llm_ui.db'}") == before
    whole = archive.read_bytes()
    refused = run(home, "", "make", "--out", str(archive))
    assert (refused.returncode, refused.stdout.count("done")) == (1, 0)
    assert "already exists" in refused.stderr
    assert archive.read_bytes() == whole


def test_what_is_no_backup_is_told_in_a_sentence(tmp_path: Path):
    (tmp_path / "no.zip").write_text("no")
    for name, words in (("no.zip", "This is not a valid backup"), ("gone.zip", "No such file")):
        refused = run(tmp_path / "new", "", "restore", str(tmp_path / name))
        assert refused.returncode == 1
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
