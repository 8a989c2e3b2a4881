"""The house keeps to its plan: imports, names, files, and what a reviewer would look for."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "llm_ui"
# What may catch anything, and how often: the engine must outlive a provider's or its own
# bug, the runner of jobs a job's, and the look at connections goes on, whatever one of them
# says; a unit of work rolls back, and a step of the command line
# ends its line, however it ends, and both raise again.
CATCH_ALL = {
    "api/http/unread.py": 1,
    "generation/engine.py": 1,
    "generation/keeping.py": 1,
    "jobs/runner.py": 1,
    "db.py": 1,
    "indexing.py": 1,
    "cli/setup/steps.py": 1,
}
SECRET = re.compile(
    r"password|secret|cookie|session|csrf|hash|(api|private)_?key|(?<!output_)token(?!s)"
)
SECTIONS = (
    "llm_ui.py",
    "config.py",
    "errors.py",
    "db.py",
    "auth.py",
    "api_client.py",
    "models",
    "schemas",
    "services",
    "generation",
    "providers",
    "llm_api",
    "api",
    "jobs",
    "security",
    "i18n",
    "react",
    "states",
    "components",
    "pages",
)
ADAPTERS = ("llm_api", "ollama", "openai", "anthropic")
FILES = (
    "dev.py",
    "setup.py",
    "rxconfig.py",
    "pyproject.toml",
    "requirements.txt",
    "alembic.ini",
    ".env.example",
    ".ci/run",
    "LICENSE",
    "alembic",
    "assets",
    "tests/unit",
    "tests/states",
    "tests/api",
    "tests/architecture",
)


@functools.cache
def sources() -> list[tuple[str, ast.Module]]:
    """Every module of the package, parsed."""
    return [
        (str(path.relative_to(PACKAGE)), ast.parse(path.read_text()))
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    from llm_ui.api.app import create_api

    return create_api().openapi()


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


def test_texts_are_normalised_in_one_place_which_bounds_the_work() -> None:
    # Passwords are short, and have to stay what their hashes were made of.
    allowed = {"normal_forms.py", "security/passwords.py"}
    found = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "normalize"
        and ast.unparse(node.value) == "unicodedata"
    }
    assert found == allowed


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
    from llm_ui.states.admin_state import AdminState
    from llm_ui.states.auth_state import AuthState
    from llm_ui.states.catalogue.providers import AIProviderState
    from llm_ui.states.chat_state import ChatState

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
        ("/api/v1/auth/register", "post"),
        ("/api/v1/auth/login", "post"),
        ("/api/v1/auth/logout", "post"),
        ("/api/v1/auth/me", "get"),
        ("/api/v1/models", "get"),
        ("/api/v1/chats", "post"),
        ("/api/v1/chats", "get"),
        ("/api/v1/chats/{chat_id}", "get"),
        ("/api/v1/chats/{chat_id}/messages", "post"),
        ("/api/v1/runs/{run_id}/events", "get"),
        ("/api/v1/runs/{run_id}/stop", "post"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
    ],
)
def test_the_documented_routes_are_there(path: str, method: str) -> None:
    assert method in document()["paths"].get(path, {})


# --- event handlers --------------------------------------------------------------------------


@pytest.mark.parametrize("handler", own_handlers())
def test_every_handler_says_what_it_does(handler: Any) -> None:
    # Reflex copies what comes from a mixin, without its words.
    assert (inspect.getdoc(inspect.unwrap(handler)) or "").strip()


@pytest.mark.parametrize("handler", own_handlers())
def test_every_handler_takes_what_the_guard_can_check(handler: Any) -> None:
    from llm_ui.states.socket.guard import PLAIN_TYPES, _parameters

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


# --- Reflex --------------------------------------------------------------------------------

INTERNALS = re.compile(
    r"^(reflex_base|reflex_components_\w+|engineio|socketio"
    r"|reflex\.(app|state|middleware|utils|constants))(\.|$)"
)
# The plugin that changes what Reflex builds is its other half.
MAY_TOUCH_INTERNALS = ("reflex_internals.py", "same_origin.py")


def test_what_reflex_does_not_promise_is_used_in_one_module() -> None:
    for name, tree in sources():
        if name in MAY_TOUCH_INTERNALS:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert not INTERNALS.match(node.module or ""), name
            if isinstance(node, ast.Import):
                assert not any(INTERNALS.match(each.name) for each in node.names), name


def test_no_module_stands_in_the_name_of_a_state() -> None:
    assert {state.get_name() for state in states()} == {
        re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", state.__name__).lower()
        for state in states()
    }
