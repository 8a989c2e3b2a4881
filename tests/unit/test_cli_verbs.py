"""The command line: its options, its sentences, what it finds and what it leaves behind."""

import argparse
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import ROWS
from llm_ui import __version__
from llm_ui.cli import doctor, options, start
from llm_ui.cli import main as cli
from llm_ui.cli.development import databases, suite
from llm_ui.cli.setup import install
from llm_ui.cli.setup.install import pip_spotlight
from llm_ui.cli.setup.installation import Installation, child_environment, fill
from llm_ui.cli.setup.steps import StepFailed, run_step, seconds
from llm_ui.config import load_settings
from llm_ui.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A place whose environment is the one of the tests."""
    (tmp_path / ".env").write_text("SECRET_KEY=" + "x" * 40)
    return Installation(tmp_path, Path(sys.executable), own_venv=True, command="python3 dev.py")


def test_dev_py_needs_nothing_that_is_installed() -> None:
    code = "import sys; sys.argv = ['dev.py', '--help']; import runpy; runpy.run_path('dev.py')"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=ROOT, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode()


def test_run_takes_its_options(place: Installation) -> None:
    options = cli.parse(place, ["run", "--port", "4000", "--no-open", "--workers", "2"])
    assert (options.port, options.no_open, options.workers) == (4000, True, 2)


def test_test_hands_its_arguments_on(place: Installation) -> None:
    options = cli.parse(place, ["test", "tests/unit", "-k", "stamp", "-x"])
    assert options.arguments == ["tests/unit", "-k", "stamp", "-x"]


def test_soak_hands_its_arguments_on(place: Installation) -> None:
    options = cli.parse(place, ["soak", "--only", "kills", "--kills", "3", "--workers=1"])
    assert options.arguments == ["--only", "kills", "--kills", "3", "--workers=1"]


@pytest.mark.parametrize("arguments", [[], ["--workers", "2"], ["--kills", "1"]])
def test_a_soak_of_two_workers_needs_both_databases(
    place: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(cli, "_set_up", lambda _place, **_options: None)
    monkeypatch.setattr(start, "prepare", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(start, "handle_signals", lambda: None)
    for name in ("postgres", "redis"):
        monkeypatch.setattr(databases, name, lambda _place: contextlib.nullcontext(None))
    assert cli.main(place, ["soak", *arguments]) == 1
    assert "`--workers 1` needs neither" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run", "--prot", "1"], ["run", "--port", "0"], ["what"]])
def test_wrong_options_are_refused(place: Installation, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.parse(place, arguments)
    assert raised.value.code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["bench", "--nonsense"],
        ["bench", "--only", "nothing"],
        ["soak", "--only", "x"],
        ["test", "--nonsense"],
        ["test", "tests/unit", "--nonsense", "tests/api"],
        ["llm-api", "--prot", "1"],
        ["screens", "--theme", "pink"],
        ["prices", "x"],
        ["keys", "make"],
        ["config"],
        ["logs", "--lines", "0"],
        ["users", "bob"],
    ],
)
def test_unknown_options_are_refused_before_anything_is_installed(
    place: Installation, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    def installed(*_: object, **__: object) -> None:
        raise AssertionError("something was installed")

    monkeypatch.setattr(cli, "_set_up", installed)
    with pytest.raises(SystemExit) as raised:
        cli.main(place, arguments)
    assert raised.value.code == 2


def test_pytest_gets_what_stands_behind_two_dashes_and_paths_anywhere(place: Installation) -> None:
    given = ["test", "-x", "tests/unit", "-k", "a", "tests/api", "--", "--setup-show"]
    assert cli.parse(place, given).arguments == [
        "-x",
        "tests/unit",
        "-k",
        "a",
        "tests/api",
        "--setup-show",
    ]


def test_without_a_verb_there_is_the_list_of_them(
    place: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(place, [])
    assert raised.value.code == 2
    shown = capsys.readouterr().err
    assert "Start the app in production mode" in shown
    assert "List all accounts." in shown


def test_the_version_is_told(place: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(place, ["--version"])
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"LLM UI {__version__}\n"


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("bench", {"--only", "--quick", "--profile", "--json"}),
        ("test", {"-k", "-x", "--lf"}),
        ("soak", {"--kills", "--workers", "--seed"}),
        ("llm-api", {"--port", "--model", "--slots"}),
        ("restore", {"--other-key"}),
        ("screens", {"--theme"}),
    ],
)
def test_the_help_of_a_verb_tells_its_options(
    place: Installation, capsys: pytest.CaptureFixture[str], verb: str, options: set[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(place, [verb, "--help"])
    shown = capsys.readouterr().out
    assert not [each for each in options if each not in shown]


def options_in(shown: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown.partition("options:")[2]))


@pytest.mark.parametrize(
    ("verb", "module"),
    [
        ("llm_api", "llm_ui.llm_api"),
        ("soak", "bench.soak"),
        ("screens", "tests.e2e.screens"),
        ("bench", "bench"),
    ],
)
def test_the_options_that_are_told_are_those_of_the_program(verb: str, module: str) -> None:
    parser = argparse.ArgumentParser()
    options.ADD[verb](parser)
    asked = [sys.executable, "-m", module, "--help"]
    program = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert options_in(parser.format_help()) == options_in(program.stdout)


def test_what_the_quick_tests_leave_out_is_there() -> None:
    assert [file for file in suite.SLOW if not (ROOT / file).is_file()] == []


def test_the_rows_that_are_told_are_those_of_the_benchmark() -> None:
    assert tuple(ROWS) == options.BENCH_ROWS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restore", "nofile.zip"], r"There is no backup nofile\.zip\. .*data/backups"),
        (["restore", "."], r"There is no backup \."),
        (
            ["backup", "--out", "/no/such/folder/x.zip"],
            r"The folder /no/such/folder does not exist",
        ),
        (["backup", "--out", "."], r"\. is a folder\. Specify a file in it"),
        (["backup", "--out", __file__], r"test_cli_verbs\.py already exists\. Choose another"),
    ],
)
def test_where_a_backup_is_or_goes_is_looked_at_first(
    place: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(cli, "_set_up", None)
    assert cli.main(place, arguments) == 2
    assert re.search(said, capsys.readouterr().err)


def test_an_installed_package_has_the_verbs_of_a_user_only(tmp_path: Path) -> None:
    place = Installation(tmp_path, Path(sys.executable), own_venv=False, command="llm-ui")
    assert cli.parse(place, ["doctor"]).verb == "doctor"
    with pytest.raises(SystemExit):
        cli.parse(place, ["check"])


def test_workers_must_be_a_number(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "many")
    with pytest.raises(StepFailed, match=r"WORKERS must be a whole number .*, not 'many'"):
        cli.number(place, "WORKERS", 1)


def test_several_workers_need_redis(
    place: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = start.Facts(port=1, grace=1.0, public_url=None, redis=False)
    monkeypatch.setattr(cli, "_set_up", lambda _place: None)
    monkeypatch.setattr(start, "prepare", lambda *_args, **_kwargs: facts)
    port = str(start.free_port())
    assert cli.main(place, ["run", "--workers", "2", "--port", port]) == 2
    assert capsys.readouterr().err == "WORKERS is 2, but more than one worker requires REDIS_URL.\n"


def prepared(place: Installation, monkeypatch: pytest.MonkeyPatch) -> start.Facts:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("SECRET_KEY", "PORT", "DATABASE_URL", "DATA_DIR", "LOG_LEVEL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return start.prepare(place, migrate=False)


def test_right_settings_give_the_facts(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (place.home / ".env").open("a") as file:
        file.write("\nPORT=4123\nSHUTDOWN_GRACE=2\n")
    expected = start.Facts(port=4123, grace=2.0, public_url=None, redis=False)
    assert prepared(place, monkeypatch) == expected


def test_a_wrong_setting_stops_with_its_sentence(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (place.home / ".env").open("a") as file:
        file.write("\nLOG_LEVEL=loud\n")
    with pytest.raises(StepFailed, match=r"LOG_LEVEL must be one of .*, not 'LOUD'") as raised:
        prepared(place, monkeypatch)
    assert raised.value.code == 2
    assert "Traceback" not in str(raised.value)


def test_a_data_folder_that_cannot_be_made_is_named(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.home / "file").touch()
    with (place.home / ".env").open("a") as file:
        file.write("\nDATA_DIR=file/below\n")
    with pytest.raises(StepFailed, match=r"DATA_DIR .* could not be created"):
        prepared(place, monkeypatch)


def test_the_doctor_looks_at_the_data_folder_that_is_set(
    place: Installation, tmp_path: Path
) -> None:
    place.env_file.write_text(f"DATA_DIR={tmp_path / 'elsewhere' / 'data'}\n")
    (found,) = [each for each in doctor._room(place) if each.name == "data folder"]
    assert (found.state, found.shown) == ("good", str(tmp_path / "elsewhere" / "data"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PORT": "many"}, "PORT must be a whole number, not 'many'."),
        ({"PORT": "0"}, "PORT must be at least 1, not '0'."),
        ({"SHUTDOWN_GRACE": "soon"}, "SHUTDOWN_GRACE must be a number, not 'soon'."),
    ],
)
def test_a_wrong_setting_says_what_is_accepted(
    given: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_settings()


def test_a_port_in_use_is_refused_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(
            StepFailed, match=f"Port {port} is already in use.* run --port {port + 1}"
        ):
            start.require_free_port(port, "python3 dev.py")
    start.require_free_port(start.free_port(), "python3 dev.py")


def test_nobody_answering_has_no_status() -> None:
    assert start.http_status(start.free_port(), "/") is None


def test_a_named_browser_is_used_and_a_wrong_name_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "my-chrome"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(browser))
    assert suite.find_browser() == str(browser)
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "gone"))
    assert suite.find_browser() is None


def test_a_browser_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "google-chrome"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert suite.find_browser() == str(browser)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], True),
        (["-x"], True),
        (["tests"], True),
        (["tests/e2e/test_chat.py::test_stop"], True),
        (["tests/unit"], False),
        (["tests/unit/test_a.py", "-k", "e2e"], False),
    ],
)
def test_only_browser_tests_need_a_browser(arguments: list[str], wanted: bool) -> None:
    assert suite.wants_browser(arguments) is wanted


def test_a_missing_part_is_said_here_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "")
    suite.missing_part("No Redis.")
    assert capsys.readouterr().out == "No Redis.\n"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(StepFailed, match="No Redis"):
        suite.missing_part("No Redis.")


def test_the_newest_postgres_is_chosen(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
    # 9.6 reads as 96 without its dot: whoever still has it has nothing newer.
    (tmp_path / "9.6" / "bin" / "initdb").unlink()
    assert databases.newest_postgres(tmp_path) == tmp_path / "17" / "bin"


def test_a_failing_step_shows_its_last_lines_and_advice(
    place: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; [print('line', n) for n in range(40)]; sys.exit(3)"
    log = place.logs / "step.log"
    with pytest.raises(StepFailed) as raised:
        run_step(
            "Doing it",
            [sys.executable, "-c", code],
            log=log,
            cwd=place.home,
            env=dict(os.environ),
            advice="Try again.",
        )
    text = str(raised.value)
    assert "Doing it failed" in text
    assert "line 39" in text
    assert "line 3\n" not in text
    assert "Try again." in text
    assert len(log.read_text().splitlines()) == 40
    assert capsys.readouterr().out.startswith("Doing it …")


def test_stopping_leaves_no_process_of_the_group_behind() -> None:
    # A parent that ignores politeness, with a child that would outlive it.
    code = (
        "import signal, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.stdout.readline()
    try:
        start.stop_group(process, grace=0.2, all_at_once=False)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert process.returncode == -signal.SIGKILL
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or ") Z " in state.read_text()


def test_a_home_that_cannot_be_written_is_replaced(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "")
    home = Path(child_environment(place)["HOME"])
    assert home.is_relative_to(place.home)
    assert home.is_dir()


def test_unfolding_keeps_what_a_person_wrote_and_renews_what_was_packed(tmp_path: Path) -> None:
    packed, home = tmp_path / "packed", tmp_path / "home"
    (packed / "alembic").mkdir(parents=True)
    (packed / "rxconfig.py").write_text("new")
    (packed / "alembic" / "env.py").write_text("env")
    home.mkdir()
    (home / "rxconfig.py").write_text("old")
    (home / ".env").write_text("SECRET_KEY=mine")
    (home / "alembic" / "versions").mkdir(parents=True)
    (home / "alembic" / "versions" / "dropped.py").touch()
    fill(packed, home)
    assert not (home / "alembic" / "versions" / "dropped.py").exists()
    assert (home / "rxconfig.py").read_text() == "new"
    assert (home / "alembic" / "env.py").read_text() == "env"
    assert (home / ".env").read_text() == "SECRET_KEY=mine"


def test_durations_and_sub_steps_read_well() -> None:
    assert seconds(3.44) == "3.4 s"
    assert seconds(75) == "1 min 15 s"
    assert pip_spotlight("Collecting reflex==0.10.1 (from -r x)") == "collecting reflex==0.10.1"
    assert pip_spotlight("  noise") is None


def test_a_python_without_venv_gets_a_sentence(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "can_make_venv", lambda: False)
    monkeypatch.setattr(install, "apt_install", lambda *_args: False)
    with pytest.raises(StepFailed, match="sudo apt-get install python3-venv"):
        install.ensure_venv(replace(place, python=place.home / ".venv" / "bin" / "python"))
