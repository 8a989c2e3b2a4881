"""Before and while the server runs: what is left alone, in which order, and who goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llm_ui.cli import main as cli
from llm_ui.cli import serve, start, startup_warnings
from llm_ui.cli.admin import create
from llm_ui.cli.setup import frontend, install
from llm_ui.cli.setup.installation import Installation
from llm_ui.cli.setup.steps import StepFailed
from llm_ui.cli.start import Facts
from llm_ui.config import get_settings
from llm_ui.services.accounts import registration_policy
from tests.conftest import PASSWORD


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    (tmp_path / ".env").write_text("SECRET_KEY=" + "x" * 40)
    return Installation(tmp_path, Path(sys.executable), own_venv=True, command="python3 dev.py")


# --- the environment --------------------------------------------------------------------


def test_an_environment_that_is_a_link_is_never_emptied(place: Installation, tmp_path: Path):
    shared = tmp_path / "shared"
    (shared / "lib").mkdir(parents=True)
    (shared / "pyvenv.cfg").write_text("home = /usr")
    (shared / ".llm-ui-venv").write_text("somewhere else 3.0")
    (tmp_path / ".venv").symlink_to(shared)
    with pytest.raises(StepFailed, match="is a symbolic link"):
        install.ensure_venv(replace(place, python=tmp_path / ".venv" / "bin" / "python"))
    assert (shared / "lib").is_dir()


def test_an_environment_of_somebody_elses_making_is_never_emptied(
    place: Installation, tmp_path: Path
):
    own = tmp_path / ".venv"
    (own / "bin").mkdir(parents=True)
    (own / "pyvenv.cfg").write_text("home = /usr")
    with pytest.raises(StepFailed, match="was not made by LLM UI"):
        install.ensure_venv(replace(place, python=own / "bin" / "python"))
    assert (own / "pyvenv.cfg").exists()


def test_a_link_that_leads_nowhere_is_left_alone_too(place: Installation, tmp_path: Path):
    (tmp_path / ".venv").symlink_to(tmp_path / "gone")
    with pytest.raises(StepFailed, match="is a symbolic link"):
        install.ensure_venv(replace(place, python=tmp_path / ".venv" / "bin" / "python"))


# --- where things are -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "logs"),
    [
        ("", "data/logs"),
        ("DATA_DIR=elsewhere", "elsewhere/logs"),
        ("DATA_DIR=/srv/x", "/srv/x/logs"),
    ],
)
def test_logs_lie_in_the_data_folder(
    place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, logs: str
):
    monkeypatch.delenv("DATA_DIR", raising=False)
    place.env_file.write_text(line)
    assert place.logs == tmp_path / logs


def test_what_cannot_be_written_is_named_in_a_sentence(
    place: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def read_only(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system", "/opt/llm-ui/.env")

    monkeypatch.setattr(cli, "_set_up", read_only)
    assert cli.main(place, ["migrate"]) == 1
    said = capsys.readouterr().err
    assert said == "Could not access /opt/llm-ui/.env: Read-only file system.\n"


# --- the order of things ----------------------------------------------------------------


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the verbs do, without doing it."""
    done: list[str] = []

    def prepared(_place: Installation, *, migrate: bool, **_: Any) -> Facts:
        done.append("migrate" if migrate else "check")
        return Facts(3000, 5.0, None, redis=False)

    def ran(*_: Any, host: str, **__: Any) -> int:
        done.append(f"run on {host}")
        return 0

    monkeypatch.setattr(cli, "_set_up", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(cli, "call", lambda _place, *words, **_: done.append(words[2]) or 0)
    monkeypatch.setattr(start, "prepare", prepared)
    monkeypatch.setattr(start, "require_free_port", lambda *_: None)
    monkeypatch.setattr(start, "run_production", ran)
    monkeypatch.setattr(frontend, "ensure_built", lambda _: done.append("build"))
    monkeypatch.setattr(frontend, "is_built", lambda _: False)
    monkeypatch.delenv("HOST", raising=False)
    return done


def test_the_frontend_is_built_before_the_database_is_migrated(
    place: Installation, steps: list[str]
):
    assert cli.main(place, ["run", "--no-open"]) == 0
    assert steps == ["check", "build", "migrate", "run on 0.0.0.0"]


def test_a_build_that_fails_leaves_the_database_as_it_is(
    place: Installation, steps: list[str], monkeypatch: pytest.MonkeyPatch
):
    def failing(_: Installation) -> None:
        raise StepFailed("no network")

    monkeypatch.setattr(frontend, "ensure_built", failing)
    assert cli.main(place, ["setup"]) == 1
    assert steps == ["check"]


def test_a_backup_migrates_nothing(place: Installation, steps: list[str]):
    assert cli.main(place, ["backup"]) == 0
    assert "migrate" not in steps


def test_where_to_listen_is_a_setting_and_an_option(place: Installation, steps: list[str]):
    place.env_file.write_text("HOST=127.0.0.1\n")
    cli.main(place, ["run", "--no-open"])
    cli.main(place, ["run", "--no-open", "--host", "10.0.0.1"])
    assert [each for each in steps if "run on" in each] == ["run on 127.0.0.1", "run on 10.0.0.1"]


# --- workers that die -------------------------------------------------------------------


def test_a_worker_that_dies_again_and_again_is_started_with_longer_and_longer_pauses(
    monkeypatch: pytest.MonkeyPatch,
):
    clock = [1000.0]
    monkeypatch.setattr(serve.time, "monotonic", lambda: clock[0])
    deaths = serve.Deaths()
    pauses = [deaths.pause() for _ in range(12)]
    assert pauses[:3] == [0, 0, 0]
    assert pauses[3:] == sorted(pauses[3:])
    assert 0 < pauses[3] <= 1
    assert pauses[-1] == serve.LONGEST_PAUSE_S
    clock[0] += 61
    assert deaths.pause() == 0


@pytest.mark.parametrize("has_been_up", [True, False])
def test_the_server_gives_up_only_when_no_worker_has_ever_come_up(
    monkeypatch: pytest.MonkeyPatch, has_been_up: bool
):
    monkeypatch.setenv(serve.UP, "")
    server = serve.server("127.0.0.1", 0, workers=2, grace=1)
    note = Path(os.environ[serve.UP])
    if has_been_up:
        note.touch()

    def respawn(self: Any, workers: list[int], *_: Any) -> None:
        self.respawned_wrks.update(dict.fromkeys(workers, 1.0))

    monkeypatch.setattr(serve.Server, "_respawn_workers", respawn)
    server._respawn_workers([0], None, None)
    # By what is noted there Granian takes two deaths in a row for a loop, and exits.
    assert bool(server.respawned_wrks) is not has_been_up
    note.unlink(missing_ok=True)


# --- the first account ------------------------------------------------------------------


def told(known: Facts, capsys: pytest.CaptureFixture[str]) -> str:
    start.announce(known, open_browser=False)
    return capsys.readouterr().out


def test_the_start_shows_the_link_to_the_first_account(capsys: pytest.CaptureFixture[str]):
    local = Facts(3000, 5.0, None, redis=False, setup="abc")
    assert "http://localhost:3000/setup#abc" in told(local, capsys)
    public = Facts(3000, 5.0, "https://chat.example.org", redis=False, setup="abc")
    assert "https://chat.example.org/setup#abc" in told(public, capsys)


def test_and_none_once_somebody_has_an_account(capsys: pytest.CaptureFixture[str]):
    assert "setup" not in told(Facts(3000, 5.0, None, redis=False), capsys)


def test_the_link_is_told_to_the_starter_until_somebody_has_an_account(
    tmp_path: Path, sqlite_template: Path, settings_env: Any
):
    shutil.copy(sqlite_template, tmp_path / "llm_ui.db")
    settings_env("DATA_DIR", str(tmp_path))
    settings = get_settings()
    assert not list(startup_warnings.strange_data(settings))
    token = startup_warnings.setup_token(settings)
    mark = (tmp_path / startup_warnings.ID_FILE).read_text().strip()
    assert token == registration_policy.setup_token(settings.secret_keys[0], mark)
    assert token != registration_policy.setup_token(settings.secret_keys[0], "another database")
    asyncio.run(create("alice@example.org", "Alice", PASSWORD))
    assert startup_warnings.setup_token(settings) == ""


@pytest.mark.parametrize(
    ("url", "hops", "is_warned"),
    [
        ("https://chat.example.org", "0", True),
        ("https://chat.example.org", "1", False),
        ("http://server:3000", "0", False),
        ("", "0", False),
    ],
)
def test_a_proxy_that_nobody_told_of_is_noticed(settings_env: Any, url, hops, is_warned):
    settings_env("PUBLIC_URL", url)
    settings_env("TRUSTED_PROXIES", hops)
    assert bool(list(startup_warnings.untold_proxy(get_settings()))) is is_warned


# --- administrators ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["create-admin", "--email", "a@b.c"],
        ["create-admin", "--email", "a@b.c", "--promote", "--username", "A"],
        ["create-admin", "--email", "a@b.c", "--promote", "--password", PASSWORD],
    ],
)
def test_create_admin_wants_a_new_name_or_an_account_that_there_is(
    place: Installation, steps: list[str], arguments: list[str]
):
    assert cli.main(place, arguments) == 2
    assert steps == []


def test_the_command_line_makes_promotes_and_helps(
    place: Installation, steps: list[str], monkeypatch: pytest.MonkeyPatch
):
    said: list[tuple[tuple[str, ...], dict[str, str]]] = []
    monkeypatch.setattr(cli, "call", lambda _, *words, **env: said.append((words[2:], env)) or 0)
    who = ["--email", "a@b.c"]
    assert cli.main(place, ["create-admin", *who, "--username", "A", "--password", "p"]) == 0
    assert cli.main(place, ["create-admin", *who, "--promote"]) == 0
    assert cli.main(place, ["reset-password", *who, "--password", "p"]) == 0
    assert said == [
        (("create", *who, "--username", "A"), {"ADMIN_PASSWORD": "p"}),
        (("promote", *who), {}),
        (("reset-password", *who), {"NEW_PASSWORD": "p"}),
    ]
