"""The command line's verbs and their options."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from llm_ui import __version__
from llm_ui.cli import options as of_programs
from llm_ui.cli import reports
from llm_ui.cli.setup import env_file, private_files
from llm_ui.cli.setup.installation import Installation, child_environment, installed
from llm_ui.cli.setup.steps import StepFailed, complain, say

if TYPE_CHECKING:
    from llm_ui.cli.start import Facts

ANYWHERE = "0.0.0.0"  # noqa: S104 - origins are checked

Verb = Callable[[Installation, argparse.Namespace], int]


def _set_up(place: Installation, *, dev: bool = False) -> None:
    from llm_ui.cli.setup.install import ensure_environment

    ensure_environment(place, dev=dev)


def _require_free_port(place: Installation, options: argparse.Namespace) -> None:
    """Fail before minutes of work rather than after; the settings are checked later."""
    from llm_ui.cli import start

    start.require_free_port(options.port or number(place, "PORT", 3000), place.command)


def _build_then_migrate(
    place: Installation, port: int | None = None, workers: int = 1, *, serves: bool = False
) -> Facts:
    """Build first: if the build fails, the database keeps the previous version's schema."""
    from llm_ui.cli import start
    from llm_ui.cli.setup import frontend

    if not frontend.is_built(place):
        _need_redis(start.prepare(place, migrate=False, port=port), workers)
        frontend.ensure_built(place)
    facts = start.prepare(place, migrate=True, port=port, workers=workers, serves=serves)
    _need_redis(facts, workers)
    return facts


def _need_redis(facts: Facts, workers: int) -> None:
    if workers > 1 and not facts.redis:
        raise StepFailed(
            f"WORKERS is {workers}, but more than one worker requires REDIS_URL.", code=2
        )


def setup(place: Installation, _options: argparse.Namespace) -> int:
    """Install everything and build the frontend, so that `run` starts quickly."""
    _set_up(place)
    _build_then_migrate(place)
    say(f"Setup is complete. Start LLM UI with: {place.command} run")
    return 0


def run(place: Installation, options: argparse.Namespace) -> int:
    """Start the app in production mode, on one port; set up everything that is missing."""
    from llm_ui.cli import start

    _require_free_port(place, options)
    workers = options.workers or number(place, "WORKERS", 1)
    _set_up(place)
    facts = _build_then_migrate(place, port=options.port, workers=workers, serves=True)
    host = options.host or env_file.setting(place.env_file, "HOST") or ANYWHERE
    return start.run_production(
        place, facts, workers=workers, host=host, open_browser=not options.no_open
    )


def dev(place: Installation, options: argparse.Namespace) -> int:
    """Start the app with hot reload, on two ports."""
    from llm_ui.cli import start

    _require_free_port(place, options)
    _set_up(place)
    facts = start.prepare(place, migrate=True, port=options.port, serves=True)
    return start.run_development(place, facts, open_browser=not options.no_open)


def migrate(place: Installation, _options: argparse.Namespace) -> int:
    """Migrate the database to the latest schema."""
    from llm_ui.cli import start

    _set_up(place)
    start.prepare(place, migrate=True)
    say("The database is up to date.")
    return 0


def _asked_password(given: str | None, variable: str, email: str) -> str:
    """Get a password from the option, the environment or a prompt. Raises StepFailed."""
    password = given or os.environ.get(variable)
    if not password:
        if not sys.stdin.isatty():
            raise StepFailed(f"Set the password with {variable} or --password.")
        password = getpass.getpass(f"Password for {email}: ")
        if password != getpass.getpass("Repeat the password: "):
            raise StepFailed("The passwords do not match. Nothing was changed.")
    return password


