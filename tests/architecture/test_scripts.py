"""No text that a server sends is run as code in a page: its policy forbids that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent.parent / "llm_ui"
# Ways of Reflex that send a handler's wish as a text to be run. Compiled into a page by
# components they are all right.
SCRIPTS = {
    "back",
    "call_function",
    "call_script",
    "console_log",
    "noop",
    "run_script",
    "scroll_to",
    "set_clipboard",
    "toast",
    "window_alert",
}
CALL = re.compile(r'browser\.call\(\s*"([^"]+)"|[^.]\bcall\("([^"]+)"')


def used(*folders: str) -> Iterator[tuple[Path, ast.Attribute]]:
    """Every `rx.something` below these folders of the package."""
    for folder in folders:
        for file in sorted((PACKAGE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                is_attribute = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                if is_attribute and node.value.id == "rx":
                    yield file, node


def test_no_handler_sends_a_script() -> None:
    found = [
        f"{file.name}:{node.lineno} rx.{node.attr}"
        for file, node in used("states")
        if node.attr in SCRIPTS
    ]
    assert found == []


def test_no_component_has_the_result_of_a_script_handled() -> None:
    # The handler of a result is a text that is run, even in a compiled page.
    found = [
        f"{file.name}:{node.lineno}"
        for folder in ("states", "components", "pages", "react")
        for file in sorted((PACKAGE / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SCRIPTS
        and any(each.arg == "callback" for each in node.keywords)
    ]
    assert found == []


def test_the_page_knows_whatever_handlers_call() -> None:
    page = (PACKAGE / "components" / "ui" / "calls.js").read_text()
    known = set(re.findall(r'^  "?([a-z-]+)"?: \(', page, re.MULTILINE))
    called = {
        name
        for file in sorted((PACKAGE / "states").rglob("*.py"))
        for pair in CALL.findall(file.read_text())
        for name in pair
        if name
    }
    assert called
    assert called <= known
    assert known <= called, "nobody calls these"
