"""What is kept is for the account that the app runs as."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_ui.cli import main as cli
from llm_ui.cli import prepare
from llm_ui.cli.setup import private_files
from llm_ui.cli.setup.installation import Installation
from llm_ui.cli.setup.steps import run_step


def mode(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(autouse=True)
def open_handed() -> Iterator[None]:
    """Begin with the umask of most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_what_lies_in_the_data_folder_is_shut_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, database = tmp_path / "data", tmp_path / "srv" / "app.db"
    for file in (data / "files" / "1", data / "logs" / "prepare.log", database):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
        file.chmod(0o644)
    tool = data / "tool"
    tool.write_text("")
    tool.chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (data / "link").symlink_to(elsewhere)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(data))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    assert prepare.main([]) == 0
    for folder in (data, data / "files", data / "logs"):
        assert mode(folder) == 0o700
    assert [mode(data / "files" / "1"), mode(data / "logs" / "prepare.log")] == [0o600, 0o600]
    assert mode(database) == 0o600
    assert mode(tool) == 0o700
    # What only a link leads to is not ours.
    assert mode(elsewhere) == 0o644


def test_what_is_written_is_shut_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Installation(tmp_path, Path(sys.executable), own_venv=True, command="python3 dev.py")

    def write(_place: Installation, _options: object) -> int:
        """Write a file."""
        (tmp_path / "written").write_text("")
        return 0

    monkeypatch.setattr(cli, "migrate", write)
    monkeypatch.setattr(cli, "KEEPING", (write,))
    monkeypatch.setattr(cli, "USER_VERBS", (write,))
    monkeypatch.setattr(cli, "DEVELOPER_VERBS", ())
    assert cli.main(place, ["write"]) == 0
    assert mode(tmp_path / "written") == 0o600
    (tmp_path / "later").write_text("")
    assert mode(tmp_path / "later") == 0o644


def test_programs_are_made_as_the_person_has_it(tmp_path: Path) -> None:
    made = tmp_path / "made"
    code = f"open({str(made)!r}, 'w')"
    with private_files.ours():
        run_step(
            "Making",
            [sys.executable, "-c", code],
            log=tmp_path / "log",
            cwd=tmp_path,
            env=dict(os.environ),
            advice="",
        )
    assert (mode(made), mode(tmp_path / "log")) == (0o644, 0o600)
