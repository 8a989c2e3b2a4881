"""Tests and checks, with the browser and the databases they need."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llm_ui.cli import start
from llm_ui.cli.development import databases, javascript_tools
from llm_ui.cli.setup import frontend
from llm_ui.cli.setup.install import apt_install
from llm_ui.cli.setup.installation import Installation, child_environment
from llm_ui.cli.setup.steps import StepFailed, say, seconds

# The first is Debian's headless Chromium: the same pages for two thirds of the CPU.
HEADLESS = "chromium-headless-shell"
BROWSERS = (
    HEADLESS,
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
)
BROWSER_ADVICE = (
    "The browser tests need Chromium. Install it (on Debian: "
    "`sudo apt-get install chromium-headless-shell`), or set the environment variable CHROMIUM to "
    "the path of a Chromium or Chrome executable."
)
DATABASE_ADVICE = {
    "PostgreSQL": "Install it (`sudo apt-get install postgresql`) or set TEST_POSTGRES_URL",
    "Redis": "Install it (`sudo apt-get install redis-server`) or set TEST_REDIS_URL",
}
# Much of the full run is waiting, so three processes share two cores. Each gets whole files, in
# collection order, which puts the slow ones before the many small ones.
WHOLE = (
    *("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--durations", "30", "--durations-min", "5"),
)
# Sweeps over everything, servers that are started and killed, whole archives: half of the time of
# all tests on SQLite.
SLOW = (
    *(f"tests/states/test_{name}.py" for name in ("isolation", "half_sent", "streaming", "news")),
    *(f"tests/api/test_{name}.py" for name in ("contract", "sweep", "odd_values", "step_up")),
    *(f"tests/unit/test_{name}.py" for name in ("cli_reports", "cli_backup", "archive", "engine")),
    *(f"tests/unit/test_{name}.py" for name in ("upgrading", "documented_tables")),
)
# Tests that can be run repeatedly while working: without a browser or a database server.
QUICK = (
    *("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
    *("-m", "not e2e and not postgres and not redis and not model"),
    *(f"--ignore={file}" for file in SLOW),
    *("tests/unit", "tests/states", "tests/api", "tests/architecture"),
)
CHECKS = (
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
    ("mypy", ("-m", "mypy")),
    (
        "import contracts",
        ("-c", "from importlinter.cli import lint_imports_command as c; c()"),
    ),
)


@dataclass
class Stages:
    """How long each stage took, for the summary at the end."""

    times: list[tuple[str, float, bool]]

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage; it failed if an exception is raised."""
        begun = time.monotonic()
        good = False
        try:
            yield
            good = True
        finally:
            self.times.append((name, time.monotonic() - begun, good))

    def add(self, name: str, duration: float, good: bool) -> None:
        self.times.append((name, duration, good))

    def report(self) -> None:
        """Print the summary."""
        say()
        for name, duration, good in self.times:
            say(f"  {name:<24} {seconds(duration):>12}  {'' if good else 'FAILED'}".rstrip())


def in_ci() -> bool:
    """Whether a missing prerequisite counts as a failure."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def find_browser() -> str | None:
    """Find Chromium or Chrome: the one in CHROMIUM, else the first on the PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def ensure_browser(place: Installation) -> str | None:
    """Find a browser, or install Debian's if that needs no password."""
    found = find_browser()
    if found is None and "CHROMIUM" not in os.environ:
        for package in (HEADLESS, "chromium"):
            apt_install(place, "Installing Chromium", package, "fonts-liberation")
            if found := find_browser():
                break
    return found


def wants_browser(arguments: Sequence[str]) -> bool:
    """Whether pytest's arguments may select browser tests: no path, or one of theirs."""
    paths = [argument for argument in arguments if argument.split("::")[0].startswith("tests")]
    return not paths or any("e2e" in path or path.rstrip("/") == "tests" for path in paths)


def wants_node(arguments: Sequence[str]) -> bool:
    """Whether the arguments select node's tests: none at all, or one of their paths."""
    return not arguments or any(
        argument.rstrip("/") == "tests" or javascript_tools.is_tests(argument)
        for argument in arguments
    )


def wants_pytest(arguments: Sequence[str]) -> bool:
    """Whether they select any other tests."""
    paths = [argument for argument in arguments if argument.startswith("tests")]
    return not paths or not all(map(javascript_tools.is_tests, paths))


def missing_part(sentence: str) -> None:
    """Report a missing prerequisite; in CI that is a failure.

    Raises:
        StepFailed: in CI.
    """
    if in_ci():
        raise StepFailed(f"{sentence} With CI=true, this is an error.")
    say(sentence)


def _browser_environment(
    place: Installation, arguments: Sequence[str], stages: Stages
) -> dict[str, str]:
    if not wants_browser(arguments):
        return {}
    with stages.stage("browser"):
        browser = ensure_browser(place)
    if browser is None:
        missing_part(f"{BROWSER_ADVICE} The browser tests are skipped.")
    with stages.stage("frontend"):
        frontend.ensure_built(place)
    return {"CHROMIUM": browser} if browser else {}


