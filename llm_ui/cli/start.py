"""Preparing, starting, waiting until ready, stopping."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from llm_ui.cli.setup import env_file
from llm_ui.cli.setup.installation import Installation, child_environment
from llm_ui.cli.setup.steps import Progress, StepFailed, say

READY_PATH = "/health/ready"
# The file in the data folder with the port of the latest server, while it runs.
PORT_FILE = "port"
READY_TIMEOUT = 120.0
WRONG_SETTING = 2


class Stop(Exception):
    """This process was asked to stop."""


@dataclass(frozen=True)
class Facts:
    """The settings that the starter needs."""

    port: int
    grace: float
    public_url: str | None
    redis: bool
    # The token for the setup link, while there is no account.
    setup: str = ""
    warnings: list[str] = field(default_factory=list)


def prepare(
    place: Installation,
    *,
    migrate: bool,
    port: int | None = None,
    workers: int = 1,
    serves: bool = False,
) -> Facts:
    """Create a secret if there is none, check the settings, migrate the database, and print
    warnings.

    Args:
        serves: whether a server is started next, so that conflicts with others matter.

    Raises:
        StepFailed: a setting is invalid, or the migration failed.
    """
    if env_file.ensure_secret(place.env_file):
        say(f"Generated a new secret in {place.env_file.name}. Keep this file.")
    # A data folder that cannot be created or written is reported by the settings check.
    with contextlib.suppress(OSError):
        place.logs.mkdir(parents=True, exist_ok=True)
    log = place.logs / "prepare.log"
    extra = {} if port is None else {"PORT": str(port)}
    command = [str(place.python), "-m", "llm_ui.cli.prepare", "--workers", str(workers)]
    result = subprocess.run(
        [*command, *(["--migrate"] if migrate else []), *(["--serves"] if serves else [])],
        cwd=place.home,
        env=child_environment(place, **extra),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    with contextlib.suppress(OSError):
        log.write_text(result.stdout + result.stderr, encoding="utf-8")
    if result.returncode == WRONG_SETTING:
        raise StepFailed(result.stderr.strip(), code=WRONG_SETTING)
    if result.returncode:
        tail = "\n".join(f"    {line}" for line in result.stderr.strip().splitlines()[-8:])
        raise StepFailed(
            f"The database could not be prepared. Last lines of output:\n{tail}\nCheck that the "
            "server in DATABASE_URL is running and that this user has access, then try again.\n"
            f"Full log: {log}"
        )
    facts = Facts(**json.loads(result.stdout.strip().splitlines()[-1]))
    for each in facts.warnings:
        say(f"Note: {each}")
    return facts


def port_is_free(port: int) -> bool:
    """Whether a port of this machine is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - only to ask
        except (OSError, OverflowError):
            return False
    return True


def free_port() -> int:
    """A port that is currently free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def http_status(port: int, path: str, timeout: float = 2.0) -> int | None:
    """The status of a GET request, or None if there is no response.

    Implemented by hand because this process stays alive next to the server, and urllib would double
    its memory.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(request.encode())
            head = connection.recv(64).split(b" ", 2)
    except OSError:
        return None
    return int(head[1]) if len(head) > 1 and head[1].isdigit() else None


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise Stop


def handle_signals() -> None:
    """From now on, SIGTERM, SIGINT and SIGHUP raise Stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)


def stop_group(process: subprocess.Popen[bytes], grace: float, *, all_at_once: bool) -> None:
    """Stop a process and its children: first gracefully, then by force.

    Args:
        all_at_once: signal the whole group, like Ctrl+C in a terminal, instead of the leader first.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if process.poll() is None:
        if all_at_once:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            say("The server is taking too long to stop. Killing it.")
    # node and other children may outlive their parent.
    for number, pause in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 0.0)):
        deadline = time.monotonic() + pause
        try:
            os.killpg(process.pid, number)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.05)
        except (ProcessLookupError, PermissionError):
            break
    process.wait()


def wait_ready(process: subprocess.Popen[bytes], port: int, paths: Sequence[str]) -> None:
    """Wait until the server answers one of the paths with 200.

    Raises:
        StepFailed: it exited, or was not ready in time.
    """
    progress = Progress("Starting the server")
    while progress.elapsed < READY_TIMEOUT:
        progress.tick()
        if process.poll() is not None:
            progress.end("failed")
            raise StepFailed(
                "The server exited during startup; see the output above. Run `doctor` to check "
                "what may be missing."
            )
        if any(http_status(port, path) == 200 for path in paths):
            progress.end("done")
            return
        time.sleep(0.15)
    progress.end("failed")
    raise StepFailed(
        f"The server was not ready within {READY_TIMEOUT:.0f} s; see the output above."
    )


