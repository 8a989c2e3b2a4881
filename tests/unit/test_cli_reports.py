"""What an installation is asked at the command line, and what programs get of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from llm_ui import auth
from llm_ui.cli import main as cli
from llm_ui.cli import reports, start
from llm_ui.cli.setup.installation import Installation
from llm_ui.db import start_database, stop_database, unit_of_work
from tests.conftest import ROOT, sign_up

KEY = "a-secret-for-questions-0123456789abcdef"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(sqlite_template: Path, tmp_path: Path, settings_env: Callable[[str, str], None]) -> Run:
    """Asks an installation with alice, its admin, and bob, as `dev.py` does."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(sqlite_template, data / "llm_ui.db")
    settings_env("SECRET_KEY", KEY)

    async def fill() -> None:
        start_database(f"sqlite:///{data / 'llm_ui.db'}")
        try:
            for name in ("alice", "bob"):
                await sign_up(name)
        finally:
            await stop_database()

    asyncio.run(fill())
    env = {**os.environ, "DATA_DIR": str(data), "SECRET_KEY": KEY, "DATABASE_URL": ""}

    def asked(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "llm_ui.cli.reports_inside", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=env | settings, capture_output=True, text=True, check=False
        )

    return asked


def test_users_are_listed_for_people_and_for_programs(run: Run) -> None:
    lines = run("users").stdout.splitlines()
    assert lines[0].split() == ["Email", "Name", "Role", "Status", "Last", "active"]
    assert [line.split()[:4] for line in lines[1:]] == [
        ["alice@example.org", "alice", "admin", "active"],
        ["bob@example.org", "bob", "user", "active"],
    ]
    told = json.loads(run("users", "--json").stdout)
    assert [(each["email"], each["role"], each["chats"]) for each in told] == [
        ("alice@example.org", "admin", 0),
        ("bob@example.org", "user", 0),
    ]


async def opened(data: Path, key: str) -> auth.Actor | None:
    start_database(f"sqlite:///{data / 'llm_ui.db'}")
    try:
        async with unit_of_work() as session:
            return await auth.resolve_key(session, key)
    finally:
        await stop_database()


def test_a_key_is_made_without_a_page_and_shown_once(run: Run, tmp_path: Path) -> None:
    wanted = ("key", "--for", "Alice@example.org", "--name", "CI", "--scopes", "read, admin")
    done = run(*wanted)
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    assert key.startswith("llmui_")
    assert "alice@example.org (read, admin). It will not be shown again" in done.stderr
    actor = asyncio.run(opened(tmp_path / "data", key))
    assert actor is not None
    assert (actor.email, actor.scopes) == ("alice@example.org", frozenset({"read", "admin"}))
    told = json.loads(run(*wanted, "--days", "7", "--json").stdout)
    assert told["key"].startswith(told["prefix"])
    assert told["expires_at"]
    assert told["last_used"] is told["owner"] is None
    # That it was made stands in the log, what it is does not.
    logged = run("logs", "--kind", "key", "--json").stdout
    assert len(json.loads(logged)) == 2
    assert key not in logged
    assert told["key"] not in logged


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            ("--for", "nobody@example.org", "--scopes", "read"),
            "no enabled account with the email address nobody@",
        ),
        (
            ("--for", "bob@example.org", "--scopes", "admin"),
            "bob@example.org is not an administrator",
        ),
        (("--for", "bob@example.org", "--scopes", "write"), "read, chat, admin"),
        (("--for", "bob@example.org", "--scopes", "read", "--days", "0"), "days"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_a_sentence(
    run: Run, wanted: tuple[str, ...], said: str
) -> None:
    done = run("key", "--name", "x", *wanted)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_log_is_shown_with_its_newest_row_at_the_end(run: Run) -> None:
    rows = json.loads(run("logs", "--json").stdout)
    assert rows[-1]["log_type"] == "account.registered"
    assert rows == sorted(rows, key=lambda each: each["created_at"])
    assert json.loads(run("logs", "--lines", "1", "--json").stdout) == rows[-1:]
    assert json.loads(run("logs", "--level", "error", "--json").stdout) == []
    lines = run("logs").stdout.splitlines()
    assert len(lines) == len(rows)
    assert "info" in lines[-1]
    assert "bob" in lines[-1]


def test_settings_are_checked_and_no_secret_is_shown(run: Run) -> None:
    url = "postgresql://somebody:hunter2@db.example.org/llm_ui"
    done = run("config", "--json", DATABASE_URL=url, OPENAI_API_KEY="sk-hidden", PORT="4000")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["settings"]["PORT"]) == (0, True, 4000)
    assert told["settings"]["SECRET_KEY"] == told["settings"]["OPENAI_API_KEY"] == "(set)"
    assert told["settings"]["DATABASE_URL"] == url.replace("hunter2", "***")
    people = run("config", DATABASE_URL=url)
    assert people.stdout.endswith("All settings are valid.\n")
    for shown in (done.stdout, people.stdout):
        assert not [each for each in ("hunter2", "sk-hidden", KEY) if each in shown]
    wrong = run("config", "--json", LOG_LEVEL="loud")
    assert wrong.returncode == 2
    assert "LOG_LEVEL" in json.loads(wrong.stdout)["problem"]
    assert "must be one of" in run("config", LOG_LEVEL="loud").stderr


