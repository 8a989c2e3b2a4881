"""Things that go away and come back: a PostgreSQL of one's own, a locked or full SQLite; and
readers who note every character that they were shown meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from llm_ui.cli.development.databases import newest_postgres, unprivileged_user
from tests.states.client import COOKIE
from tests.states.served import Person, Server, free_port

START_S = 60.0
# A file that grows beyond this cannot be written while the disk is "full".
ROOM = 4096


class OwnPostgres:
    """A PostgreSQL that may be stopped, killed and frozen. None of it is shared."""

    def __init__(self, folder: Path) -> None:
        programs = newest_postgres()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not installed")
        self.port, self._programs, self._user = free_port(), programs, unprivileged_user()
        self._folder = folder
        self._data = folder / "db"
        if self._user:
            shutil.chown(folder, self._user)
        self._run(
            "initdb",
            "-D",
            str(self._data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder,
            user=self._user,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Come back; returns once it lets people in."""
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._folder)}
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(
            [str(self._programs / ready[0]), *ready[1:]], capture_output=True, check=False
        ).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError((self._folder / "server.log").read_text())
            time.sleep(0.1)

    def stop(self) -> None:
        """Go away at once, as in a crash; what was committed is kept."""
        if self._process is not None:
            self._signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def _signal(self, number: int) -> None:
        assert self._process is not None
        pid = self._process.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for child in (*map(int, children), pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, number)

    def freeze(self) -> None:
        """Keep every connection and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)


@contextlib.contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """One that runs, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="llm-ui-test-"))
    try:
        server = OwnPostgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """An SQLite file that another program writes to and does not let go."""
    holder = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


@contextlib.contextmanager
def full_disk(pids: list[int]) -> Iterator[None]:
    """No room for these processes: no file of theirs may grow."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@dataclass
class Shown:
    """A person who watches an answer over REST, comes back when the line is cut, and never
    forgets what they have read."""

    server: Server
    person: Person
    run_id: str
    text: str = ""
    state: str = ""
    # The longest that was shown at any moment: a worker that has it from the database only
    # may be a moment behind when somebody comes back.
    most: str = ""
    _thread: threading.Thread | None = None

    def start(self) -> Shown:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        deadline = time.monotonic() + 300
        while not self.state and time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError, socket.timeout):
                self._read_once()
            if not self.state:
                time.sleep(0.2)

    def _read_once(self) -> None:
        headers = {"Cookie": f"{COOKIE}={self.person.cookie}"}
        url = f"{self.server.url}/api/v1/runs/{self.run_id}/events"
        with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
            if answer.status_code != 200:
                return
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._take(name, json.loads(line.removeprefix("data: ")))

    def _take(self, name: str, data: dict[str, str]) -> None:
        if name == "snapshot":
            self.text = data["text"]
        elif name == "text":
            self.text += data["text"]
        elif name == "end":
            self.state = data["state"]
        self.most = max(self.most, self.text, key=len)

    def until(self, length: int) -> None:
        """Wait until so much has been shown."""
        deadline = time.monotonic() + 60
        while len(self.text) < length and not self.state:
            assert time.monotonic() < deadline, f"{len(self.text)} characters came"
            time.sleep(0.02)

    def join(self, seconds: float = 120) -> None:
        """Wait for the end."""
        assert self._thread is not None
        self._thread.join(seconds)
        assert self.state, f"no end after {seconds:.0f} s; {len(self.text)} characters came"


def ask(server: Server, person: Person, script: str) -> Shown:
    """Ask in a new chat, and watch."""
    model = server.rest(person, "GET", "/models").json()["items"][0]["id"]
    chat = server.rest(person, "POST", "/chats", model=model).json()["id"]
    answer = server.rest(person, "POST", f"/chats/{chat}/messages", content=script)
    answer.raise_for_status()
    return Shown(server, person, answer.json()["run_id"]).start()


def stored(server: Server, run_id: str) -> tuple[str, str, str]:
    """A run's state, its message's, and the text that is kept."""
    query = (
        "SELECT g.state, m.status, m.content FROM generation g "
        "JOIN chatmessage m ON m.id = g.message_id WHERE g.id = :run"
    )
    (row,) = server.rows(query, run=run_id)
    return row[0], row[1], row[2]
