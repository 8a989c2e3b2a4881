"""The real application as a server process, for tests and benchmarks: no frontend build,
a database and a data folder of its own, the scripted model server as its upstream."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from llm_ui.db import script_url
from llm_ui.services.accounts import registration_policy
from tests.states.client import COOKIE, Tab

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "correct horse battery"
SECRET = "a-secret-for-tests-only-0123456789abcdef"
# Of a database that bears no mark yet: the first account may be made through a proxy too.
SETUP_TOKEN = registration_policy.setup_token(SECRET.encode(), "")
UNTIL = "2999-01-01 00:00:00.000000"
NOWHERE = "http://127.0.0.1:9"
START_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Person:
    """Somebody signed in: the session's cookie and CSRF token."""

    name: str
    id: str
    cookie: str
    csrf: str


@contextmanager
def process(
    command: list[str], log: Path, env: dict[str, str], *, piped: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own, ended with all its children."""
    with log.open("w") as out:
        running = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE if piped else out,
            stderr=out,
            text=True,
            start_new_session=True,
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
            if running.stdout:
                running.stdout.close()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def model_server(folder: Path) -> Iterator[str]:
    """The scripted model server in its own process; gives its address."""
    command = [sys.executable, "-m", "tests.scripted", "--port", "0"]
    with process(command, folder / "models.log", dict(os.environ), piped=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()


class Server:
    """The running application, and a look behind it: its log, its database, its CPU time."""

    def __init__(self, url: str, database_url: str, log: Path, pid: int) -> None:
        self.url = url
        self.pid = pid
        self._log = log
        self.database = sa.create_engine(script_url(database_url))

    # --- people -----------------------------------------------------------------------

    def _enter(self, name: str, route: str, **more: str) -> Person:
        credentials = {"email": f"{name}@example.org", "password": PASSWORD, **more}
        answer = httpx.post(f"{self.url}/api/v1/auth/{route}", json=credentials, timeout=30)
        answer.raise_for_status()
        told = answer.json()
        # Nobody is asked for the password again, however long the tests take.
        self.confirmed(told["user"]["id"], UNTIL)
        return Person(name, told["user"]["id"], answer.cookies[COOKIE], told["csrf_token"])

    def register(self, name: str) -> Person:
        """A new account, signed in."""
        return self._enter(name, "register", username=name, setup_token=SETUP_TOKEN)

    def log_in(self, name: str) -> Person:
        """Another session of somebody's."""
        return self._enter(name, "login")

    def rest(self, person: Person, method: str, path: str, **body: Any) -> httpx.Response:
        """A REST call with somebody's cookie."""
        return httpx.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body or None,
            timeout=30,
            headers={"X-CSRF-Token": person.csrf, "Cookie": f"{COOKIE}={person.cookie}"},
        )

    def confirmed(self, user_id: str, moment: str | None) -> None:
        """When somebody last typed their password once more."""
        statement = "UPDATE authsession SET confirmed_at = :moment WHERE user_id = :user"
        self.execute(statement, moment=moment, user=user_id)

    def tab(self, person: Person | None = None, **options: Any) -> Tab:
        """A tab of somebody's browser, or a visitor's."""
        return Tab(self.url, cookie=person.cookie if person else "", **options)

    # --- behind the scenes --------------------------------------------------------------

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What a query of the database gives."""
        with self.database.connect() as connection:
            return list(connection.execute(sa.text(query), values).all())

    def execute(self, statement: str, **values: Any) -> None:
        """Change the database, behind the application's back."""
        with self.database.begin() as connection:
            connection.execute(sa.text(statement), values)

    def counts(self) -> dict[str, int]:
        """How many rows there are of what people make (a run's log grows by itself)."""
        names = ("user", "authsession", "chathistory", "chatmessage", "generation")
        return {name: self.rows(f'SELECT count(*) FROM "{name}"')[0][0] for name in names}

    def log(self) -> str:
        """What the server has logged so far."""
        return self._log.read_text()

    def workers(self) -> list[int]:
        """The processes that do the work."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children]

    def cpu_seconds(self) -> float:
        """CPU time of the process and its workers so far."""
        stats = [Path(f"/proc/{pid}/stat").read_text() for pid in (self.pid, *self.workers())]
        fields = [stat.rpartition(")")[2].split() for stat in stats]
        return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS


def environment(port: int, folder: Path, database_url: str, models: str) -> dict[str, str]:
    """What the process sees: nothing of the machine's own settings."""
    return {
        **os.environ,
        "SECRET_KEY": SECRET,
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": "",
        "PUBLIC_URL": "",
        "EXTRA_ORIGINS": "",
        "PORT": str(port),
        "LLM_API_URL": models,
        "OPENAI_BASE_URL": f"{models}/v1",
        "OPENAI_API_KEY": "a-key-for-tests",
        "OLLAMA_HOST": NOWHERE,
        "ANTHROPIC_API_KEY": "",
        # Sweeps send more in a minute than any person.
        "RATE_LIMIT": "0",
        "LOG_LEVEL": "INFO",
        "REFLEX_ENV_MODE": "prod",
        "__REFLEX_COMPILE_CONTEXT": "run",
        "__REFLEX_SKIP_COMPILE": "true",
        "REFLEX_FRONTEND_PORT": str(port),
        "REFLEX_BACKEND_PORT": str(port),
        "GRANIAN_WORKERS": "1",
    }


def _wait_until_ready(url: str, running: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and running.poll() is None:
        try:
            if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@contextmanager
def serve(
    folder: Path, database_url: str, models: str, *, workers: int = 1, **settings: str
) -> Iterator[Server]:
    """Run the application on a migrated database; `settings` are environment variables."""
    port, log = free_port(), folder / "server.log"
    url = f"http://localhost:{port}"
    code = (
        "from llm_ui.cli.serve import server; "
        f"server('127.0.0.1', {port}, workers={workers}, grace=2).serve()"
    )
    env = environment(port, folder, database_url, models)
    env |= {"GRANIAN_WORKERS": str(workers)} | settings
    with process([sys.executable, "-c", code], log, env) as running:
        _wait_until_ready(url, running, log)
        server = Server(url, database_url, log, running.pid)
        try:
            yield server
        finally:
            server.database.dispose()
