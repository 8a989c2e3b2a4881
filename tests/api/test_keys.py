"""API keys: made by people, used by programs, ended at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui import auth
from llm_ui.db import unit_of_work
from llm_ui.models import APIKey, User
from llm_ui.models.base import now
from llm_ui.services.accounts import api_keys
from llm_ui.services.accounts import users as user_admin
from tests.api.conftest import Caller, make_caller
from tests.conftest import People

KEYS = "/api/v1/keys"
NO_KEY = (401, 403)


def program(key: str) -> Caller:
    """A program with a key and nothing else."""
    caller = make_caller()
    caller.headers["Authorization"] = f"Bearer {key}"
    return caller


async def key_of(people: People, name: str, *scopes: str, days: int | None = 30) -> tuple[str, str]:
    """A key of somebody's: its id, and the key itself."""
    async with unit_of_work() as session:
        fresh = await api_keys.create_key(session, people.actors[name], "Job", scopes, days)
    return fresh.item.id, fresh.key


async def test_bob_makes_a_key_and_a_program_comes_in_with_it(bob: Caller):
    made = await bob.post(KEYS, json={"key_name": "Nightly report", "scopes": ["chat"]})
    assert made.status_code == 201
    key = made.json()["key"]
    assert key.startswith(made.json()["item"]["prefix"])
    async with program(key) as job:
        projects = await job.post("/api/v1/projects", json={"name": "Reports"})
        assert projects.status_code == 201
        assert (await job.get("/api/v1/projects")).json()["items"][0]["name"] == "Reports"
    (listed,) = (await bob.get(KEYS)).json()["items"]
    assert listed["last_used"]
    assert "key" not in listed


async def test_whose_program_works_is_active(people: People):
    _, key = await key_of(people, "bob", "read")
    bob_id = people.actors["bob"].user_id
    async with unit_of_work() as session:
        await session.execute(sa.update(User).values(last_active_at=None))
    async with program(key) as job:
        await job.get("/api/v1/projects")
    async with unit_of_work(writes=False) as session:
        active = await session.scalars(
            sa.select(col(User.id)).where(col(User.last_active_at).is_not(None))
        )
        assert list(active) == [bob_id]


async def test_the_key_itself_is_kept_nowhere(people: People):
    _, key = await key_of(people, "bob", "read")
    async with unit_of_work(writes=False) as session:
        row = (await session.scalars(sa.select(APIKey))).one()
    assert key.removeprefix("llmui_") not in str(row.model_dump())


async def test_a_read_key_changes_nothing(people: People):
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        assert (await job.get("/api/v1/projects")).status_code == 200
        refused = await job.post("/api/v1/projects", json={"name": "x"})
        assert refused.status_code == 403
        assert (await job.get("/api/v1/admin/log")).status_code == 403


async def test_a_key_opens_nothing_of_the_account(people: People):
    _, key = await key_of(people, "alice", "admin")
    async with program(key) as job:
        assert (await job.get("/api/v1/admin/log")).status_code == 200
        for method, path in (
            ("GET", KEYS),
            ("POST", KEYS),
            ("GET", "/api/v1/account/sessions"),
            ("GET", "/api/v1/account/export"),
            ("POST", "/api/v1/account/export"),
            ("GET", "/api/v1/jobs"),
            ("GET", "/api/v1/jobs/x/file"),
            ("POST", "/api/v1/account/password"),
            ("POST", "/api/v1/auth/logout"),
        ):
            assert (await job.request(method, path, json={})).status_code == 403, path


async def test_a_chat_key_of_an_admin_administers_nothing(people: People):
    _, key = await key_of(people, "alice", "chat")
    async with program(key) as job:
        assert (await job.get("/api/v1/admin/log")).status_code == 403


async def test_bob_gets_no_admin_key(bob: Caller):
    made = await bob.post(KEYS, json={"key_name": "x", "scopes": ["admin"]})
    assert made.status_code == 403