def create_admin(place: Installation, options: argparse.Namespace) -> int:
    """Create an administrator; with --promote, make an existing account one."""
    from llm_ui.cli import start

    who, secret = ["--email", options.email], {}
    if options.promote:
        if options.username or options.password:
            raise StepFailed(
                "--promote changes only the role; omit --username and --password. To set a new "
                f"password: {place.command} reset-password --email {options.email}",
                code=2,
            )
    elif not options.username:
        raise StepFailed("Set the name of the new account with --username.", code=2)
    else:
        who += ["--username", options.username]
        secret = {
            "ADMIN_PASSWORD": _asked_password(options.password, "ADMIN_PASSWORD", options.email)
        }
    _set_up(place)
    start.prepare(place, migrate=True)
    verb = "promote" if options.promote else "create"
    return call(place, "-m", "llm_ui.cli.admin", verb, *who, **secret)


def reset_password(place: Installation, options: argparse.Namespace) -> int:
    """Set a new password for an account; this signs it out everywhere and revokes its API keys."""
    from llm_ui.cli import start

    password = _asked_password(options.password, "NEW_PASSWORD", options.email)
    _set_up(place)
    start.prepare(place, migrate=True)
    who = ["reset-password", "--email", options.email]
    who += ["--keep-keys"] if options.keep_keys else []
    return call(place, "-m", "llm_ui.cli.admin", *who, NEW_PASSWORD=password)


def backup(place: Installation, options: argparse.Namespace) -> int:
    """Back up everything into one file; the app may keep running."""
    from llm_ui.cli import start

    if options.out:
        _check_target(options.out)
    _set_up(place)
    # Without migrating: after an upgrade, this still backs up the previous version's database.
    start.prepare(place, migrate=False)
    out = ["--out", str(options.out.resolve())] if options.out else []
    return call(place, "-m", "llm_ui.cli.backup", "make", *out)


def _check_target(out: Path) -> None:
    """Check the target before anything else. A missing folder may be an unmounted disk.

    Raises:
        StepFailed: the file cannot be written there.
    """
    if out.is_dir():
        raise StepFailed(f"{out} is a folder. Specify a file in it.", code=2)
    if out.exists():
        raise StepFailed(f"{out} already exists. Choose another file name.", code=2)
    if not out.resolve().parent.is_dir():
        raise StepFailed(
            f"The folder {out.resolve().parent} does not exist. Create it or mount it first.",
            code=2,
        )


def restore(place: Installation, options: argparse.Namespace) -> int:
    """Restore a backup into an empty database; the app must not be running."""
    from llm_ui.cli import start

    if not options.file.is_file():
        raise StepFailed(
            f"There is no backup {options.file}. `{place.command} backup` saves backups in "
            f"{place.data / 'backups'} unless --out is set.",
            code=2,
        )
    _set_up(place)
    start.prepare(place, migrate=False)
    other = ["--other-key"] if options.other_key else []
    return call(place, "-m", "llm_ui.cli.backup", "restore", str(options.file.resolve()), *other)


def rebuild_usage(place: Installation, _options: argparse.Namespace) -> int:
    """Rebuild the daily usage from the usage ledger; answers that end meanwhile have to wait."""
    from llm_ui.cli import start

    _set_up(place)
    start.prepare(place, migrate=True)
    return call(place, "-m", "llm_ui.cli.usage")


def llm_api(place: Installation, options: argparse.Namespace) -> int:
    """Run the built-in model service on its own."""
    from llm_ui.cli import start

    _set_up(place)
    start.prepare(place, migrate=False)
    # Replace this process, so that signals go straight to the service.
    os.chdir(place.home)
    command = [str(place.python), "-m", "llm_ui.llm_api", *options.arguments]
    os.execve(command[0], command, child_environment(place))  # noqa: S606


def doctor(place: Installation, _options: argparse.Namespace) -> int:
    """Check what is missing and how to install it."""
    from llm_ui.cli.doctor import examine

    return examine(place)


