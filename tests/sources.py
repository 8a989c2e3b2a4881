"""What the application's functions come to, read in their source: a sweep that plays a call sees
only what this one call came to.

Names are followed through modules, `self` and classes. What is called by a value that is known
only when it runs is not seen; so `places` tells of every function that names the one that is
looked for, and a test can tell whether some way to it was missed.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import llm_ui

PACKAGE = llm_ui.__name__


def name_of(function: Any) -> str:
    """`llm_ui.services.accounts.users.change`."""
    return f"{function.__module__}.{function.__qualname__}"


def _function(value: Any) -> FunctionType | None:
    """The application's own function behind a value: a handler of Reflex keeps it in `fn`."""
    value = inspect.unwrap(getattr(value, "fn", value)) if callable(value) else value
    is_own = isinstance(value, FunctionType) and value.__module__.startswith(f"{PACKAGE}.")
    return value if is_own else None


def _value(node: ast.AST, scope: dict[str, Any]) -> Any:
    """What a name stands for, with the dots behind it."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        before = _value(node.value, scope)
        if isinstance(before, (ModuleType, type)):
            return getattr(before, node.attr, None)
    return None


@functools.cache
def _named(function: FunctionType, owner: type | None) -> list[tuple[FunctionType, type | None]]:
    """The application's functions that this one names, each with the class that it is of."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    scope = function.__globals__ | {"self": owner, "cls": owner}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            scope |= {each.asname or each.name: getattr(module, each.name) for each in node.names}
    found = []
    for node in nodes:
        if named := _function(_value(node, scope)):
            of = _value(node.value, scope) if isinstance(node, ast.Attribute) else None
            found.append((named, of if isinstance(of, type) else None))
    return found


def ways(
    start: Any, wanted: Any, *, owner: type | None = None, but: frozenset[str] = frozenset()
) -> set[str]:
    """The functions that name `wanted` and to which `start` comes.

    Args:
        owner: the class that `start` is of.
        but: functions that are not gone into, by name.
    """
    first = _function(start)
    waiting = [(first, owner)] if first else []
    seen, found = set(waiting), set()
    while waiting:
        function, of = waiting.pop()
        for named in _named(function, of):
            if named[0] is wanted:
                found.add(name_of(function))
            elif named not in seen and name_of(named[0]) not in but:
                seen.add(named)
                waiting.append(named)
    return found


def places(wanted: Any) -> set[str]:
    """Every function of the application whose source has this name."""
    root = Path(llm_ui.__file__).parent
    return {
        f"{'.'.join((PACKAGE, *path.relative_to(root).with_suffix('').parts))}.{qualified}"
        for path in root.rglob("*.py")
        for qualified, node in _functions(ast.parse(path.read_text()))
        if any(
            isinstance(each, (ast.Name, ast.Attribute))
            and wanted.__name__ in (getattr(each, "id", ""), getattr(each, "attr", ""))
            for each in ast.walk(node)
        )
    }


def _functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{inside}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{inside}{node.name}.")
