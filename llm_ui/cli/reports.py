"""Verbs that query an installation, for people and, with --json, for programs.

They don't install, migrate or write anything first, so their output contains nothing else.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
from pathlib import Path
from typing import Any

from llm_ui import __version__
from llm_ui.cli import start
from llm_ui.cli.setup import env_file
from llm_ui.cli.setup.installation import Installation
from llm_ui.cli.setup.steps import StepFailed, say

INSIDE = "llm_ui.cli.reports_inside"


def users(place: Installation, options: argparse.Namespace) -> int:
    """List all accounts."""
    return _look(place, "users", *_json(options))


def keys(place: Installation, options: argparse.Namespace) -> int:
    """Create an API key for a user; it is shown only once."""
    wanted = ["--for", options.email, "--name", options.name, "--scopes", options.scopes]
    days = ["--never-expires"] if options.never_expires else []
    days += ["--days", str(options.days)] if options.days is not None else []
    return _look(place, "key", *wanted, *days, *_json(options))


def logs(place: Installation, options: argparse.Namespace) -> int:
    """Show the latest log entries, newest last."""
    narrowed = [
        part
        for name in ("level", "kind")
        if (value := getattr(options, name))
        for part in (f"--{name}", value)
    ]
    return _look(place, "logs", "--lines", str(options.lines), *narrowed, *_json(options))


def config(place: Installation, options: argparse.Namespace) -> int:
    """Check the settings in .env and the environment; secrets are not shown."""
    return _look(place, "config", *_json(options))


def status(place: Installation, options: argparse.Namespace) -> int:
    """Show whether the app is running and ready; exits with 0 only if it is."""
    port, code, answer = _found(place, options.port)
    free = shutil.disk_usage(_existing(place.data)).free
    told = {
        "version": __version__,
        "address": f"http://localhost:{port}",
        "running": code is not None,
        "ready": code == 200,
        "checks": answer.get("checks", {}),
        "data": str(place.data),
        "free_bytes": free,
    }
    if options.json:
        say(json.dumps(told, indent=2))
        return int(not told["ready"])
    say(f"LLM UI {__version__}, {told['address']}")
    if code is None:
        say(f"LLM UI is not running. Start it with: {place.command} run")
        say("If it is running on another port, use --port.")
    elif told["ready"]:
        say("LLM UI is running and ready.")
    else:
        away = [f"{name}: {found}" for name, found in told["checks"].items() if found != "ok"]
        failed = f"LLM UI is running, but not ready ({', '.join(away)})."
        say(failed if away else "Another program is responding on this port.")
    say(f"Data: {place.data} ({free / 10**9:.1f} GB free)")
    return int(not told["ready"])


def _port(place: Installation) -> int:
    given = env_file.setting(place.env_file, "PORT") or ""
    return int(given) if given.isdigit() else 3000


def _found(place: Installation, given: int | None) -> tuple[int, int | None, dict[str, Any]]:
    """The server's port and its response. The port is the given one, else that of the server that
    was started last, else the one in the settings."""
    ports = [given] if given else [start.noted_port(place), _port(place)]
    known = [each for each in dict.fromkeys(ports) if each]
    for port in known:
        code, answer = _asked(port)
        if code is not None:
            return port, code, answer
    return known[-1], None, {}


def _asked(port: int) -> tuple[int | None, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", start.READY_PATH)
        answer = connection.getresponse()
        body = answer.read(100_000)
    except (OSError, http.client.HTTPException):
        return None, {}
    finally:
        connection.close()
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return (answer.status, found) if isinstance(found, dict) else (0, {})


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _json(options: argparse.Namespace) -> list[str]:
    return ["--json"] if options.json else []


def _look(place: Installation, *arguments: str) -> int:
    from llm_ui.cli.main import call

    if not place.python.exists():
        raise StepFailed(f"LLM UI is not set up yet. Run: {place.command} setup")
    return call(place, "-m", INSIDE, *arguments)


def add_options(name: str, parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb with this name."""
    if name in ("keys", "config"):
        what, summary = {
            "keys": ("create", "create a key; it is shown only once"),
            "config": ("check", "check all settings"),
        }[name]
        inner = parser.add_subparsers(dest="what", required=True, metavar=what)
        parser = inner.add_parser(what, help=summary, description=summary)
    if name == "keys":
        parser.add_argument(
            "--for", dest="email", required=True, metavar="EMAIL", help="email address of the owner"
        )
        parser.add_argument("--name", default="Created on the command line", help="name of the key")
        scopes = "scopes, from read,chat,admin (default: read,chat)"
        parser.add_argument("--scopes", default="read,chat", help=scopes)
        parser.add_argument("--days", type=int, help="days until it expires (default: 90)")
        parser.add_argument(
            "--never-expires", action="store_true", help="create a key that does not expire"
        )
    if name == "logs":
        parser.add_argument(
            "--lines", type=_lines, default=20, help="number of entries (default: 20)"
        )
        levels = ("info", "warning", "error")
        parser.add_argument("--level", choices=levels, help="only this level")
        parser.add_argument("--kind", help="only this type or group of types (admin, error, …)")
    if name == "status":
        parser.add_argument(
            "--port", type=int, help="port (default: the one LLM UI was started with)"
        )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def _lines(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid number of entries (1 to 10000)")
    return int(text)


VERBS = (status, users, keys, logs, config)
