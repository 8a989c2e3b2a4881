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

from llm_ui.cli import frontend, services, start
from llm_ui.cli.install import apt_install
from llm_ui.cli.place import Place, child_environment
from llm_ui.cli.steps import StepFailed, say, seconds

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_ADVICE = (
    "The browser tests need Chromium: install it (on Debian `sudo apt-get install chromium`), or "
    "name a Chromium or Chrome program in the environment variable CHROMIUM."
)
DATABASE_ADVICE = {
    "PostgreSQL": "install it (`sudo apt-get install postgresql`) or name a server in "
    "TEST_POSTGRES_URL",
    "Redis": "install it (`sudo apt-get install redis-server`) or name a server in TEST_REDIS_URL",
}
# Much of the whole is waiting: three processes share two cores, each with files of its own, in
# the order of the files, where those that take long come before the many small ones.
WHOLE = (
    *("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--durations", "30", "--durations-min", "5"),
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
        """Time one stage; an exception counts as its failure."""
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
    """Whether a part that is missing counts as a failure."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def find_browser() -> str | None:
    """A Chromium or Chrome: the one CHROMIUM names, else the first on the PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def ensure_browser(place: Place) -> str | None:
    """Find a browser, or install Debian's where that needs no password."""
    found = find_browser()
    if found is None and "CHROMIUM" not in os.environ:
        apt_install(place, "Installing Chromium", "chromium", "fonts-liberation")
        found = find_browser()
    return found


def wants_browser(arguments: Sequence[str]) -> bool:
    """Whether pytest's arguments may lead to browser tests: no path given, or theirs."""
    paths = [argument for argument in arguments if argument.split("::")[0].startswith("tests")]
    return not paths or any("e2e" in path or path.rstrip("/") == "tests" for path in paths)


def missing_part(sentence: str) -> None:
    """Say that something is missing; in CI that is a failure.

    Raises:
        StepFailed: in CI.
    """
    if in_ci():
        raise StepFailed(f"{sentence} With CI=true this is a failure.")
    say(sentence)


def _browser_environment(place: Place, arguments: Sequence[str], stages: Stages) -> dict[str, str]:
    if not wants_browser(arguments):
        return {}
    with stages.stage("browser"):
        browser = ensure_browser(place)
    if browser is None:
        missing_part(f"{BROWSER_ADVICE} They are skipped.")
    with stages.stage("frontend"):
        frontend.ensure_built(place)
    return {"CHROMIUM": browser} if browser else {}


def _database_environment(
    place: Place, stack: contextlib.ExitStack, stages: Stages
) -> dict[str, str]:
    env: dict[str, str] = {}
    with stages.stage("databases"):
        for name, variable, provide in (
            ("PostgreSQL", "TEST_POSTGRES_URL", services.postgres),
            ("Redis", "TEST_REDIS_URL", services.redis),
        ):
            url = stack.enter_context(provide(place))
            if url is None:
                advice = DATABASE_ADVICE[name]
                missing_part(f"No {name}: {advice}. The tests that need it are skipped.")
            else:
                env[variable] = url
    return env


def run_tests(place: Place, arguments: Sequence[str]) -> int:
    """Run pytest with everything it needs; print what each stage took."""
    start.prepare(place, migrate=False)
    start.handle_signals()
    stages = Stages([])
    try:
        with contextlib.ExitStack() as stack:
            extra = _browser_environment(place, arguments, stages)
            extra |= _database_environment(place, stack, stages)
            code = _pytest(place, arguments, extra, stages)
    except start.Stop:
        say("\nStopped.")
        return 130
    stages.report()
    return code


def _pytest(place: Place, arguments: Sequence[str], extra: dict[str, str], stages: Stages) -> int:
    begun = time.monotonic()
    code = _wait_for(place, ["-m", "pytest", *(arguments or WHOLE)], extra)
    stages.add("tests", time.monotonic() - begun, code == 0)
    return code


def _wait_for(place: Place, arguments: Sequence[str], extra: dict[str, str]) -> int:
    """Run the environment's Python; it is ended when we are told to stop."""
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


def run_checks(place: Place) -> int:
    """Run every check, also after one failed; print what each took."""
    stages = Stages([])
    env = child_environment(place)
    for name, command in CHECKS:
        say(f"{name} …")
        begun = time.monotonic()
        code = subprocess.run(
            [str(place.python), *command], cwd=place.home, env=env, check=False
        ).returncode
        stages.add(name, time.monotonic() - begun, code == 0)
    stages.report()
    return 0 if all(good for _, _, good in stages.times) else 1


def run_soak(place: Place, arguments: Sequence[str]) -> int:
    """Run bench.soak with the databases it needs.

    Raises:
        StepFailed: one of them is missing, and the arguments do not leave it out.
    """
    start.prepare(place, migrate=False)
    start.handle_signals()
    stages = Stages([])
    try:
        with contextlib.ExitStack() as stack:
            env = _database_environment(place, stack, stages)
            if len(env) < len(DATABASE_ADVICE) and not _one_worker(arguments):
                raise StepFailed("Two workers need both databases; `--workers 1` needs neither.")
            return _wait_for(place, ["-m", "bench.soak", *arguments], env)
    except start.Stop:
        say("\nStopped.")
        return 130


def _one_worker(arguments: Sequence[str]) -> bool:
    return "--workers=1" in arguments or ("--workers", "1") in itertools.pairwise(arguments)


def run_screens(place: Place, arguments: Sequence[str]) -> int:
    """Make the screenshots."""
    return _with_browser(place, "tests.e2e.screens", arguments)


def run_bench(place: Place, arguments: Sequence[str]) -> int:
    """Run the benchmarks."""
    return _with_browser(place, "bench", arguments)


def _with_browser(place: Place, module: str, arguments: Sequence[str]) -> int:
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
