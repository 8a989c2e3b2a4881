"""The .env file is made once and never overwritten."""

import stat
from pathlib import Path

import pytest

from llm_ui.cli.setup import env_file


@pytest.fixture(autouse=True)
def no_secret_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)


def test_a_new_file_has_a_long_secret_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert env_file.ensure_secret(path)
    secret = env_file.read_value(path, "SECRET_KEY")
    assert secret is not None
    assert len(secret) >= 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_files_have_two_secrets(tmp_path: Path) -> None:
    env_file.ensure_secret(tmp_path / "a")
    env_file.ensure_secret(tmp_path / "b")
    assert (tmp_path / "a").read_text() != (tmp_path / "b").read_text()


def test_a_file_with_a_secret_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\nPORT=4000")
    assert not env_file.ensure_secret(path)
    assert path.read_text() == "SECRET_KEY=mine\nPORT=4000"


def test_a_missing_secret_is_added_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nPORT=4000")
    assert env_file.ensure_secret(path)
    assert path.read_text().startswith("# mine\nPORT=4000\nSECRET_KEY=")


def test_of_two_that_start_at_once_only_one_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / ".env"
    assert env_file.create(path, "SECRET_KEY=first\n")
    assert not env_file.create(path, "SECRET_KEY=second\n")
    assert path.read_text() == "SECRET_KEY=first\n"


def test_an_empty_secret_is_filled(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=\nPORT=4000\n")
    assert env_file.ensure_secret(path)
    assert path.read_text().count("SECRET_KEY") == 1
    assert env_file.read_value(path, "PORT") == "4000"


def test_a_secret_in_the_environment_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    assert not env_file.ensure_secret(tmp_path / ".env")
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("WORKERS=2", "2"),
        ("  export WORKERS = 2  ", "2"),
        ("WORKERS='2' # two", "2"),
        ('WORKERS="2"', "2"),
        ("WORKERS=2 # two", "2"),
        ("WORKERS=", None),
        ("WORKERS= # none", None),
        ("# WORKERS=2", None),
        ("MY_WORKERS=2", None),
    ],
)
def test_values_are_read_like_dotenv_reads_them(
    tmp_path: Path, line: str, value: str | None
) -> None:
    path = tmp_path / ".env"
    path.write_text(f"A=1\n{line}\nB=2\n")
    assert env_file.read_value(path, "WORKERS") == value


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".env"
    path.write_text("WORKERS=2\n")
    assert env_file.setting(path, "WORKERS") == "2"
    monkeypatch.setenv("WORKERS", "3")
    assert env_file.setting(path, "WORKERS") == "3"
