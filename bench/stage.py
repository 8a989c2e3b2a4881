"""The setup of every benchmark: a scripted upstream and the production server.

Each runs in a process of its own, on a free port, and the server has a private database; the
upstream's CPU time is measured separately, so that it is not attributed to the app.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from llm_ui.cli.serve import reflex_environment

ROOT = Path(__file__).resolve().parent.parent
READY_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD = "a password for benchmarks"


def free_port() -> int:
    """A port that is currently free."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        tasks = Path(f"/proc/{parent}/task")
        with contextlib.suppress(OSError):
            for task in tasks.iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_ms(pids: list[int]) -> float:
    """CPU time used by the processes so far, in ms."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) * 1000 / TICKS
    return total


def resident_mb(pids: list[int]) -> float:
    """Resident memory of the processes, in MB (shared pages count in each of them)."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total / 1024


def proportional_mb(pids: list[int]) -> float:
    """Proportional memory of the processes, in MB: shared pages count once in total."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


@dataclass
class Stage:
    """The running processes. `url` is the app's address, `upstream` the scripted server's."""

    url: str
    upstream: str
    upstream_pid: int
    data: Path
    env: dict[str, str]
    command: list[str]
    running: subprocess.Popen[str] | None = None

    @property
    def database_url(self) -> str:
        """The URL of the app's database."""
        return self.env["DATABASE_URL"] or f"sqlite:///{self.data / 'llm_ui.db'}"

    @property
    def server(self) -> list[int]:
        """The app's processes, without the model service."""
        assert self.running is not None
        found = family(self.running.pid)
        return [pid for pid in found if "llm_ui.llm_api" not in _command_of(pid)]

    @property
    def workers(self) -> list[int]:
        """The worker processes."""
        assert self.running is not None
        return [pid for pid in self.server if pid != self.running.pid]

    def start_server(self) -> None:
        """Start the app; `until_ready` waits for it.

        It ends with the thread that called this.
        """
        with (self.data / "server.log").open("a") as log:
            self.running = subprocess.Popen(
                self.command, cwd=ROOT, env=self.env, stdout=log, stderr=log, text=True
            )

    def until_ready(self) -> None:
        """Wait until the app answers. Raises TimeoutError."""
        _until_ready(self.url)

    def kill_server(self) -> None:
        """Kill the app at once, the parent and its workers."""
        assert self.running is not None
        for pid in self.server:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.running.wait()

    def stop_server(self) -> None:
        """Shut the app down in an orderly way."""
        if self.running is not None:
            _end(self.running)

    def log(self) -> str:
        """The app's log."""
        return (self.data / "server.log").read_text()

    def connections(self) -> list[dict[str, Any]]:
        """The connections that the upstream has seen, with their requests."""
        answer = httpx.get(f"{self.upstream}/__connections", timeout=60)
        found: list[dict[str, Any]] = answer.json()
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Every chat request that the upstream has seen, in order."""
        found: list[dict[str, Any]] = []
        for connection in self.connections():
            found += connection["requests"]
        return sorted(found, key=lambda each: each["started"])

    def people(self, count: int) -> list[str]:
        """Create accounts; returns the token of an open session for each."""
        command = [sys.executable, "-m", "bench.people", "--count", str(count)]
        made = subprocess.run(command, cwd=ROOT, env=self.env, check=True, capture_output=True)
        tokens: list[str] = json.loads(made.stdout)
        return tokens


def _command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


@contextlib.contextmanager
def _process(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            yield process
        finally:
            _end(process)


def _until_ready(url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{url} is not ready after {READY_S:.0f} s")


def _until_models(url: str, client: httpx.Client) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if client.get(f"{url}/api/v1/models").json()["items"]:
            return
        time.sleep(0.2)
    raise TimeoutError("the scripted models did not appear")


@contextlib.contextmanager
def floor(at: Stage) -> Iterator[tuple[str, int]]:
    """Run bench/floor.py on the stage's upstream; yields its address and its process id."""
    command = [sys.executable, "-m", "bench.floor", "--upstream", at.upstream]
    with _process(command, at.env, at.data / "floor.log") as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip(), running.pid


def _serve_command(port: int, workers: int, with_pages: bool) -> list[str]:
    if with_pages:
        command = [sys.executable, "-m", "llm_ui.cli.serve", "--port", str(port)]
        return [*command, "--workers", str(workers), "--with-parent"]
    code = (
        "from llm_ui.cli import serve; serve.end_with_parent(); "
        f"serve.server('127.0.0.1', {port}, workers={workers}, grace=2).serve()"
    )
    return [sys.executable, "-c", code]


@contextlib.contextmanager
def stage(
    *, workers: int = 1, database_url: str = "", redis_url: str = "", with_pages: bool = True
) -> Iterator[Stage]:
    """Start everything; the account `bench@example.org` exists when it is ready.

    Without pages, no frontend needs to be built; the websocket and REST work as usual.
    """
    with tempfile.TemporaryDirectory(prefix="llm-ui-bench-") as folder:
        data = Path(folder)
        env = os.environ | {"PYTHONUNBUFFERED": "1"}
        scripted = [sys.executable, "-m", "tests.scripted", "--port", "0"]
        with _process(scripted, env, data / "upstream.log") as upstream:
            assert upstream.stdout is not None
            address = upstream.stdout.readline().strip()
            port = free_port()
            env |= {
                "SECRET_KEY": secrets.token_urlsafe(48),
                "DATA_DIR": str(data),
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                "LLM_API_URL": address,
                "OPENAI_BASE_URL": f"{address}/v1",
                "OLLAMA_HOST": "http://127.0.0.1:9",
                "PORT": str(port),
                "LOG_LEVEL": "WARNING",
            }
            alembic = [sys.executable, "-m", "alembic", "upgrade", "head"]
            subprocess.run(alembic, cwd=ROOT, env=env, check=True, capture_output=True)
            if not with_pages:
                env |= reflex_environment(port, workers)
                del env["__REFLEX_MOUNT_FRONTEND_COMPILED_APP"]
            serve = _serve_command(port, workers, with_pages)
            at = Stage(f"http://localhost:{port}", address, upstream.pid, data, env, serve)
            try:
                at.start_server()
                at.until_ready()
                with httpx.Client() as client:
                    account = {
                        "email": "bench@example.org",
                        "username": "bench",
                        "password": PASSWORD,
                    }
                    client.post(f"{at.url}/api/v1/auth/register", json=account)
                    _until_models(at.url, client)
                yield at
            finally:
                at.stop_server()