async def test_a_demoted_admins_key_administers_nothing_any_more(people: People):
    _, key = await key_of(people, "alice", "admin")
    async with unit_of_work() as session:
        await session.execute(
            sa.update(User).where(col(User.id) == people.alice.user_id).values(role="user")
        )
    async with program(key) as job:
        assert (await job.get("/api/v1/admin/log")).status_code == 403


@pytest.mark.parametrize(
    "values",
    [
        {"expires_at": now() - timedelta(seconds=1)},
        {"revoked_at": now()},
        {"is_active": False},
    ],
)
async def test_an_ended_key_opens_nothing(people: People, values):
    _, key = await key_of(people, "bob", "chat")
    async with unit_of_work() as session:
        await session.execute(sa.update(APIKey).values(**values))
    async with program(key) as job:
        assert (await job.get("/api/v1/projects")).status_code == 401


async def test_a_suspended_owners_key_opens_nothing(people: People):
    """Suspended owner's key still valid."""
    _, key = await key_of(people, "bob", "chat")
    async with unit_of_work() as session:
        await session.execute(
            sa.update(User).where(col(User.id) == people.bob.user_id).values(is_active=False)
        )
    async with program(key) as job:
        assert (await job.get("/api/v1/projects")).status_code == 401


async def test_a_renewed_key_ends_the_one_before(people: People, bob: Caller):
    key_id, before = await key_of(people, "bob", "read")
    after = (await bob.post(f"{KEYS}/{key_id}/rotate")).json()["key"]
    async with program(before) as old, program(after) as new:
        assert (await old.get("/api/v1/projects")).status_code == 401
        assert (await new.get("/api/v1/projects")).status_code == 200


async def test_a_second_auth_header_is_refused_rather_than_chosen(people: People):
    """Second auth header that skips limits."""
    _, key = await key_of(people, "bob", "read")
    async with make_caller() as job:
        twice = [("Authorization", f"Bearer {key}"), ("Authorization", "Bearer llmui_x_y")]
        assert (await job.get("/api/v1/projects", headers=twice)).status_code == 401


async def test_a_wrong_key_is_not_mended_by_a_cookie(bob: Caller):
    answer = await bob.get("/api/v1/projects", headers={"Authorization": "Bearer llmui_x_y"})
    assert answer.status_code == 401


async def test_calls_beyond_the_limit_of_a_key_wait(people: People, settings_env):
    settings_env("RATE_LIMIT", "3")
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        answers = [await job.get("/api/v1/projects") for _ in range(4)]
        refused = answers[-1]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert [each.headers["RateLimit-Remaining"] for each in answers] == ["2", "1", "0", "0"]
        assert [each.headers["X-RateLimit-Limit"] for each in answers] == ["3"] * 4
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert refused.json()["retry_after"] == int(refused.headers["Retry-After"])
        assert int(refused.headers["RateLimit-Reset"]) >= int(refused.headers["Retry-After"])
        missing = await job.get("/api/v1/no-such-route")
        assert missing.status_code == 404


async def test_every_answer_to_somebody_limited_tells_how_they_stand(
    bob: Caller, visitor: Caller, settings_env
):
    settings_env("RATE_LIMIT", "50")
    answers = [
        await bob.get("/api/v1/chats"),
        await bob.get("/api/v1/chats/no-such-chat"),
        await bob.post("/api/v1/projects", json={}),
        await bob.get("/api/v1/admin/users"),
        await bob.delete("/api/v1/prompts/no-such-prompt"),
    ]
    assert [each.status_code for each in answers] == [200, 404, 422, 403, 404]
    left = [int(each.headers["RateLimit-Remaining"]) for each in answers]
    assert left == [49, 48, 47, 46, 45]
    assert "RateLimit-Limit" not in (await visitor.get("/api/v1/chats")).headers
    settings_env("RATE_LIMIT", "0")
    assert "RateLimit-Limit" not in (await bob.get("/api/v1/chats")).headers