def test(place: Installation, options: argparse.Namespace) -> int:
    """Run the whole test suite, or the tests selected by pytest's arguments."""
    from llm_ui.cli.development.suite import run_quick_tests, run_tests

    if options.quick and options.arguments != ["--quick"]:
        raise StepFailed("--quick selects the tests itself. Leave out the other options.", code=2)
    _set_up(place, dev=True)
    return run_quick_tests(place) if options.quick else run_tests(place, options.arguments)


def e2e(place: Installation, options: argparse.Namespace) -> int:
    """Run only the browser tests."""
    from llm_ui.cli.development.suite import run_tests

    _set_up(place, dev=True)
    return run_tests(place, ["tests/e2e", *options.arguments])


def check(place: Installation, _options: argparse.Namespace) -> int:
    """Run the linters, format checks, type checks and import contracts."""
    from llm_ui.cli.development.suite import run_checks

    _set_up(place, dev=True)
    return run_checks(place)


def screens(place: Installation, options: argparse.Namespace) -> int:
    """Take screenshots of every page and save them in data/screens."""
    from llm_ui.cli.development.suite import run_screens

    _set_up(place, dev=True)
    return run_screens(place, options.arguments)


def prices(place: Installation, options: argparse.Namespace) -> int:
    """Update the bundled price list from the package genai-prices."""
    _set_up(place, dev=True)
    return call(place, "-m", "llm_ui.cli.prices", *options.arguments)


def lock(place: Installation, _options: argparse.Namespace) -> int:
    """Update the lock files: requirements.lock and requirements-dev.lock."""
    _set_up(place, dev=True)
    return call(place, "-m", "llm_ui.cli.development.lock")


def audit(place: Installation, _options: argparse.Namespace) -> int:
    """Look for known flaws in the packages that are installed."""
    _set_up(place, dev=True)
    return call(place, "-m", "llm_ui.cli.development.supply_chain", "audit")


def sbom(place: Installation, options: argparse.Namespace) -> int:
    """Write a bill of materials (CycloneDX): every package, with version and hashes."""
    _set_up(place, dev=True)
    return call(place, "-m", "llm_ui.cli.development.supply_chain", "sbom", *options.arguments)


def bench(place: Installation, options: argparse.Namespace) -> int:
    """Run the benchmarks; a full run writes docs/performance.md."""
    from llm_ui.cli.development.suite import run_bench

    _set_up(place, dev=True)
    return run_bench(place, options.arguments)


def soak(place: Installation, options: argparse.Namespace) -> int:
    """Kill workers while they stream, and load the app for a long time (bench/soak.py)."""
    from llm_ui.cli.development.suite import run_soak

    _set_up(place, dev=True)
    return run_soak(place, options.arguments)


USER_VERBS: tuple[Verb, ...] = (
    run,
    migrate,
    create_admin,
    reset_password,
    backup,
    restore,
    rebuild_usage,
    doctor,
    llm_api,
    *reports.VERBS,
)
DEVELOPER_VERBS: tuple[Verb, ...] = (
    setup,
    dev,
    test,
    e2e,
    check,
    screens,
    prices,
    lock,
    audit,
    sbom,
    bench,
    soak,
)
# The verbs that write the app's data; the others are for development.
KEEPING: tuple[Verb, ...] = (*USER_VERBS, setup, dev)


def call(place: Installation, *arguments: str, **extra: str) -> int:
    """Run the environment's Python in the working directory."""
    import subprocess

    env = child_environment(place, **extra)
    return subprocess.run(
        [str(place.python), *arguments], cwd=place.home, env=env, check=False
    ).returncode


def number(place: Installation, name: str, default: int) -> int:
    """A whole number of at least 1 from the environment or the .env file.

    Raises:
        StepFailed: the value is not such a number.
    """
    raw = env_file.setting(place.env_file, name)
    if raw is None:
        return default
    if not raw.isdigit() or int(raw) < 1:
        raise StepFailed(f"{name} must be a whole number of at least 1, not {raw!r}.", code=2)
    return int(raw)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (1 to 65535)")
    return int(text)