def can_open_browser() -> bool:
    """Whether there is a display to open a browser on."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform == "darwin" or bool(display)


def first_account(facts: Facts) -> str:
    """How to create the first account, whose owner manages everything."""
    address = facts.public_url or f"http://localhost:{facts.port}"
    elsewhere = "" if facts.public_url else " (replace localhost with this machine's address)"
    return (
        "There are no accounts yet. The first account becomes the administrator. Create it on "
        f"this machine, or from another one with this setup link{elsewhere}:\n"
        f"    {address}/setup#{facts.setup}"
    )


def announce(facts: Facts, *, open_browser: bool) -> None:
    """Print the app's address, and open it."""
    address = f"http://localhost:{facts.port}"
    say(f"LLM UI is ready at {address}")
    if facts.public_url:
        say(f"Public address: {facts.public_url}")
    if facts.setup:
        say(first_account(facts))
    say("Press Ctrl+C to stop it.")
    if open_browser and can_open_browser():
        webbrowser.open(address)


def supervise(
    command: Sequence[str | Path],
    place: Installation,
    facts: Facts,
    *,
    env: dict[str, str],
    open_browser: bool,
    ready_paths: Sequence[str],
    all_at_once: bool = False,
) -> int:
    """Run a server until it exits or this process is told to stop; leaves no processes behind.

    The server gets a session of its own, so that Ctrl+C reaches only this process, which stops the
    server in order: first the server itself, then its children.
    """
    handle_signals()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=place.home,
        env=env,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_ready(process, facts.port, ready_paths)
        _note_port(place, facts.port)
        announce(facts, open_browser=open_browser)
        code = process.wait()
    except Stop:
        say("\nStopping …")
        code = 0
    finally:
        if noted_port(place) == facts.port:
            with contextlib.suppress(OSError):
                (place.data / PORT_FILE).unlink(missing_ok=True)
        stop_group(process, grace=facts.grace + 5.0, all_at_once=all_at_once)
    return code


def _note_port(place: Installation, port: int) -> None:
    """Record the port for `status`, which otherwise uses the one in the settings."""
    with contextlib.suppress(OSError):
        (place.data / PORT_FILE).write_text(f"{port}\n")


def noted_port(place: Installation) -> int | None:
    """The port of the server started last here, unless it was stopped."""
    try:
        given = (place.data / PORT_FILE).read_text().strip()
    except (OSError, ValueError):
        return None
    return int(given) if given.isdecimal() and given.isascii() and len(given) <= 5 else None


def require_free_port(port: int, command: str) -> None:
    """Reject a port that is in use, suggesting another one.

    Raises:
        StepFailed: it is in use.
    """
    if not port_is_free(port):
        raise StepFailed(
            f"Port {port} is already in use, perhaps by LLM UI itself. Stop the program that uses "
            f"it, or choose another port: {command} run --port {port + 1}"
        )


def run_production(
    place: Installation, facts: Facts, *, workers: int, host: str, open_browser: bool
) -> int:
    """Run the web server on one port, and nothing else."""
    require_free_port(facts.port, place.command)
    command = [str(place.python), "-m", "llm_ui.cli.serve", "--with-parent"]
    options = {"--port": facts.port, "--workers": workers, "--host": host, "--grace": facts.grace}
    for name, value in options.items():
        command += [name, str(value)]
    # Two malloc arenas instead of eight per core: less memory, no measurable cost here.
    env = child_environment(place, PORT=str(facts.port), MALLOC_ARENA_MAX="2")
    return supervise(
        command, place, facts, env=env, open_browser=open_browser, ready_paths=(READY_PATH,)
    )


def run_development(place: Installation, facts: Facts, *, open_browser: bool) -> int:
    """Run `reflex run`: two ports, hot reload."""
    require_free_port(facts.port, place.command)
    return supervise(
        [place.python, "-m", "reflex", "run"],
        place,
        facts,
        env=child_environment(place, PORT=str(facts.port)),
        open_browser=open_browser,
        ready_paths=("/",),
        all_at_once=True,
    )