async def test_charlie_finds_none_of_bobs_keys(people: People, charlie: Caller):
    key_id, key = await key_of(people, "bob", "read")
    assert (await charlie.get(KEYS)).json()["items"] == []
    for method, path in (("POST", f"{KEYS}/{key_id}/rotate"), ("DELETE", f"{KEYS}/{key_id}")):
        missing = await charlie.request(method, path.replace(key_id, "no-such-key"))
        foreign = await charlie.request(method, path)
        assert foreign.status_code == missing.status_code == 404
    async with program(key) as job:
        assert (await job.get("/api/v1/projects")).status_code == 200


async def test_alice_sees_all_keys_and_ends_any(people: People, alice: Caller, bob: Caller):
    key_id, key = await key_of(people, "bob", "read")
    found = (await alice.get("/api/v1/admin/keys", params={"q": "bob"})).json()["items"]
    assert [each["id"] for each in found] == [key_id]
    assert found[0]["owner"] == "bob"
    assert (await bob.get("/api/v1/admin/keys")).status_code == 403
    assert (await bob.delete(f"/api/v1/admin/keys/{key_id}")).status_code == 403
    assert (await alice.delete(f"/api/v1/admin/keys/{key_id}")).json()["status"] == "revoked"
    async with program(key) as job:
        assert (await job.get("/api/v1/projects")).status_code == 401


@pytest.mark.parametrize("days", [None, 0, -1, 4000])
async def test_a_key_without_an_end_is_not_made_by_leaving_something_out(bob: Caller, days):
    refused = await bob.post(KEYS, json={"key_name": "x", "scopes": ["chat"], "days": days})
    assert (refused.status_code, refused.json()["field"]) == (422, "days")


async def test_a_key_without_an_end_is_made_by_saying_so(bob: Caller):
    body = {"key_name": "For ever", "scopes": ["chat"], "never_expires": True}
    made = await bob.post(KEYS, json=body)
    assert made.status_code == 201
    assert made.json()["item"]["expires_at"] is None
    usual = await bob.post(KEYS, json={"key_name": "Usual"})
    assert usual.json()["item"]["expires_at"]


@pytest.mark.parametrize("keep", [None, False, True])
async def test_a_new_password_by_a_link_ends_the_keys_unless_they_are_kept(
    people: People, visitor: Caller, keep: bool | None
):
    _, key = await key_of(people, "bob", "chat")
    async with unit_of_work() as session:
        link = await user_admin.make_reset_link(session, people.alice, people.bob.user_id)
    token = link.path.partition("#")[2]
    seen = await visitor.post("/api/v1/auth/reset", json={"token": token})
    assert seen.json()["keys"] == 1
    body = {"token": token, "password": "another password"}
    body |= {} if keep is None else {"keep_keys": keep}
    assert (await visitor.post("/api/v1/auth/reset/accept", json=body)).status_code == 200
    async with program(key) as job:
        status = (await job.get("/api/v1/projects")).status_code
    assert status == (200 if keep else 401)


@pytest.mark.parametrize("scopes", [("admin",), ("read", "admin"), ("chat", "admin")])
async def test_a_demoted_admins_key_stays_without_admin_when_they_are_promoted_again(
    people: People, scopes: tuple[str, ...]
):
    async with unit_of_work() as session:
        await user_admin.change(session, people.alice, people.bob.user_id, role="admin")
        bob = await session.get(User, people.bob.user_id)
        actor = replace(auth.actor_of(bob), is_confirmed=True)
        fresh = await api_keys.create_key(session, actor, "Job", scopes, 30)
    for role in ("user", "admin"):
        async with unit_of_work() as session:
            await user_admin.change(session, people.alice, people.bob.user_id, role=role)
    async with program(fresh.key) as job:
        assert (await job.get("/api/v1/admin/log")).status_code == 403
        assert (await job.post("/api/v1/projects", json={"name": "x"})).status_code == 201