def _workers(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid number of workers (1 or more)")
    return int(text)


def _options(verb: Verb, parser: argparse.ArgumentParser) -> None:
    if verb in (run, dev):
        parser.add_argument("--port", type=_port, help="port (default: PORT, or 3000)")
        parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    if verb is run:
        parser.add_argument(
            "--workers", type=_workers, help="number of processes (default: WORKERS, or 1)"
        )
        listen = "address to listen on (default: HOST, or all addresses of this machine)"
        parser.add_argument("--host", help=listen)
    if verb is create_admin:
        parser.add_argument("--email", required=True)
        parser.add_argument("--username", help="name of the new account")
        parser.add_argument("--password", help="prefer ADMIN_PASSWORD or the prompt")
        parser.add_argument(
            "--promote",
            action="store_true",
            help="make an existing account an administrator; its password is kept",
        )
    if verb is reset_password:
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", help="prefer NEW_PASSWORD or the prompt")
        kept = "keep the account's API keys"
        parser.add_argument("--keep-keys", action="store_true", help=kept)
    if verb is backup:
        parser.add_argument(
            "--out", type=Path, help="backup file (default: a new file in data/backups)"
        )
    if verb is restore:
        parser.add_argument("file", type=Path, help="backup file")
        other = (
            "accept a backup made with another SECRET_KEY; provider keys must then be entered "
            "again, and API keys and sessions are no longer valid"
        )
        parser.add_argument("--other-key", action="store_true", help=other)
    if verb in reports.VERBS:
        reports.add_options(verb.__name__, parser)
    if verb.__name__ in of_programs.ADD:
        of_programs.ADD[verb.__name__](parser)


def build_parser(place: Installation) -> argparse.ArgumentParser:
    """Build the parser for a checkout (all verbs) or an installed package."""
    parser = argparse.ArgumentParser(prog=place.command, description="LLM UI")
    parser.add_argument("--version", action="version", version=f"LLM UI {__version__}")
    choices = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    verbs = (*USER_VERBS, *DEVELOPER_VERBS) if place.own_venv else USER_VERBS
    for verb in verbs:
        summary = (verb.__doc__ or "").splitlines()[0]
        name = verb.__name__.replace("_", "-")
        sub = choices.add_parser(name, help=summary, description=summary)
        sub.set_defaults(function=verb, arguments=[])
        _options(verb, sub)
    return parser


def parse(place: Installation, arguments: list[str]) -> argparse.Namespace:
    """Parse the command line. Some verbs pass their arguments on to another program; whether that
    program accepts them is checked here, before anything is installed."""
    parser = build_parser(place)
    if not arguments:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    verb, *rest = arguments
    if verb in ("test", "e2e") and "--" in rest:
        here = rest.index("--")
        known, further = rest[:here], rest[here + 1 :]
    else:
        known, further = rest, []
    options, rest = parser.parse_known_args([verb, *known])
    # pytest accepts any number of paths between its options.
    if wrong := [each for each in rest if each.startswith("-") or verb not in ("test", "e2e")]:
        parser.error(f"{options.verb} does not accept {' '.join(wrong)}")
    options.arguments = [*known, *further]
    return options


def main(place: Installation | None = None, arguments: list[str] | None = None) -> int:
    """Run the command line; errors are printed as sentences."""
    place = place or installed()
    options = parse(place, sys.argv[1:] if arguments is None else arguments)
    function: Verb = options.function
    try:
        with private_files.ours() if function in KEEPING else contextlib.nullcontext():
            return function(place, options)
    except StepFailed as error:
        complain(str(error))
        return error.code
    except OSError as error:
        complain(f"Could not access {error.filename or 'a file'}: {error.strerror or error}.")
        return 1
    except KeyboardInterrupt:
        complain("\nStopped.")
        return 130


def entry() -> None:
    """The console script of the installed package."""
    sys.exit(main())
