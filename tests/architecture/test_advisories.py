"""Every kind of attack of docs/security.md has a test that names it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "llm_ui"
PAGE = ROOT / "docs" / "security.md"
# Where programs are started: by developers, and three that the application itself runs. What
# it starts is this Python with one of its own modules, whoever asks for it.
STARTS = {"services/files/extraction.py", "services/answers/web_pages.py", "llm_api/supervisor.py"}
OF_PEOPLE = ("cli/",)
STARTERS = re.compile(
    r"^(subprocess\.\w+|asyncio\.create_subprocess_\w+|os\.(system|popen|exec\w+|spawn\w+)|pty\.\w+)$"
)


def kinds() -> list[str]:
    """The list at the end of the page."""
    part = PAGE.read_text(encoding="utf-8").partition("## Kinds of attack\n")[2]
    return [line.removeprefix("- ") for line in part.splitlines() if line.startswith("- ")]


@functools.cache
def said() -> str:
    """What the tests say of themselves, a line each."""
    told = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                node.name.startswith("test_")
            ):
                told.append(" ".join((ast.get_docstring(node) or "").lower().split()))
    return "\n".join(told)


@pytest.mark.parametrize("kind", kinds())
def test_each_kind_of_attack_has_a_test_that_names_it(kind: str) -> None:
    assert kind.lower() in said()


def test_the_list_is_not_cut_short() -> None:
    assert len(kinds()) == len(set(kinds())) >= 30


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nobody_can_have_a_command_of_theirs_run() -> None:
    """A user-defined local command: programs are started in three places, each this Python
    with a module of the application or the supervisor's own command, never through a shell."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        for function, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            assert function not in ("eval", "exec"), name
            if STARTERS.match(function) is None or name.startswith(OF_PEOPLE):
                continue
            found.add(name)
            assert function == "asyncio.create_subprocess_exec", name
            assert ast.unparse(call.args[0]) in ("sys.executable", "*self._command"), name
    assert found == STARTS
