"""Tools for JavaScript and CSS: linters, type checker, formatter, node's test runner.

They are for development only: tests/js has their versions and settings, and nothing of it is
installed, packaged or built.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from llm_ui.cli.setup import build_stamps
from llm_ui.cli.setup.installation import Installation, child_environment
from llm_ui.cli.setup.steps import run_step

FOLDER = "tests/js"
TOOLS = f"{FOLDER}/node_modules"
CACHE = f"{TOOLS}/.cache"
SOURCES = ("llm_ui", "assets", "tests")
STYLES = ("assets/**/*.css", "tests/**/*.css")
SCRIPTS = tuple(f"{folder}/**/*.{{js,jsx,mjs,ts}}" for folder in SOURCES)
CHECKS = (
    (
        "eslint",
        (
            *("eslint/bin/eslint.js", "--config", f"{FOLDER}/eslint.config.js"),
            *("--cache", "--cache-location", f"{CACHE}/eslint", *SOURCES),
        ),
    ),
    ("tsc", ("typescript/bin/tsc", "--project", FOLDER)),
    (
        "prettier",
        (
            *("prettier/bin/prettier.cjs", "--config", f"{FOLDER}/prettier.json", "--check"),
            *("--log-level", "warn", "--cache", "--cache-location", f"{CACHE}/prettier"),
            *(*SCRIPTS, *STYLES),
        ),
    ),
    (
        "stylelint",
        (
            *("stylelint/bin/stylelint.mjs", "--config", f"{FOLDER}/stylelint.config.js"),
            *("--ignore-path", ".gitignore"),
            *("--cache", "--cache-location", f"{CACHE}/stylelint", *STYLES),
        ),
    ),
)


def ensure_tools(place: Installation) -> None:
    """Install the tools, unless exactly these versions are already there.

    Raises:
        StepFailed: they could not be downloaded.
    """
    folder = place.home / FOLDER
    # Inside the folder, so that removing the folder also removes the stamp.
    stamp = folder / "node_modules" / ".llm-ui-stamp"
    value = build_stamps.fingerprint(
        folder, [folder / name for name in ("package.json", "package-lock.json", ".npmrc")]
    )
    if build_stamps.is_current(stamp, value):
        return
    run_step(
        "Installing the tools for JavaScript and CSS",
        [place.tool("npm"), "ci"],
        log=place.logs / "npm-tools.log",
        cwd=folder,
        env=child_environment(place),
        advice="Check the network and npm's registry setting, then run the same command again.",
    )
    build_stamps.write(stamp, value)


def command(place: Installation, script: str, *arguments: str) -> list[str]:
    """The command that runs one of the tools from the checkout."""
    return [str(place.tool("node")), f"{TOOLS}/{script}", *arguments]


def is_tests(argument: str) -> bool:
    """Whether an argument of `test` selects these tests."""
    return argument == FOLDER or argument.startswith(f"{FOLDER}/")


def run_tests(place: Installation, arguments: Sequence[str]) -> int:
    """Run node's tests: the files given, or all of them."""
    files = [each for each in arguments if is_tests(each) and Path(each).suffix]
    return subprocess.run(
        [
            str(place.tool("node")),
            *("--import", f"./{FOLDER}/hooks.js", "--test", "--test-reporter=dot"),
            # One process: most of a file's time is loading a page that all files can share.
            "--test-isolation=none",
            *(files or [f"{FOLDER}/**/*.test.js"]),
        ],
        cwd=place.home,
        env=child_environment(place),
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode
