"""The OpenAPI document is true, whatever is sent: schemathesis against the served application.

As alice, as bob and signed out every operation gets its documented example, things that fit
its schema and things that do not. Nothing may break, and every answer's status, type and
shape stand in the document. The same things are sent at each run; CONTRACT_EXAMPLES=200
makes it long, CONTRACT_DATABASE=postgres sends it to PostgreSQL.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from unittest import SkipTest

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from tests.api import stock
from tests.conftest import fresh_postgres, migrate
from tests.states.client import COOKIE
from tests.states.served import Person, Server, model_server, serve
from tests.workers.conftest import until_known

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "4"))
pytestmark = pytest.mark.timeout(180 + 30 * EXAMPLES)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Sent by somebody made for this one operation, because of what it may do to its caller.
BY_SOMEBODY_ELSE = {
    "POST /api/v1/auth/logout": "ends the session",
    "POST /api/v1/account/delete": "ends the account",
    "POST /api/v1/account/password": "wrong passwords make the right one wait",
    "PATCH /api/v1/account": "wrong passwords make the right one wait",
    "DELETE /api/v1/account/sessions": "ends sessions that others here go by",
    "DELETE /api/v1/account/sessions/{session_id}": "ends the session",
}
# What takes things away comes last.
ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")
# How many of the operations alice must have had answered with what she asked for.
SUCCEEDED = 0.7


@dataclass
class Caller:
    """Somebody who calls, and what became of it."""

    server: Server
    person: Person | None
    ids: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._session = requests.Session()
        # What a sign-in sets is another one's.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def headers(self) -> dict[str, str]:
        """Who it is; each call from another address, for each may be refused so many times."""
        number = next(self._numbers)
        found = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        if self.person is not None:
            found["Cookie"] = f"{COOKIE}={self.person.cookie}"
            found["X-CSRF-Token"] = self.person.csrf
        return found

    def send(self, case: Any) -> None:
        """Send it and note what is wrong with the answer."""
        label = case.operation.label
        headers = self.headers()
        try:
            answer = case.call(
                base_url=self.server.url, session=self._session, headers=headers, timeout=60
            )
            self.statuses.setdefault(label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS, headers=headers)
        except (FailureGroup, requests.RequestException) as failure:
            self.failures.setdefault(label, str(failure))

    def client(self) -> httpx.AsyncClient:
        """The same person for other calls."""
        return httpx.AsyncClient(base_url=self.server.url, headers=self.headers(), timeout=30)


def put_in_place(case: Any, ids: dict[str, str]) -> None:
    """Have the path name things that are there."""
    for name in case.path_parameters:
        if name in ids:
            case.path_parameters[name] = ids[name]


def documented(operation: Any, document: dict[str, Any], ids: dict[str, str]) -> Any:
    """The operation with the example that the document gives."""
    told = document["paths"][operation.path][operation.method.lower()]
    path = {name: ids.get(name, stock.MISSING) for name in stock.PARAMETER.findall(operation.path)}
    query = {
        each["name"]: each["example"]
        for each in told.get("parameters", [])
        if each["in"] == "query" and "example" in each
    }
    contents = told.get("requestBody", {}).get("content", {})
    if not contents:
        return operation.Case(path_parameters=path, query=query)
    media_type, content = next(iter(contents.items()))
    body = stock.naming(content["example"], ids)
    if media_type == "application/octet-stream":
        body = body.encode()
    return operation.Case(path_parameters=path, query=query, body=body, media_type=media_type)


def vary(callers: Sequence[Caller], operation: Any, mode: GenerationMode, times: int) -> None:
    """Send generated things as each of them, every other one to what is there."""
    number = itertools.count()

    @settings(
        max_examples=times,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        is_aimed = next(number) % 2 == 0
        for caller in callers:
            if is_aimed:
                put_in_place(case, caller.ids)
            caller.send(case)

    try:
        run()
    except (SkipTest, Unsatisfiable):
        # There is nothing that does not fit: it takes no parameters, or anything.
        assert mode is GenerationMode.NEGATIVE


def somebody_else(caller: Caller) -> Caller:
    """Another account of the same role, which takes the caller's place for a while."""
    assert caller.person is not None
    person = caller.server.register(f"{caller.person.name}{len(caller.statuses)}")
    if caller.person.name == "alice":
        caller.server.execute("UPDATE \"user\" SET role = 'admin' WHERE id = :user", user=person.id)
    return Caller(caller.server, person, caller.ids, caller.failures, caller.statuses)


