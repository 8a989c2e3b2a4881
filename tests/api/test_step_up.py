"""What reaches far asks for the password once more, and opens to no program. That nothing else
asks, that a refusal changes nothing and how long a password holds is in test_sweep.py.

Covers this class: a key that makes better credentials.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui import auth
from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import AuthSession
from llm_ui.models.base import now
from llm_ui.services.accounts import api_keys, invitations
from llm_ui.services.accounts import users as user_admin
from llm_ui.services.operations import backups
from tests.api.conftest import Caller, make_caller
from tests.conftest import PASSWORD, People

CONFIRM = "/api/v1/auth/confirm"
ADMIN = "/api/v1/admin"
BACKUP = "llm-ui-20261130-120000000000-01234567.zip"
PROMOTED = {"role": "admin"}


@dataclass(frozen=True)
class Call:
    """A call, with names in braces, and what is answered when it may be done."""

    method: str
    path: str
    body: dict[str, Any] | None
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body or ''}"


# Wants the password once more.
FAR = [
    Call("POST", f"{ADMIN}/users", {"email": "e@example.org", "username": "Eve", **PROMOTED}, 201),
    Call("PATCH", f"{ADMIN}/users/{{bob}}", PROMOTED, 200),
    Call("PATCH", f"{ADMIN}/users/{{dora}}", {"role": "user"}, 200),
    Call("PATCH", f"{ADMIN}/users/{{dora}}", {"is_active": False}, 200),
    Call("POST", f"{ADMIN}/users/{{dora}}/reset-link", None, 201),
    Call("POST", f"{ADMIN}/invitations", PROMOTED, 201),
    Call("POST", f"{ADMIN}/users/{{bob}}/delete", {"email": "bob@example.org"}, 204),
    Call("DELETE", f"{ADMIN}/users/{{bob}}", {"email": "bob@example.org"}, 204),
    Call("GET", f"{ADMIN}/backups/{BACKUP}/content", None, 200),
    Call("DELETE", f"{ADMIN}/backups/{BACKUP}", None, 204),
    Call("POST", "/api/v1/keys", {"key_name": "x", "scopes": ["admin"]}, 201),
    Call("POST", "/api/v1/keys/{admin_key}/rotate", None, 200),
]
# Wants a person, who is signed in.
OF_A_PERSON = [
    Call("POST", f"{ADMIN}/users", {"email": "e@example.org", "username": "Eve"}, 201),
    Call("POST", f"{ADMIN}/invitations", {"role": "user"}, 201),
    Call("PATCH", f"{ADMIN}/users/{{out}}", {"is_active": True}, 200),
    Call("POST", f"{ADMIN}/users/{{bob}}/reset-link", None, 201),
    Call("PATCH", f"{ADMIN}/users/{{dora}}", {"username": "Dorothea"}, 200),
    Call("POST", "/api/v1/keys", {"key_name": "x", "scopes": ["chat"]}, 201),
]
# May be done by programs of an administrator's.
OF_PROGRAMS = [
    Call("PATCH", f"{ADMIN}/users/{{bob}}", {"is_active": False}, 200),
    Call("PATCH", f"{ADMIN}/users/{{bob}}", {"username": "Robert", "role": "user"}, 200),
    Call("PATCH", f"{ADMIN}/users/{{bob}}", {"is_active": True}, 200),
    Call("DELETE", f"{ADMIN}/invitations/{{invitation}}", None, 204),
    Call("GET", f"{ADMIN}/backups", None, 200),
    Call("GET", f"{ADMIN}/users", None, 200),
]


async def what_they_name(people: People) -> dict[str, str]:
    """Bob, an admin beside alice, a key that administers, and a backup."""
    backups.folder().mkdir(parents=True)
    (backups.folder() / BACKUP).write_bytes(b"PK")
    async with unit_of_work() as session:
        made = await user_admin.create(
            session, people.alice, email="dora@example.org", username="Dora", role="admin"
        )
        out = people.charlie.user_id
        await user_admin.change(session, people.alice, out, is_active=False)
        invited = await invitations.invite(session, people.alice)
        key = await api_keys.create_key(session, people.alice, "Job", ["admin"], 30)
    return {
        "bob": people.bob.user_id,
        "dora": made.user.id,
        "out": out,
        "invitation": invited.invitation.id,
        "admin_key": key.item.id,
    }


@pytest.fixture
async def ids(people: People, engine: Engine, settings_env, tmp_path) -> dict[str, str]:
    settings_env("DATA_DIR", str(tmp_path / "data"))
    return await what_they_name(people)


async def confirmed(people: People, ago: timedelta | None, name: str = "alice") -> None:
    """When somebody last typed their password once more."""
    moment = None if ago is None else now() - ago
    async with unit_of_work() as session:
        theirs = col(AuthSession.user_id) == people.actors[name].user_id
        await session.execute(sa.update(AuthSession).where(theirs).values(confirmed_at=moment))


async def told(caller: Caller, call: Call, ids: dict[str, str]) -> tuple[int, str]:
    body = {} if call.body is None else {"json": call.body}
    answer = await caller.request(call.method, call.path.format(**ids), **body)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem")
    return answer.status_code, answer.json()["code"] if is_problem else ""


@pytest.fixture
async def program(people: People, ids: dict[str, str]) -> AsyncIterator[Caller]:
    """A program with a key of alice's that administers."""
    async with unit_of_work() as session:
        fresh = await api_keys.create_key(session, people.alice, "Other", ["admin"], 30)
    async with make_caller() as caller:
        caller.headers["Authorization"] = f"Bearer {fresh.key}"
        yield caller


