"""Several workers on one PostgreSQL and one Redis.

`pair` is two servers of one worker each, on two ports, so that a test says which worker
does what; `twin` is one server with two workers, as people run it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import fresh_postgres, migrate
from tests.scripted.server import ConnectionRecord, RequestRecord
from tests.states.client import COOKIE, Tab
from tests.states.served import Person, Server, model_server, serve


@pytest.fixture(scope="session")
def models_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The scripted model server. What a question says is what it does."""
    with model_server(tmp_path_factory.mktemp("models")) as url:
        yield url


def connections(models_url: str) -> list[ConnectionRecord]:
    """What the model server has seen."""
    found = httpx.get(f"{models_url}/__connections", timeout=10).json()
    return [
        ConnectionRecord(
            each["id"],
            each["opened"],
            each["closed"],
            [RequestRecord(**request) for request in each["requests"]],
        )
        for each in found
    ]


def until_known(server: Server) -> None:
    """Wait until the server knows its models."""
    deadline = time.monotonic() + 30
    while not server.rows("SELECT id FROM aimodel"):
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.1)


@dataclass(frozen=True)
class Pair:
    """Two workers, and somebody with an account."""

    one: Server
    two: Server
    bob: Person
    models_url: str

    def move(self, tab: Tab, server: Server) -> None:
        """Have a tab connect to that worker the next time."""
        tab.url = tab.headers["Origin"] = server.url

    def ask(self, server: Server, text: str, person: Person | None = None) -> tuple[str, str]:
        """Ask in a new chat by REST; that worker streams it. Gives the chat's and the run's id."""
        person = person or self.bob
        model = server.rest(person, "GET", "/models").json()["items"][0]["id"]
        chat = server.rest(person, "POST", "/chats", model=model).json()["id"]
        answer = server.rest(person, "POST", f"/chats/{chat}/messages", content=text)
        assert answer.status_code == 202 or answer.is_success, answer.text
        return chat, answer.json()["run_id"]

    def headers(self) -> dict[str, str]:
        """For requests of bob's own."""
        return {"Cookie": f"{COOKIE}={self.bob.cookie}", "X-CSRF-Token": self.bob.csrf}


def scratch_database(server: str, kind: str) -> str:
    """A migrated PostgreSQL database."""
    url = fresh_postgres(server, kind)
    migrate(url)
    return url


@contextmanager
def two_servers(folder: Path, database_url: str, models_url: str, redis: str) -> Iterator[Pair]:
    """Two servers of one worker each."""
    with ExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            running = serve(
                folder / name, database_url, models_url, REDIS_URL=redis, DATA_DIR=str(folder)
            )
            servers.append(stack.enter_context(running))
        one, two = servers
        bob = one.register("bob")
        until_known(one)
        yield Pair(one, two, bob, models_url)


@pytest.fixture(scope="session")
def pair(
    tmp_path_factory: pytest.TempPathFactory, models_url: str, redis_url: str, postgres_server: str
) -> Iterator[Pair]:
    """Two workers on the usual Redis."""
    folder = tmp_path_factory.mktemp("pair")
    url = scratch_database(postgres_server, "pair")
    with two_servers(folder, url, models_url, redis_url) as running:
        yield running


@pytest.fixture
def twin(tmp_path: Path, models_url: str, redis_url: str, postgres_server: str) -> Iterator[Server]:
    """One server with two workers."""
    url = scratch_database(postgres_server, "twin")
    with serve(tmp_path, url, models_url, workers=2, REDIS_URL=redis_url) as running:
        running.register("bob")
        until_known(running)
        yield running
