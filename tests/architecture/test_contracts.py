"""The house keeps to its plan: imports, names, files, and what a reviewer would look for."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "llm_ui"
# What may catch anything, and how often: the engine must outlive a provider's or its own
# bug, the runner of jobs a job's; a unit of work rolls back, and a step of the command line
# ends its line, however it ends, and both raise again.
CATCH_ALL = {
    "generation/engine.py": 1,
    "generation/keeping.py": 1,
    "jobs/runner.py": 1,
    "db.py": 1,
    "cli/steps.py": 1,
}
SECRET = re.compile(
    r"password|secret|cookie|session|csrf|hash|(api|private)_?key|(?<!output_)token(?!s)"
)
SECTIONS = (
    "llm_ui.py", "config.py", "errors.py", "db.py", "auth.py", "api_client.py", "models",
    "schemas", "services", "generation", "providers", "llm_api", "api", "jobs", "security",
    "i18n", "react", "states", "components", "pages",
)  # fmt: skip
ADAPTERS = ("llm_api", "ollama", "openai", "anthropic")
FILES = (
    "dev.py", "setup.py", "rxconfig.py", "pyproject.toml", "requirements.txt", "alembic.ini",
    ".env.example", ".ci/run", "LICENSE", "alembic", "assets", "tests/unit", "tests/states",
    "tests/api", "tests/architecture",
)  # fmt: skip


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package, parsed."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text())


def states() -> list[type[Any]]:
    """The application's states."""
    import reflex as rx

    import llm_ui.llm_ui  # noqa: F401 - registers them

    found: list[type[Any]] = []
    waiting = list(rx.State.__subclasses__())
    while waiting:
        state = waiting.pop()
        waiting += state.__subclasses__()
        if state.__module__.startswith("llm_ui.states."):
            found.append(state)
    return found


def own_handlers() -> list[Any]:
    """Each event handler's function, with the state it belongs to."""
    return [
        pytest.param(handler.fn, id=f"{state.__name__}.{name}")
        for state in states()
        for name, handler in state.event_handlers.items()
        if getattr(handler.fn, "__module__", "").startswith("llm_ui.states.")
    ]


# --- the layers ----------------------------------------------------------------------------


def test_imports_keep_to_the_layers() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is missing: python3 dev.py setup installs it")
    checked = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", SECTIONS)
def test_the_house_has_its_rooms(name: str) -> None:
    assert (PACKAGE / name).exists()


@pytest.mark.parametrize("name", FILES)
def test_the_top_level_has_its_files(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("name", ADAPTERS)
def test_each_adapter_has_a_folder(name: str) -> None:
    assert (PACKAGE / "providers" / name / "__init__.py").exists()


# --- documented names ----------------------------------------------------------------------


def test_the_documented_states_are_there() -> None:
    from llm_ui.states.admin import AdminState
    from llm_ui.states.ai_providers import AIProviderState
    from llm_ui.states.auth import AuthState
    from llm_ui.states.chat import ChatState

    assert {"current_input", "current_response", "messages"} <= set(ChatState.vars)
    assert "send_message" in ChatState.event_handlers
    assert {"load_providers", "save_provider"} <= set(AIProviderState.event_handlers)
    assert any(name.startswith("form_") for name in AIProviderState.vars)
    assert {AuthState, ChatState, AdminState, AIProviderState} <= set(states())


def test_the_sidebar_module_has_both_sidebars() -> None:
    from llm_ui.components import sidebar

    assert callable(sidebar.admin_sidebar)
    assert callable(sidebar.client_sidebar)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/v1/auth/register", "post"), ("/api/v1/auth/login", "post"),
        ("/api/v1/auth/logout", "post"), ("/api/v1/auth/me", "get"), ("/api/v1/models", "get"),
        ("/api/v1/chats", "post"), ("/api/v1/chats", "get"), ("/api/v1/chats/{chat_id}", "get"),
        ("/api/v1/chats/{chat_id}/messages", "post"), ("/api/v1/runs/{run_id}/events", "get"),
        ("/api/v1/runs/{run_id}/stop", "post"), ("/health/live", "get"), ("/health/ready", "get"),
    ],
)  # fmt: skip
def test_the_documented_routes_are_there(path: str, method: str) -> None:
    from llm_ui.api.app import create_api

    assert method in create_api().openapi()["paths"].get(path, {})


# --- event handlers --------------------------------------------------------------------------


@pytest.mark.parametrize("handler", own_handlers())
def test_every_handler_says_what_it_does(handler: Any) -> None:
    assert (inspect.getdoc(handler) or "").strip()


@pytest.mark.parametrize("handler", own_handlers())
def test_every_handler_takes_what_the_guard_can_check(handler: Any) -> None:
    from llm_ui.states.guard import PLAIN_TYPES, _parameters

    for parameter in inspect.signature(handler).parameters.values():
        assert parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    for name, (hint, _) in _parameters(handler).items():
        assert hint in PLAIN_TYPES, name


def test_no_var_that_the_browser_sees_is_named_like_a_secret() -> None:
    # Reflex's own are inherited: the route, and the headers without their cookie.
    seen = {n for state in states() for n in state.base_vars if not n.startswith("rx_")}
    assert seen
    assert not {name for name in seen if SECRET.search(name)}


def test_nothing_is_kept_in_the_browsers_storage() -> None:
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("LocalStorage", "SessionStorage", "Cookie"), name


# --- habits --------------------------------------------------------------------------------


def _catches_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = {each.id for each in kinds if isinstance(each, ast.Name)}
    return node.type is None or bool(names & {"Exception", "BaseException"})


def test_only_the_documented_places_catch_everything() -> None:
    found = {
        name: count for name, tree in sources() if (count := sum(map(_catches_all, ast.walk(tree))))
    }
    assert found == CATCH_ALL


def test_only_the_database_module_commits() -> None:
    committing = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    }
    assert committing <= {"db.py"}


def test_only_the_configuration_reads_the_environment() -> None:
    """The command line hands variables on to programs that it starts."""
    reading = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in (("os", "environ"), ("os", "getenv"))
    }
    assert {name for name in reading if not name.startswith(("cli/", "llm_api/"))} <= {"config.py"}


def test_every_module_says_what_it_is_for() -> None:
    silent = {name for name, tree in sources() if tree.body and not ast.get_docstring(tree)}
    assert not silent