@pytest.mark.parametrize("ago", [None, auth.CONFIRMED_FOR + timedelta(seconds=1)])
@pytest.mark.parametrize("call", FAR, ids=str)
async def test_what_reaches_far_wants_the_password_again(
    people: People, alice: Caller, ids: dict[str, str], call: Call, ago: timedelta | None
):
    await confirmed(people, ago)
    assert await told(alice, call, ids) == (403, "password_needed")
    assert (await alice.post(CONFIRM, json={"password": PASSWORD})).status_code == 200
    assert await told(alice, call, ids) == (call.status, "")


@pytest.mark.parametrize("call", [*FAR, *OF_A_PERSON], ids=str)
async def test_no_program_makes_what_would_outlive_its_key(
    program: Caller, ids: dict[str, str], call: Call
):
    """A key that makes better credentials."""
    status, code = await told(program, call, ids)
    assert (status, code != "password_needed") == (403, True)


@pytest.mark.parametrize("call", OF_A_PERSON, ids=str)
async def test_who_is_signed_in_does_the_rest_without_being_asked(
    people: People, alice: Caller, ids: dict[str, str], call: Call
):
    await confirmed(people, None)
    assert await told(alice, call, ids) == (call.status, "")


@pytest.mark.parametrize("call", OF_PROGRAMS, ids=str)
async def test_a_program_goes_on_doing_what_harms_nobody(
    program: Caller, ids: dict[str, str], call: Call
):
    assert await told(program, call, ids) == (call.status, "")


async def test_signing_in_is_not_typing_it_once_more(
    people: People, visitor: Caller, ids: dict[str, str]
):
    credentials = {"email": "alice@example.org", "password": PASSWORD}
    entered = await visitor.post("/api/v1/auth/login", json=credentials)
    visitor.headers[auth.CSRF_HEADER] = entered.json()["csrf_token"]
    assert await told(visitor, FAR[1], ids) == (403, "password_needed")


async def test_it_holds_for_this_browser_alone(people: People, alice: Caller, ids: dict[str, str]):
    other = make_caller()
    credentials = {"email": "alice@example.org", "password": PASSWORD}
    entered = await other.post("/api/v1/auth/login", json=credentials)
    other.headers[auth.CSRF_HEADER] = entered.json()["csrf_token"]
    assert (await alice.post(CONFIRM, json={"password": PASSWORD})).status_code == 200
    assert await told(other, FAR[1], ids) == (403, "password_needed")


async def test_a_wrong_password_confirms_nothing_and_wrong_ones_are_slowed(
    people: People, alice: Caller, ids: dict[str, str]
):
    await confirmed(people, None)
    wrong = [await alice.post(CONFIRM, json={"password": "a guess"}) for _ in range(8)]
    assert (wrong[0].status_code, wrong[0].json()["field"]) == (422, "password")
    assert wrong[-1].status_code == 429
    assert await told(alice, FAR[1], ids) == (403, "password_needed")


async def test_no_program_confirms(program: Caller, ids: dict[str, str]):
    assert (await program.post(CONFIRM, json={"password": PASSWORD})).status_code == 403


async def test_the_password_once_more_makes_nobody_an_administrator(bob: Caller, people: People):
    assert (await bob.post(CONFIRM, json={"password": PASSWORD})).status_code == 200
    refused = await bob.patch(f"{ADMIN}/users/{people.charlie.user_id}", json=PROMOTED)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_what_is_missing_is_missing_before_the_password_is_asked_for(
    people: People, alice: Caller, ids: dict[str, str]
):
    await confirmed(people, None)
    nobody = dict.fromkeys(ids, "01a00000-0000-7000-8000-000000000000")
    for call in FAR:
        if "{" in call.path:
            assert (await told(alice, call, nobody))[0] == 404, call
    gone = await alice.get(f"{ADMIN}/backups/{BACKUP.replace('0', '1')}/content")
    assert gone.status_code == 404
