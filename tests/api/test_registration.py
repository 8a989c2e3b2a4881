"""Asking for an account: how often, what is told, and who makes the first one.

Covers these classes: user enumeration, unbounded work without an account, first account
taken or raced.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest
import sqlalchemy as sa

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.models import Setting, User
from llm_ui.security import limits, passwords
from llm_ui.services.accounts import invitations, registration_policy
from llm_ui.services.operations import instance_settings
from tests.api.conftest import Caller, fresh_api
from tests.conftest import PASSWORD, People

REGISTER = "/api/v1/auth/register"
ACCEPT = "/api/v1/auth/invitation/accept"


def caller_at(address: str, host: str = "localhost:3000", **headers: str) -> Caller:
    """Somebody at an address of theirs."""
    transport = httpx.ASGITransport(
        fresh_api(), raise_app_exceptions=False, client=(address, 50_000)
    )
    return Caller(transport=transport, base_url=f"http://{host}", headers=headers)


def account(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.org", "username": name, "password": PASSWORD}


@pytest.fixture
def limited(settings_env, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five in ten minutes, and nobody has asked yet."""
    settings_env("REGISTRATION_LIMIT", "5")
    monkeypatch.setattr(registration_policy, "_allowances", {})


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed."""
    made: list[str] = []
    real = passwords.hash_password_now

    def counting(password: str) -> str:
        made.append(password)
        return real(password)

    monkeypatch.setattr(passwords, "hash_password_now", counting)
    return made


# --- how often ------------------------------------------------------------------------------


async def test_one_address_asks_for_so_many_accounts(people: People, limited: None):
    async with caller_at("192.0.2.1") as one, caller_at("192.0.2.2") as other:
        told = [(await one.post(REGISTER, json=account(f"person{n}"))) for n in range(7)]
        assert [each.status_code for each in told] == [201] * 5 + [429] * 2
        assert told[-1].json()["code"] == "too_many_requests"
        assert int(told[-1].headers["retry-after"]) >= 1
        assert (await other.post(REGISTER, json=account("frieda"))).status_code == 201


async def test_taken_and_unusable_details_count_as_well(people: People, limited: None):
    async with caller_at("192.0.2.1") as one:
        for body in (account("bob"), account("bob"), account("x") | {"password": "short"}) * 2:
            answer = await one.post(REGISTER, json=body)
        assert answer.status_code == 429


async def test_who_has_a_whole_network_of_addresses_has_one(people: People, limited: None):
    for number in range(6):
        async with caller_at(f"2001:db8:1:2::{number:x}") as each:
            answer = await each.post(REGISTER, json=account(f"person{number}"))
    assert answer.status_code == 429


async def test_all_addresses_together_have_a_bound(
    people: People, limited: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(registration_policy, "TOGETHER", 1)
    for number in range(6):
        async with caller_at(f"192.0.2.{number}") as each:
            answer = await each.post(REGISTER, json=account(f"person{number}"))
    assert answer.status_code == 429


async def test_strangers_keep_out_nobody_who_was_invited(
    people: People, limited: None, monkeypatch: pytest.MonkeyPatch
):
    """Lock-out as denial of service: what all share is for those who have nothing to show."""
    monkeypatch.setattr(registration_policy, "TOGETHER", 1)
    async with unit_of_work() as session:
        invited = await invitations.invite(session, people.alice)
    token = invited.link.path.partition("#")[2]
    statuses = []
    for number in range(6):
        async with caller_at(f"192.0.2.{number}") as each:
            statuses.append((await each.post(REGISTER, json=account("bob"))).status_code)
    assert statuses == [409] * 5 + [429]
    async with caller_at("192.0.2.9") as guest:
        answer = await guest.post(ACCEPT, json=account("frieda") | {"token": token})
        assert answer.status_code == 201
    async with caller_at("127.0.0.1") as here:
        assert (await here.post(REGISTER, json=account("gerda"))).status_code == 201


async def test_strangers_of_however_many_networks_keep_out_nobody_who_was_invited(
    people: People, limited: None, monkeypatch: pytest.MonkeyPatch
):
    """Lock-out as denial of service: beyond so many networks new ones share what they may."""
    monkeypatch.setattr(limits, "MOST_KEYS", 2)
    monkeypatch.setattr(limits, "SHARED", 1)
    async with unit_of_work() as session:
        invited = await invitations.invite(session, people.alice)
    token = invited.link.path.partition("#")[2]
    statuses = []
    for number in range(8):
        async with caller_at(f"192.0.2.{number}") as each:
            statuses.append((await each.post(REGISTER, json=account("bob"))).status_code)
    assert statuses[-1] == 429
    async with caller_at("192.0.2.9") as guest:
        answer = await guest.post(ACCEPT, json=account("frieda") | {"token": token})
        assert answer.status_code == 201


async def test_strangers_do_not_use_up_the_first_accounts_turn(
    db, limited: None, monkeypatch: pytest.MonkeyPatch
):
    """Lock-out as denial of service: nor those of whoever has the link of the start."""
    monkeypatch.setattr(registration_policy, "TOGETHER", 1)
    token = await first_token()
    statuses = []
    for number in range(6):
        async with caller_at(f"192.0.2.{number}") as each:
            body = account("eve") | {"setup_token": "x" * number}
            statuses.append((await each.post(REGISTER, json=body)).status_code)
    assert statuses == [403] * 5 + [429]
    async with caller_at("192.0.2.9") as owner:
        for name, status in (("alice", 201), ("bob", 429)):
            answer = await owner.post(REGISTER, json=account(name) | {"setup_token": token})
            assert answer.status_code == status


async def test_an_invitation_is_no_way_around_it(people: People, limited: None):
    async with unit_of_work() as session:
        invited = await invitations.invite(session, people.alice)
    token = invited.link.path.partition("#")[2]
    async with caller_at("192.0.2.1") as one:
        for _ in range(5):
            answer = await one.post(ACCEPT, json=account("bob") | {"token": token})
            assert answer.status_code == 409
        assert (await one.post(ACCEPT, json=account("x") | {"token": token})).status_code == 429


@pytest.mark.parametrize("registration", ["open", "invite", "closed"])
async def test_who_is_refused_costs_no_hash(people: People, hashes: list[str], registration: str):
    """Unbounded work without an account."""
    async with unit_of_work() as session:
        await instance_settings.change(session, people.alice, registration=registration)
    async with caller_at("192.0.2.1") as one:
        assert (await one.post(REGISTER, json=account("bob"))).status_code in (403, 409)
    assert hashes == []


async def test_hashes_take_turns_and_too_many_are_told_to_come_back(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(passwords, "MOST_WAITING", 4)
    async with caller_at("192.0.2.1") as one:
        told = await asyncio.gather(
            *(one.post(REGISTER, json=account(f"person{n}")) for n in range(12))
        )
    statuses = [each.status_code for each in told]
    assert set(statuses) == {201, 429}
    assert statuses.count(201) >= 4


# --- what is told ---------------------------------------------------------------------------


@pytest.mark.parametrize("registration", ["invite", "closed"])
async def test_where_nobody_can_register_nothing_tells_who_has_an_account(
    people: People, registration: str
):
    """User enumeration."""
    async with unit_of_work() as session:
        await instance_settings.change(
            session, people.alice, registration=registration, allowed_domains=["example.org"]
        )
    async with caller_at("192.0.2.1") as one:
        told = [
            (answer.status_code, answer.json()["code"], answer.json()["detail"])
            for name in ("bob", "nobody", "BOB")
            for answer in [await one.post(REGISTER, json=account(name))]
        ]
    assert len(set(told)) == 1
    assert told[0][0] == 403


async def test_a_foreign_domain_is_refused_before_anybody_is_looked_up(people: People):
    async with unit_of_work() as session:
        await instance_settings.change(session, people.alice, allowed_domains=["example.com"])
    async with caller_at("192.0.2.1") as one:
        for name in ("bob", "nobody"):
            answer = await one.post(REGISTER, json=account(name))
            assert (answer.status_code, answer.json()["field"]) == (422, "email")


# --- the first account ----------------------------------------------------------------------


async def first_token() -> str:
    async with unit_of_work() as session:
        session.add(Setting(key="installation_id", value="this one"))
    return registration_policy.setup_token(get_settings().secret_keys[0], "this one")


ELSEWHERE = [
    ("192.0.2.1", "localhost:3000", {}),
    ("172.17.0.1", "localhost:3000", {}),
    ("127.0.0.1", "chat.example.org", {}),
    ("127.0.0.1", "localhost:3000", {"X-Forwarded-For": "127.0.0.1"}),
    ("::1", "localhost:3000", {"Forwarded": "for=[::1]"}),
    ("127.0.0.1", "127.0.0.1:3000", {"X-Forwarded-Proto": "https"}),
    ("127.0.0.1", "127.0.0.1:3000", {"Connection": "close"}),
    ("127.0.0.1", "127.0.0.1:3000", {"Origin": "https://chat.example.org"}),
]


@pytest.mark.parametrize(("address", "host", "headers"), ELSEWHERE)
async def test_the_first_account_is_not_made_from_elsewhere(
    db, settings_env, address, host, headers
):
    """First account taken or raced: not by whoever finds the address first."""
    settings_env("EXTRA_ORIGINS", "https://chat.example.org")
    token = await first_token()
    async with caller_at(address, host, **headers) as stranger:
        for given in ("", "x", token[:-1], token.upper()):
            answer = await stranger.post(REGISTER, json=account("eve") | {"setup_token": given})
            assert answer.status_code == 403
        assert "link" in answer.json()["detail"]
        assert (await stranger.get("/api/v1/auth/registration")).json()["needs_token"] is True
        async with unit_of_work(writes=False) as session:
            assert not await registration_policy.exist(session)
        answer = await stranger.post(REGISTER, json=account("alice") | {"setup_token": token})
        assert (answer.status_code, answer.json()["user"]["role"]) == (201, "admin")


async def test_behind_a_proxy_nobody_is_at_the_machine(db, settings_env):
    settings_env("TRUSTED_PROXIES", "1")
    async with caller_at("127.0.0.1") as stranger:
        assert (await stranger.post(REGISTER, json=account("eve"))).status_code == 403


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.0.0.2"])
async def test_at_the_machine_itself_it_takes_no_link(db, address):
    async with caller_at(address) as here:
        assert (await here.get("/api/v1/auth/registration")).json()["needs_token"] is False
        answer = await here.post(REGISTER, json=account("alice"))
        assert (answer.status_code, answer.json()["user"]["role"]) == (201, "admin")


async def test_the_link_makes_one_administrator_and_no_second_one(db):
    token = await first_token()
    async with caller_at("192.0.2.1") as stranger:
        for name, role in (("alice", "admin"), ("bob", "user")):
            answer = await stranger.post(REGISTER, json=account(name) | {"setup_token": token})
            assert answer.json()["user"]["role"] == role
        await stranger.post("/api/v1/auth/logout")
        assert (await stranger.get("/api/v1/auth/registration")).json()["needs_token"] is False


async def test_many_who_have_the_link_make_one_administrator(db):
    """First account taken or raced: whoever is first is it, and nobody beside them."""
    token = await first_token()
    async with caller_at("192.0.2.1") as one:
        await asyncio.gather(
            *(one.post(REGISTER, json=account(f"p{n}") | {"setup_token": token}) for n in range(6))
        )
    async with unit_of_work(writes=False) as session:
        roles = list(await session.scalars(sa.select(User.role)))
    assert roles.count("admin") == 1


async def test_another_installations_link_opens_nothing(db):
    await first_token()
    other = registration_policy.setup_token(get_settings().secret_keys[0], "another one")
    async with caller_at("192.0.2.1") as stranger:
        answer = await stranger.post(REGISTER, json=account("eve") | {"setup_token": other})
        assert answer.status_code == 403
