"""Tests over the websocket, against the running application.

One server per kind of database serves a whole session. Alice is the admin, bob a user,
charlie the outsider; tests that end somebody's session make people of their own.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import fresh_postgres, migrate
from tests.states.client import CHAT, OPEN_CHAT, Tab
from tests.states.served import Person, Server, model_server, serve

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def models_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The scripted model server. What a question says is what it does."""
    with model_server(tmp_path_factory.mktemp("models")) as url:
        yield url


def _database(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "llm_ui.db")
        return f"sqlite:///{folder / 'llm_ui.db'}"
    url = fresh_postgres(request.getfixturevalue("postgres_server"), "socket")
    migrate(url)
    return url


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models_url: str
) -> Iterator[Server]:
    """The application, with alice registered and the scripted models known."""
    folder = tmp_path_factory.mktemp(f"server-{request.param}")
    with serve(folder, _database(request.param, folder, request), models_url) as running:
        running.register("alice")
        deadline = time.monotonic() + 30
        while not running.rows("SELECT id FROM aimodel"):
            assert time.monotonic() < deadline, running.log()
            time.sleep(0.1)
        yield running


@pytest.fixture(scope="session")
def alice(server: Server) -> Person:
    """The admin."""
    return server.log_in("alice")


@pytest.fixture(scope="session")
def bob(server: Server) -> Person:
    """A user."""
    return server.register("bob")


@pytest.fixture(scope="session")
def charlie(server: Server) -> Person:
    """The outsider who must never see what is bob's."""
    return server.register("charlie")


@pytest.fixture
def somebody(server: Server) -> Callable[[], Person]:
    """Makes new accounts, for tests that end or change them."""
    return lambda: server.register(f"person{next(_numbers)}")


async def ask(tab: Tab, text: str, key: str = "") -> int:
    """Send a question from an open chat page; returns the run's short number."""
    key = key or f"key-{next(_numbers)}"
    await tab.call(CHAT, "send_message", text=text, key=key)
    await tab.until(lambda: tab.vars(CHAT).get("accepted_key") == key)
    # A run that is over already has been streamed before.
    running: int = tab.vars(OPEN_CHAT)["messages"][-1]["run"]
    return running or tab.answers.newest


async def answered(tab: Tab, timeout: float = 30.0) -> dict[str, object]:
    """Wait for the end of the answer that is being written; returns the message."""
    await tab.until(
        lambda: tab.vars(OPEN_CHAT)["busy"] is False and tab.vars(OPEN_CHAT)["messages"], timeout
    )
    message: dict[str, object] = tab.vars(OPEN_CHAT)["messages"][-1]
    return message