def _database_environment(
    place: Installation, stack: contextlib.ExitStack, stages: Stages
) -> dict[str, str]:
    env: dict[str, str] = {}
    with stages.stage("databases"):
        for name, variable, provide in (
            ("PostgreSQL", "TEST_POSTGRES_URL", databases.postgres),
            ("Redis", "TEST_REDIS_URL", databases.redis),
        ):
            url = stack.enter_context(provide(place))
            if url is None:
                advice = DATABASE_ADVICE[name]
                missing_part(f"{name} was not found. {advice}. Tests that need it are skipped.")
            else:
                env[variable] = url
    return env


def run_tests(place: Installation, arguments: Sequence[str]) -> int:
    """Run node's tests, and pytest with everything it needs; print how long each stage took."""
    start.prepare(place, migrate=False)
    start.handle_signals()
    stages = Stages([])
    try:
        code = _node_tests(place, arguments, stages) if wants_node(arguments) else 0
        if wants_pytest(arguments):
            others = [argument for argument in arguments if not javascript_tools.is_tests(argument)]
            with contextlib.ExitStack() as stack:
                extra = _browser_environment(place, others, stages)
                extra |= _database_environment(place, stack, stages)
                code = _pytest(place, others, extra, stages) or code
    except start.Stop:
        say("\nStopped.")
        return 130
    stages.report()
    return code


def run_quick_tests(place: Installation) -> int:
    """Run unit, state and REST tests on SQLite."""
    start.prepare(place, migrate=False)
    start.handle_signals()
    stages = Stages([])
    try:
        code = _pytest(place, QUICK, {}, stages)
    except start.Stop:
        say("\nStopped.")
        return 130
    stages.report()
    return code


def _node_tests(place: Installation, arguments: Sequence[str], stages: Stages) -> int:
    try:
        with stages.stage("JavaScript tools"):
            javascript_tools.ensure_tools(place)
    except StepFailed as error:
        missing_part(f"{error}\nThe JavaScript tests are skipped.")
        return 0
    begun = time.monotonic()
    code = javascript_tools.run_tests(place, arguments)
    stages.add("node tests", time.monotonic() - begun, code == 0)
    return code


def _pytest(
    place: Installation, arguments: Sequence[str], extra: dict[str, str], stages: Stages
) -> int:
    begun = time.monotonic()
    code = _wait_for(place, ["-m", "pytest", *(arguments or WHOLE)], extra)
    stages.add("tests", time.monotonic() - begun, code == 0)
    return code


def _wait_for(place: Installation, arguments: Sequence[str], extra: dict[str, str]) -> int:
    """Run the environment's Python, and terminate it if this process is told to stop."""
    process = subprocess.Popen(
        [str(place.python), *arguments],
        cwd=place.home,
        env=child_environment(place, **extra),
        stdin=subprocess.DEVNULL,
    )
    try:
        return process.wait()
    except start.Stop:
        process.terminate()
        process.wait(timeout=30)
        raise


def run_checks(place: Installation) -> int:
    """Run every check, even after a failure; print how long each took."""
    stages = Stages([])
    for name, command in CHECKS:
        _check(place, name, [str(place.python), *command], stages)
    try:
        with stages.stage("JavaScript tools"):
            javascript_tools.ensure_tools(place)
    except StepFailed as error:
        say(str(error))
    else:
        for name, (script, *arguments) in javascript_tools.CHECKS:
            _check(place, name, javascript_tools.command(place, script, *arguments), stages)
    stages.report()
    return 0 if all(good for _, _, good in stages.times) else 1


def _check(place: Installation, name: str, command: Sequence[str], stages: Stages) -> None:
    say(f"{name} …")
    begun = time.monotonic()
    code = subprocess.run(
        command, cwd=place.home, env=child_environment(place), check=False
    ).returncode
    stages.add(name, time.monotonic() - begun, code == 0)


def run_soak(place: Installation, arguments: Sequence[str]) -> int:
    """Run bench.soak with the databases it needs.

    Raises:
        StepFailed: one of them is missing, and the arguments require it.
    """
    start.prepare(place, migrate=False)
    start.handle_signals()
    stages = Stages([])
    try:
        with contextlib.ExitStack() as stack:
            env = _database_environment(place, stack, stages)
            if len(env) < len(DATABASE_ADVICE) and not _one_worker(arguments):
                raise StepFailed(
                    "Two workers need PostgreSQL and Redis; `--workers 1` needs neither."
                )
            return _wait_for(place, ["-m", "bench.soak", *arguments], env)
    except start.Stop:
        say("\nStopped.")
        return 130


def _one_worker(arguments: Sequence[str]) -> bool:
    return "--workers=1" in arguments or ("--workers", "1") in itertools.pairwise(arguments)


def run_screens(place: Installation, arguments: Sequence[str]) -> int:
    """Take the screenshots."""
    return _with_browser(place, "tests.e2e.screens", arguments)


def run_bench(place: Installation, arguments: Sequence[str]) -> int:
    """Run the benchmarks."""
    return _with_browser(place, "bench", arguments)


def _with_browser(place: Installation, module: str, arguments: Sequence[str]) -> int:
    start.prepare(place, migrate=False)
    browser = ensure_browser(place)
    if browser is None:
        raise StepFailed(BROWSER_ADVICE)
    frontend.ensure_built(place)
    return subprocess.run(
        [str(place.python), "-m", module, *arguments],
        cwd=place.home,
        env=child_environment(place, CHROMIUM=browser),
        check=False,
    ).returncode
