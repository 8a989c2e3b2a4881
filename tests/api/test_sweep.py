"""Every route, for everybody who may not: found by itself, so that none can be forgotten.

Covers these classes of docs/security.md: a route without the create route's check, a suspended
owner's key still valid, a stale role, a missing or wrong body killing the process, a key that makes
better credentials.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui import auth
from llm_ui.api.app import create_api
from llm_ui.api.openapi.document import _dependants, _depends_on, operations
from llm_ui.db import script_url, unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import APIKey, User
from llm_ui.models.base import now
from llm_ui.services.accounts import api_keys
from llm_ui.services.accounts import users as user_admin
from tests.api import stock
from tests.api.conftest import Caller, make_caller
from tests.api.test_document import DOCUMENT
from tests.api.test_step_up import FAR, Call, confirmed, told, what_they_name
from tests.conftest import PASSWORD, People
from tests.sources import places, ways
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
    ("get", "/api/v1/auth/registration"),
    ("post", "/api/v1/auth/invitation"),
    ("post", "/api/v1/auth/invitation/accept"),
    ("post", "/api/v1/auth/reset"),
    ("post", "/api/v1/auth/reset/accept"),
}
# What asks for the password once more, where it reaches far; what test_step_up.py calls FAR does.
ASKING = {
    ("post", "/api/v1/keys"),
    ("post", "/api/v1/keys/{key_id}/rotate"),
    ("get", "/api/v1/admin/backups/{name}/content"),
    ("delete", "/api/v1/admin/backups/{name}"),
    ("post", "/api/v1/admin/invitations"),
    ("post", "/api/v1/admin/users"),
    ("patch", "/api/v1/admin/users/{user_id}"),
    ("delete", "/api/v1/admin/users/{user_id}"),
    ("post", "/api/v1/admin/users/{user_id}/delete"),
    ("post", "/api/v1/admin/users/{user_id}/reset-link"),
}
# When the password was typed once more.
ABSENT, EXPIRED = None, auth.CONFIRMED_FOR + timedelta(seconds=1)
PRESENT = auth.CONFIRMED_FOR - timedelta(minutes=1)
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
    from llm_ui.api.http import rate_limits
    from llm_ui.config import get_settings
    from llm_ui.security.limits import Allowance

    monkeypatch.setenv("RATE_LIMIT", "0")
    get_settings.cache_clear()
    monkeypatch.setattr(rate_limits, "_refusals", Allowance(times=100_000, seconds=60))
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
    if any(f"{{{name}}}" in path for name in foreign):
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


# --- the password once more ---------------------------------------------------------------------

# What was done for somebody who had typed it is told again only to whoever has: any POST may say
# that it is sent once more. test_idempotency.py plays that.
REPLAYING = frozenset({"llm_ui.api.http.idempotency.claim"})
# No route sets what is kept: only the pages do.
OF_PAGES = {"llm_ui.services.operations.instance_settings.keep"}


def asking() -> dict[tuple[str, str], set[str]]:
    """The routes that ask for the password once more, each with the functions that do."""
    found = {}
    for (path, method), dependant in _dependants(create_api().routes).items():
        calls = (dependant.call, *_depends_on(dependant))
        asked = [ways(each, auth.require_confirmed, but=REPLAYING) for each in calls]
        if any(asked):
            found[method, path] = set().union(*asked)
    return found


def route_of(call: Call) -> tuple[str, str]:
    """The route that a call goes to."""
    (found,) = [
        (method, path)
        for method, path in ROUTES
        if method == call.method.lower() and re.fullmatch(filled(path, "[^/]+"), call.path)
    ]
    return found


def test_what_asks_for_the_password_is_declared_and_played():
    found = asking()
    assert set(found) == ASKING
    assert {route_of(call) for call in FAR} == ASKING
    assert set().union(*found.values()) == places(auth.require_confirmed) - REPLAYING - OF_PAGES


@pytest.fixture
async def ids(people: People, engine: Engine, settings_env, tmp_path) -> dict[str, str]:
    settings_env("DATA_DIR", str(tmp_path / "data"))
    return await what_they_name(people)


@pytest.mark.parametrize("call", FAR, ids=str)
async def test_what_reaches_far_is_done_with_a_password_that_is_fresh_and_not_without(
    people: People, alice: Caller, ids: dict[str, str], database_url: str, call: Call
):
    database = sa.create_engine(script_url(database_url))
    for ago in (ABSENT, EXPIRED):
        await confirmed(people, ago)
        before = digest(everything(database))
        assert await told(alice, call, ids) == (403, "password_needed"), ago
        assert digest(everything(database)) == before, ago
    await confirmed(people, PRESENT)
    assert await told(alice, call, ids) == (call.status, "")
    database.dispose()


# Who may do nothing of what reaches far, and what they are told.
TURNED_AWAY = {
    "a visitor": {(401, "not_authenticated")},
    "who is disabled": {(401, "not_authenticated")},
    "who is demoted": {(401, "not_authenticated")},
    # A key of somebody else's is missing.
    "a user": {(403, "not_allowed"), (404, "not_found")},
    "a key to read": {(403, "key_scope")},
    "a key to chat": {(403, "key_scope")},
    "a key to admin": {(403, "key_scope")},
}


async def turned_away(people: People, dora: str, who: str) -> Caller:
    """One of them."""
    if who == "a visitor":
        return make_caller()
    if who == "a user":
        return make_caller(people, "bob")
    if who.startswith("a key"):
        return await key_caller(people, "alice", who.rpartition(" ")[2])
    changes = {"role": "user"} if who == "who is demoted" else {"is_active": False}
    async with unit_of_work() as session:
        other = replace(people.alice, user_id=dora)
        await user_admin.change(session, other, people.alice.user_id, **changes)
    return make_caller(people, "alice")


@pytest.mark.parametrize("who", TURNED_AWAY)
async def test_to_whom_it_is_closed_the_password_opens_nothing_either(
    people: People, ids: dict[str, str], database_url: str, who: str
):
    """A key that makes better credentials: it passes by nobody's password, not by its owner's."""
    database = sa.create_engine(script_url(database_url))
    async with await turned_away(people, ids["dora"], who) as caller:
        for ago in (ABSENT, EXPIRED, PRESENT):
            for name in people.actors:
                await confirmed(people, ago, name)
            before = digest(everything(database))
            for call in FAR:
                assert await told(caller, call, ids) in TURNED_AWAY[who], (str(call), ago)
            assert digest(everything(database)) == before, ago
    database.dispose()


# What takes things away comes last, and what ends sessions last of all.
ORDER = ("get", "post", "put", "patch", "delete")
ENDING = (
    ("delete", "/api/v1/account/sessions"),
    ("delete", "/api/v1/account/sessions/{session_id}"),
    ("post", "/api/v1/auth/logout"),
    ("post", "/api/v1/account/password"),
    ("post", "/api/v1/account/delete"),
)
# Of these there is one of a kind.
UNIQUE = {"email", "username", "name", "api_url"}
# The three share a model, which has one price a day: the first of them sets it and takes it away.
ONE_FOR_ALL = {
    ("post", "/api/v1/admin/models/{model_id}/prices"),
    ("delete", "/api/v1/admin/models/{model_id}/prices/{price_id}"),
}


def by_order(route: tuple[str, str]) -> tuple[int, int]:
    verb = "delete" if route[1].endswith("/delete") else route[0]
    return ENDING.index(route) if route in ENDING else -1, ORDER.index(verb)


async def played(
    caller: Caller, route: tuple[str, str], ids: dict[str, str], name: str
) -> tuple[int, str]:
    """What comes of a route's documented example, with what is one's own in it."""
    method, path = route
    content = DOCUMENT["paths"][path][method].get("requestBody", {}).get("content", {})
    ids = await stock.look_up(caller, path, ids)
    sent = {}
    if "application/json" in content:
        body = stock.naming(content["application/json"]["example"], ids)
        for field in UNIQUE & set(body):
            body[field] = f"{body[field]}/{name}" if "url" in field else f"{name}{body[field]}"
        sent = {"json": body}
    elif content:
        path, sent = f"{path}?name={name}.txt", {"content": name.encode()}
    answer = await caller.request(method.upper(), stock.filled(path, ids), **sent)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem")
    return answer.status_code, answer.json()["code"] if is_problem else ""


@pytest.mark.parametrize("role", ["user", "admin"])
async def test_nothing_else_minds_when_the_password_was_typed(
    people: People, model_id: str, engine: Engine, settings_env, tmp_path, role: str
):
    """Three people, who differ in nothing else, get the same at every other route."""
    settings_env("DATA_DIR", str(tmp_path / "data"))
    agos = {"alice": ABSENT, "bob": EXPIRED, "charlie": PRESENT}
    callers, ids = {}, {}
    async with unit_of_work() as session:
        await session.execute(sa.update(User).values(role=role))
    for name, ago in agos.items():
        callers[name] = make_caller(people, name)
        ids[name] = await stock.belongings(callers[name], name)
        if role == "admin":
            ids[name] |= await stock.charge(callers[name], name)
        await confirmed(people, ago, name)
    done = 0
    for route in sorted([each for each in CLOSED if each not in ASKING], key=by_order):
        got = {}
        for name, caller in callers.items():
            if route in ENDING and (await caller.get("/api/v1/me")).status_code == 401:
                credentials = {"email": f"{name}@example.org", "password": PASSWORD}
                entered = await caller.post("/api/v1/auth/login", json=credentials)
                caller.headers[auth.CSRF_HEADER] = entered.json()["csrf_token"]
                await confirmed(people, agos[name], name)
            got[name] = await played(caller, route, ids[name], name)
        assert "password_needed" not in [code for _, code in got.values()], route
        assert len(set(got.values())) == 1 or route in ONE_FOR_ALL, (route, got)
        done += got["alice"][0] < 300
    assert done > (100 if role == "admin" else 55)
    for caller in callers.values():
        await caller.aclose()


FORGED = {
    "X-Forwarded-User": "alice",
    "X-Remote-User": "alice",
    "Remote-User": "alice",
    "X-User-Id": "1",
    "X-Forwarded-For": "127.0.0.1",
    "X-Original-URL": "/health/live",
    "Authorization": "Bearer llmui_" + "a" * 43,
}


async def test_forged_auth_headers_open_nothing(visitor: Caller, people: People, engine: Engine):
    visitor.headers.update(FORGED)
    visitor.headers["X-CSRF-Token"] = people.sessions["alice"].csrf_token
    assert others(await statuses(visitor, CLOSED), 401) == {}