async def known(caller: Caller, path: str) -> dict[str, str]:
    async with caller.client() as client:
        return await stock.look_up(client, path, caller.ids)


def sweep(callers: Sequence[Caller], schema: Any, examples: int, method: str) -> None:
    """Send everything to every operation of this method."""
    found = [each.ok() for each in schema.get_all_operations()]
    found = [each for each in found if each.method.upper() == method]
    for operation in found:
        senders = []
        for caller in callers:
            sender = caller
            if caller.person is not None:
                if operation.label in BY_SOMEBODY_ELSE:
                    sender = somebody_else(caller)
                sender.ids |= asyncio.run(known(sender, operation.path))
            sender.send(documented(operation, schema.raw_schema, sender.ids))
            # Who may not, may not whatever is sent.
            if sender.statuses[operation.label] != {403}:
                senders.append(sender)
        if examples and senders:
            vary(senders, operation, GenerationMode.POSITIVE, examples)
            vary(senders, operation, GenerationMode.NEGATIVE, max(1, examples // 2))
    labels = {each.label for each in found}
    assert found
    assert all(labels <= each.statuses.keys() for each in callers)


# --- the application ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The application without a limit of calls, with alice and bob in it."""
    folder = tmp_path_factory.mktemp("contract")
    if os.environ.get("CONTRACT_DATABASE") == "postgres":
        database = fresh_postgres(request.getfixturevalue("postgres_server"), "contract")
        migrate(database)
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "llm_ui.db")
        database = f"sqlite:///{folder / 'llm_ui.db'}"
    with (
        model_server(folder) as models,
        serve(folder, database, models, RATE_LIMIT="0", TRUSTED_PROXIES="1") as running,
    ):
        running.register("alice")
        running.register("bob")
        until_known(running)
        yield running


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    """The document as it is served."""
    # Who calls is for `Caller` to say.
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    return schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json", config=config)


async def equip(caller: Caller) -> None:
    """Have things that are there."""
    async with caller.client() as client:
        caller.ids |= await stock.belongings(client)
        if caller.person is not None and caller.person.name == "alice":
            caller.ids |= await stock.charge(client)
            started = await client.post("/api/v1/admin/jobs", json={"job_type": "backup"})
            await stock.until(
                client, f"/admin/jobs/{started.json()['id']}", lambda job: job["status"] == "done"
            )


def told(failures: dict[str, str]) -> str:
    return "\n\n".join(f"=== {label}\n{text}" for label, text in failures.items())


@pytest.mark.parametrize("path", ["/api/v1/no/such%0Aroute", "/api/v1/chats/a%0Ab/c"])
def test_a_line_break_in_an_address_is_a_problem_as_well(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture(scope="module")
def visitor(server: Server) -> Caller:
    return Caller(server, None)


@pytest.fixture(scope="module")
def bob_and_alice(server: Server) -> tuple[Caller, Caller]:
    bob, alice = (Caller(server, server.log_in(name)) for name in ("bob", "alice"))
    for caller in (bob, alice):
        asyncio.run(equip(caller))
    return bob, alice


def test_every_method_has_its_turn(schema: Any) -> None:
    assert {each.ok().method.upper() for each in schema.get_all_operations()} == set(ORDER)


@pytest.mark.parametrize("method", ORDER)
def test_nobody_gets_anything_that_is_not_documented(
    visitor: Caller, schema: Any, method: str
) -> None:
    sweep([visitor], schema, 0, method)
    assert not visitor.failures, told(visitor.failures)


@pytest.mark.parametrize("method", ORDER)
def test_neither_bob_nor_alice_gets_anything_that_is_not_documented(
    bob_and_alice: tuple[Caller, Caller], schema: Any, method: str
) -> None:
    bob, alice = bob_and_alice
    sweep((bob, alice), schema, EXAMPLES, method)
    assert not bob.failures, told(bob.failures)
    assert not alice.failures, told(alice.failures)


def test_alice_gets_what_she_asks_for_of_most(bob_and_alice: tuple[Caller, Caller]) -> None:
    """Otherwise what the others show would be little."""
    _, alice = bob_and_alice
    if not alice.statuses:
        pytest.skip("nothing has been asked: the tests above do that")
    missed = [label for label, each in alice.statuses.items() if min(each) >= 300]
    assert len(missed) <= (1 - SUCCEEDED) * len(alice.statuses), missed
