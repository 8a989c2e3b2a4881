"""PostgreSQL and Redis for the tests: named by the environment, already running, or started
privately.

Each is a context manager that returns a URL, or None if there is no way to get one. A private
server uses a temporary folder and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from llm_ui.cli.setup.installation import Installation, child_environment
from llm_ui.cli.setup.steps import say
from llm_ui.cli.start import free_port

POSTGRES_PORT = 5432
REDIS_PORT = 6379
START_TIMEOUT = 30.0
# The first databases of a running server may be in use.
REDIS_DATABASE = 15


@contextlib.contextmanager
def postgres(place: Installation) -> Iterator[str | None]:
    """A PostgreSQL URL with a user that may create databases."""
    named = os.environ.get("TEST_POSTGRES_URL")
    if named:
        yield named
        return
    usual = f"postgresql://postgres@127.0.0.1:{POSTGRES_PORT}/postgres"
    if listens(POSTGRES_PORT) and accepts(place, usual):
        with _scratch_database(place, usual, POSTGRES_PORT) as url:
            yield url
        return
    programs = newest_postgres()
    if programs is None:
        yield None
        return
    with _private_postgres(programs) as port:
        own = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        with _scratch_database(place, own, port) as url:
            yield url


@contextlib.contextmanager
def redis(_place: Installation) -> Iterator[str | None]:
    """A Redis URL."""
    named = os.environ.get("TEST_REDIS_URL")
    if named:
        yield named
        return
    if redis_answers(REDIS_PORT):
        yield f"redis://127.0.0.1:{REDIS_PORT}/{REDIS_DATABASE}"
        return
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        yield None
        return
    with _private_redis(server) as port:
        yield f"redis://127.0.0.1:{port}/0"


def listens(port: int) -> bool:
    """Whether a port of this machine is in use."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False


def redis_answers(port: int) -> bool:
    """Whether a Redis without a password is running there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _sql(place: Installation, url: str, statement: str) -> bool:
    code = (
        "import sys, psycopg\n"
        "try:\n"
        "    with psycopg.connect(sys.argv[1], connect_timeout=3, autocommit=True) as c:\n"
        "        c.execute(sys.argv[2])\n"
        "except psycopg.Error as error:\n"
        "    sys.exit(str(error))\n"
    )
    result = subprocess.run(
        [str(place.python), "-c", code, url, statement],
        env=child_environment(place),
        capture_output=True,
        check=False,
    )
    return result.returncode == 0


def accepts(place: Installation, url: str) -> bool:
    """Whether a PostgreSQL server accepts a connection."""
    return _sql(place, url, "SELECT 1")


@contextlib.contextmanager
def _scratch_database(place: Installation, url: str, port: int) -> Iterator[str | None]:
    name = f"llm_ui_test_{os.getpid()}"
    if not _sql(place, url, f'CREATE DATABASE "{name}"'):
        say("PostgreSQL is running but does not allow creating a database.")
        yield None
        return
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
    finally:
        _sql(place, url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def newest_postgres(base: Path = Path("/usr/lib/postgresql")) -> Path | None:
    """The folder with initdb and postgres: Debian keeps them off the PATH, one folder per
    version."""
    versions = [p for p in base.glob("*/bin") if (p / "initdb").exists()]
    if versions:
        return max(versions, key=lambda p: int(re.sub(r"\D", "", p.parent.name) or 0))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def unprivileged_user() -> str | None:
    """The user to run PostgreSQL as, because it refuses to run as root. None means the current
    user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


@contextlib.contextmanager
def _folder(owner: str | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="llm-ui-test-"))
    try:
        if owner:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(command: Sequence[str], folder: Path, user: str | None) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, what: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not listens(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"A temporary {what} did not start within {START_TIMEOUT:.0f} s.")
        time.sleep(0.1)


@contextlib.contextmanager
def _private_postgres(programs: Path) -> Iterator[int]:
    user = unprivileged_user()
    port = free_port()
    with _folder(user) as folder:
        data = folder / "db"
        subprocess.run(
            [
                str(programs / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
            cwd=folder,
            user=user,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            # The database is discarded afterwards, so it need not survive a crash.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with _server(command, folder, user):
            _wait_for(port, "PostgreSQL")
            yield port


@contextlib.contextmanager
def _private_redis(server: str) -> Iterator[int]:
    port = free_port()
    with _folder(None) as folder:
        command = [
            server,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ]
        with _server(command, folder, None):
            _wait_for(port, "Redis")
            yield port