@pytest.mark.parametrize("verb", ["users", "logs"])
def test_where_there_is_no_database_a_sentence_says_so(run: Run, tmp_path: Path, verb: str) -> None:
    done = run(verb, "--json", DATA_DIR=str(tmp_path / "nothing"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no LLM UI database" in done.stderr
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "llm_ui.db").touch()
    assert "no LLM UI tables yet" in run(verb, DATA_DIR=str(tmp_path / "other")).stderr
    assert not (tmp_path / "nothing").exists()


# --- as somebody types them -----------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return Installation(tmp_path, Path(sys.executable), own_venv=True, command="python3 dev.py")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def called(_: Installation, *arguments: str, **__: str) -> int:
        found.append(arguments[2:])
        return 0

    monkeypatch.setattr(cli, "call", called)
    monkeypatch.setattr(cli, "_set_up", None)
    return found


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("users --json", "users --json"),
        ("logs --lines 5 --level error", "logs --lines 5 --level error"),
        ("config check", "config"),
        ("config check --json", "config --json"),
        (
            "keys create --for a@b.c --name n --days 3 --json",
            "key --for a@b.c --name n --scopes read,chat --days 3 --json",
        ),
        (
            "keys create --for a@b.c --name n --never-expires",
            "key --for a@b.c --name n --scopes read,chat --never-expires",
        ),
    ],
)
def test_verbs_that_ask_install_and_migrate_nothing(
    place: Installation, calls: list[tuple[str, ...]], typed: str, asked: str
) -> None:
    assert cli.main(place, typed.split()) == 0
    assert calls == [tuple(asked.split())]
    assert not list(place.home.iterdir())


def test_before_the_set_up_a_sentence_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Installation(
        tmp_path, tmp_path / ".venv/bin/python", own_venv=True, command="python3 dev.py"
    )
    assert cli.main(place, ["users"]) == 1
    assert capsys.readouterr().err == "LLM UI is not set up yet. Run: python3 dev.py setup\n"


@pytest.fixture
def server() -> Iterator[tuple[int, dict[str, Any]]]:
    """Something that answers at a port as the app does, as the test says."""
    answer: dict[str, Any] = {"status": 200, "body": {"status": "ok", "checks": {"disk": "ok"}}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == start.READY_PATH
            body = json.dumps(answer["body"]).encode()
            self.send_response(answer["status"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made.server_port, answer
        made.shutdown()
        thread.join()


def test_the_status_says_whether_it_runs_and_is_ready(
    place: Installation, server: tuple[int, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    port, answer = server

    def status(*arguments: str, port: int = port) -> tuple[int, str]:
        code = cli.main(place, ["status", "--port", str(port), *arguments])
        return code, capsys.readouterr().out

    assert status()[0] == 0
    assert "LLM UI is running and ready." in status()[1]
    answer["status"], answer["body"]["checks"]["database"] = 503, "down"
    code, shown = status()
    assert (code, "not ready (database: down)" in shown) == (1, True)
    code, shown = status("--json")
    told = json.loads(shown)
    assert (code, told["running"], told["ready"]) == (1, True, False)
    assert told["checks"] == {"disk": "ok", "database": "down"}
    answer["body"] = ["another program"]
    assert "Another program is responding" in status()[1]
    code, shown = status(port=start.free_port())
    assert (code, "LLM UI is not running. Start it with: python3 dev.py run" in shown) == (1, True)
    assert "--port" in shown


def test_the_status_finds_a_server_that_was_started_at_another_port(
    place: Installation, server: tuple[int, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    port, _ = server
    place.env_file.write_text(f"PORT={start.free_port()}\n")
    place.data.mkdir(parents=True, exist_ok=True)
    start._note_port(place, port)
    assert cli.main(place, ["status"]) == 0
    assert f"http://localhost:{port}" in capsys.readouterr().out
    # What a server that was killed has left behind is in nobody's way.
    start._note_port(place, start.free_port())
    place.env_file.write_text(f"PORT={port}\n")
    assert cli.main(place, ["status"]) == 0
    (place.data / start.PORT_FILE).write_text("nonsense")
    assert start.noted_port(place) is None


def test_the_status_finds_the_port_that_is_set(place: Installation) -> None:
    place.env_file.write_text("PORT=4321\n")
    assert reports._port(place) == 4321
