"""The tools for JavaScript are pinned, of no place, installed once, and no part of the product."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from llm_ui.cli.development import javascript_tools, suite
from llm_ui.cli.setup.installation import Installation
from llm_ui.cli.setup.steps import StepFailed

ROOT = Path(__file__).parent.parent.parent
TOOLS = ROOT / javascript_tools.FOLDER


def packages(lock: Path) -> dict[str, dict[str, Any]]:
    """The packages of a lock by where they lie."""
    found: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return found


def test_the_lock_holds_exact_versions_by_their_hash_and_names_no_registry() -> None:
    asked = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
    locked = packages(TOOLS / "package-lock.json")
    for name, version in asked.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert locked[f"node_modules/{name}"]["version"] == version
    for name, entry in locked.items():
        assert not name or entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


def test_the_checks_know_the_packages_that_the_pages_are_built_with() -> None:
    ours = packages(TOOLS / "package-lock.json")
    built = packages(ROOT / "reflex.lock" / "package-lock.json")
    asked = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
    both = [f"node_modules/{name}" for name in asked if f"node_modules/{name}" in built]
    assert len(both) >= 6
    assert {name: ours[name]["version"] for name in both} == {
        name: built[name]["version"] for name in both
    }


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A checkout with nothing but the tools' pins."""
    (tmp_path / javascript_tools.FOLDER).mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (tmp_path / javascript_tools.FOLDER / name).write_text("{}")
    return Installation(
        tmp_path, tmp_path / ".venv" / "bin" / "python", own_venv=True, command="dev.py"
    )


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is run to install them."""
    made: list[list[str]] = []

    def step(_title: str, command: Sequence[str | Path], *, cwd: Path, **_more: object) -> None:
        made.append([Path(command[0]).name, *map(str, command[1:])])
        (cwd / "node_modules").mkdir(exist_ok=True)

    monkeypatch.setattr(javascript_tools, "run_step", step)
    return made


def test_the_tools_are_installed_once_and_again_when_a_version_changes(
    place: Installation, steps: list[list[str]]
) -> None:
    javascript_tools.ensure_tools(place)
    javascript_tools.ensure_tools(place)
    assert steps == [["npm", "ci"]]
    (place.home / javascript_tools.FOLDER / "package-lock.json").write_text('{"other": 1}')
    javascript_tools.ensure_tools(place)
    assert len(steps) == 2


def test_tools_that_could_not_be_fetched_are_tried_again(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*_: object, **__: object) -> None:
        raise StepFailed("no network")

    monkeypatch.setattr(javascript_tools, "run_step", step)
    for _ in range(2):
        with pytest.raises(StepFailed):
            javascript_tools.ensure_tools(place)


def test_checks_fail_when_the_tools_are_not_there_and_say_so(
    place: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_place: Installation) -> None:
        raise StepFailed("no network")

    monkeypatch.setattr(javascript_tools, "ensure_tools", fail)
    monkeypatch.setattr(suite, "CHECKS", ())
    assert suite.run_checks(place) == 1
    out = capsys.readouterr().out
    assert "no network" in out
    assert "FAILED" in out


@pytest.mark.parametrize(
    ("arguments", "node", "python"),
    [
        ([], True, True),
        (["tests"], True, True),
        (["tests/js"], True, False),
        (["tests/js/mend.test.js"], True, False),
        (["tests/js", "tests/unit"], True, True),
        (["tests/unit"], False, True),
        (["-k", "locks"], False, True),
    ],
)
def test_node_runs_its_tests_where_they_are_meant(
    arguments: list[str], node: bool, python: bool
) -> None:
    assert suite.wants_node(arguments) is node
    assert suite.wants_pytest(arguments) is python
