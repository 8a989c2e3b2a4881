"""Every route, for everybody who may not: found by itself, so that none can be forgotten.

Covers these classes of docs/security.md: a route without the create route's check, a suspended
owner's key still valid, a stale role, a missing or wrong body killing the process.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.api.app import create_api
from llm_ui.api.openapi import operations
from llm_ui.db import script_url, unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import APIKey, User
from llm_ui.models.base import now
from llm_ui.services import api_keys
from tests.api import stock
from tests.api.conftest import Caller, make_caller
from tests.api.test_document import DOCUMENT
from tests.conftest import People
from tests.states.digest import digest, everything, of_person

SAFE = {"get", "head", "options"}
MISSING = "01a00000-0000-7000-8000-000000000000"
MALFORMED = ("x", "%00", "a" * 300, "../../etc/passwd")
# Who is not signed in may sign in, ask whether the server is well, and come by a link.
OPEN = {
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/register"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/api/v1/auth/door"),
    ("post", "/api/v1/auth/invitation"),
    ("post", "/api/v1/auth/invitation/accept"),
    ("post", "/api/v1/auth/reset"),
    ("post", "/api/v1/auth/reset/accept"),
}
# What no key opens: one's own account, and the keys themselves.
OF_THE_ACCOUNT = re.compile(r"^/api/v1/(account|keys|auth/(me|logout|confirm))")


def routes() -> list[tuple[str, str]]:
    """Every method and path of the OpenAPI document."""
    paths = create_api().openapi()["paths"]
    return sorted((method, path) for path, methods in paths.items() for method in methods)


ROUTES = routes()
CLOSED = [each for each in ROUTES if each not in OPEN]
ADMINS = [each for each in CLOSED if each[1].startswith("/api/v1/admin/")]
CHANGING = [each for each in CLOSED if each[0] not in SAFE]


def filled(path: str, value: str = MISSING) -> str:
    """The path with a value for each of its parameters."""
    return re.sub(r"\{\w+\}", value, path)


async def statuses(caller: Caller, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """What somebody gets at each of these routes, with a body that fits none of them."""
    found = {}
    for method, path in wanted:
        body = {} if method in SAFE else {"json": {}}
        answer = await caller.request(method.upper(), filled(path), **body)
        found[method, path] = answer.status_code
    return found


def others(found: dict[tuple[str, str], int], *expected: int) -> dict[tuple[str, str], int]:
    """Those that got something else."""
    return {route: status for route, status in found.items() if status not in expected}


async def key_caller(people: People, name: str, *scopes: str) -> Caller:
    async with unit_of_work() as session:
        fresh = await api_keys.create_key(session, people.actors[name], "Sweep", scopes, 30)
    caller = make_caller()
    caller.headers["Authorization"] = f"Bearer {fresh.key}"
    return caller


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch):
    """A sweep is more than anybody may call in a minute."""
    from llm_ui.api import rates
    from llm_ui.config import get_settings
    from llm_ui.security.limits import Allowance

    monkeypatch.setenv("RATE_LIMIT", "0")
    get_settings.cache_clear()
    monkeypatch.setattr(rates, "_refusals", Allowance(times=100_000, seconds=60))
    yield
    get_settings.cache_clear()


def test_there_is_something_to_sweep():
    assert len(ROUTES) > 90
    assert len(ADMINS) > 20
    assert set(ROUTES) >= OPEN


async def test_who_is_not_signed_in_gets_nothing(visitor: Caller, engine: Engine):
    assert others(await statuses(visitor, CLOSED), 401) == {}


async def test_who_is_no_admin_gets_nothing_of_theirs(bob: Caller, engine: Engine):
    assert others(await statuses(bob, ADMINS), 403) == {}


async def test_what_is_missing_is_missing_and_nothing_breaks(charlie: Caller, engine: Engine):
    """Without a body that fits, and for ids that stand for nothing."""
    found = await statuses(charlie, [each for each in CLOSED if each not in ADMINS])
    for (method, path), status in found.items():
        assert status < 500, (method, path)
        if "{" in path and method in SAFE:
            assert status == 404, (method, path)


@pytest.mark.parametrize("value", MALFORMED)
async def test_malformed_ids_are_missing_too(alice: Caller, engine: Engine, value: str):
    for method, path in [each for each in CLOSED if "{" in each[1]]:
        body = {} if method in SAFE else {"json": {}}
        answer = await alice.request(method.upper(), filled(path, value), **body)
        assert answer.status_code in (404, 405, 422, 403), (method, path, answer.status_code)


async def test_a_call_without_its_csrf_token_changes_nothing(alice: Caller, engine: Engine):
    del alice.headers["X-CSRF-Token"]
    assert others(await statuses(alice, CHANGING), 403) == {}


async def test_a_read_key_changes_nothing_and_administers_nothing(people: People, engine: Engine):
    async with await key_caller(people, "alice", "read") as caller:
        assert others(await statuses(caller, CHANGING), 403) == {}
        assert others(await statuses(caller, ADMINS), 403) == {}


async def test_no_key_opens_the_account(people: People, engine: Engine):
    account = [each for each in CLOSED if OF_THE_ACCOUNT.match(each[1])]
    assert len(account) > 10
    async with await key_caller(people, "alice", "admin") as caller:
        assert others(await statuses(caller, account), 403) == {}


@pytest.mark.parametrize(
    "ended",
    [
        sa.update(APIKey).values(expires_at=now() - timedelta(seconds=1)),
        sa.update(APIKey).values(revoked_at=now(), is_active=False),
        sa.update(User).values(is_active=False),
    ],
    ids=["expired", "revoked", "its owner is disabled"],
)
async def test_an_ended_key_opens_nothing(people: People, engine: Engine, ended: sa.Update):
    async with await key_caller(people, "alice", "admin") as caller:
        async with unit_of_work() as session:
            await session.execute(ended)
        assert others(await statuses(caller, CLOSED), 401) == {}


async def test_who_is_disabled_gets_nothing(people: People, bob: Caller, engine: Engine):
    async with unit_of_work() as session:
        mine = col(User.id) == people.bob.user_id
        await session.execute(sa.update(User).where(mine).values(is_active=False))
    assert others(await statuses(bob, CLOSED), 401) == {}


async def test_who_is_demoted_administers_nothing(people: People, alice: Caller, engine: Engine):
    async with unit_of_work() as session:
        mine = col(User.id) == people.alice.user_id
        await session.execute(sa.update(User).where(mine).values(role="user"))
    assert others(await statuses(alice, ADMINS), 403) == {}


# --- things of somebody else's ----------------------------------------------------------------


def ways_to_name(path: str, body: object, foreign: dict[str, str], own: dict[str, str]):
    """Paths and bodies that name foreign things, each with the same that names missing ones."""
    missing = dict.fromkeys(foreign, MISSING)
    if "{" in path:
        yield (path, body, foreign, own), (path, body, missing, own)
    if stock.naming(body, foreign) != stock.naming(body, missing):
        yield (path, body, own, foreign), (path, body, own, missing)


@pytest.mark.parametrize("who", ["charlie", "alice"])
async def test_what_is_bobs_gives_exactly_what_is_missing(
    people: People, bob: Caller, model_id: str, engine: Engine, database_url: str, who: str
):
    """File by foreign id, child id under another parent, foreign chat id in completions, stop
    or list other people's tasks: whatever names bob's things, in the path or in the body."""
    mark = f"w{secrets.token_hex(8)}"
    foreign = await stock.belongings(bob, mark)
    await stock.until(bob, f"/files/{foreign['file_id']}", lambda it: it["status"] != "waiting")
    database = sa.create_engine(script_url(database_url))
    before = digest(of_person(everything(database), people.bob.user_id))
    named = 0
    async with make_caller(people, who) as caller:
        own = await stock.belongings(caller)
        for path, method, operation in operations(DOCUMENT):
            if (method, path) not in CLOSED or "/admin/" in path:
                continue
            contents = operation.get("requestBody", {}).get("content", {})
            body = contents.get("application/json", {}).get("example")
            # A model is everybody's.
            known = await stock.look_up(bob, path, foreign)
            theirs = {name: each for name, each in known.items() if name != "model_id"}
            for naming in ways_to_name(path, body, theirs, own):
                told = []
                for where, what, in_path, in_body in naming:
                    ids = own | in_path
                    sent = {} if what is None else {"json": stock.naming(what, own | in_body)}
                    answer = await caller.request(method.upper(), stock.filled(where, ids), **sent)
                    told.append((answer.status_code, answer.text))
                    assert mark not in answer.text, (method, path)
                assert told[0] == told[1], (method, path)
                assert told[0][0] in (404, 422), (method, path, told[0])
                named += 1
        for method, path in CLOSED:
            if method == "get" and "{" not in path and "/admin/" not in path:
                answer = await caller.get(path)
                assert mark not in answer.text, path
    assert named > 30
    assert digest(of_person(everything(database), people.bob.user_id)) == before
    database.dispose()


FORGED = {
    "X-Forwarded-User": "alice", "X-Remote-User": "alice", "Remote-User": "alice",
    "X-User-Id": "1", "X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/health/live",
    "Authorization": "Bearer llmui_" + "a" * 43,
}  # fmt: skip


async def test_forged_auth_headers_open_nothing(visitor: Caller, people: People, engine: Engine):
    visitor.headers.update(FORGED)
    visitor.headers["X-CSRF-Token"] = people.sessions["alice"].csrf_token
    assert others(await statuses(visitor, CLOSED), 401) == {}
