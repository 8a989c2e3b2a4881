"""Nobody goes by a name that reads like another one's, and no model does."""

from __future__ import annotations

import pytest

from llm_ui.auth import Client
from llm_ui.db import unit_of_work
from llm_ui.models import AIModel, User
from llm_ui.services.accounts import authentication
from tests.api.conftest import Caller
from tests.conftest import PASSWORD, People

REGISTER = "/api/v1/auth/register"
USERS = "/api/v1/admin/users"
DOUBLES = ["bob", "Bob", "b0b", " bob ", "ｂｏｂ"]
UNFIT = ["b\u202eob", "bob\u200b", "bоb", "\u2066bob"]


@pytest.mark.parametrize("name", DOUBLES)
async def test_who_registers_takes_nobodys_name(people: People, visitor: Caller, name: str):
    body = {"email": "eve@example.org", "username": name, "password": PASSWORD}
    refused = await visitor.post(REGISTER, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_registered")
    # Nothing tells whether it is the name or the address.
    known = body | {"email": "bob@example.org", "username": "Eve"}
    assert (await visitor.post(REGISTER, json=known)).json()["detail"] == refused.json()["detail"]


@pytest.mark.parametrize("name", UNFIT)
async def test_a_name_is_seen_as_it_is(people: People, visitor: Caller, alice: Caller, name: str):
    body = {"email": "eve@example.org", "username": name}
    for answer in (
        await visitor.post(REGISTER, json=body | {"password": PASSWORD}),
        await alice.post(USERS, json=body),
        await alice.patch(f"{USERS}/{people.charlie.user_id}", json={"username": name}),
    ):
        assert (answer.status_code, answer.json()["field"]) == (422, "username")


@pytest.mark.parametrize("name", DOUBLES)
async def test_no_other_way_leads_to_a_second_bob(
    people: People, alice: Caller, charlie: Caller, name: str
):
    for answer in (
        await alice.post(USERS, json={"email": "eve@example.org", "username": name}),
        await alice.patch(f"{USERS}/{people.charlie.user_id}", json={"username": name}),
        await charlie.patch("/api/v1/account", json={"username": name}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "already_registered")


async def test_ones_own_name_may_change_its_capitals(people: People, alice: Caller, bob: Caller):
    assert (await bob.patch("/api/v1/account", json={"username": "BOB"})).status_code == 200
    path = f"{USERS}/{people.bob.user_id}"
    assert (await alice.patch(path, json={"username": "Bob"})).status_code == 200


async def test_a_name_that_somebody_has_left_is_free(people: People, bob: Caller, charlie: Caller):
    assert (await bob.patch("/api/v1/account", json={"username": "Robert"})).status_code == 200
    assert (await charlie.patch("/api/v1/account", json={"username": "bob"})).status_code == 200


async def test_a_name_is_kept_in_one_form(people: People, visitor: Caller):
    body = {"email": "e@example.org", "username": "  Zoe\u0308\u00a0 Ｎ ", "password": PASSWORD}
    made = await visitor.post(REGISTER, json=body)
    assert made.json()["user"]["username"] == "Zoë N"


async def test_names_that_were_double_before_stay(people: People):
    async with unit_of_work() as session:
        session.add(User(email="old@example.org", username="bob", password_hash="x"))
    signed_in = await authentication.log_in("bob@example.org", PASSWORD, Client("127.0.0.1"))
    assert signed_in.user.username == "bob"


async def test_a_models_name_is_seen_as_it_is_and_no_double(
    people: People, alice: Caller, model_id: str
):
    path = f"/api/v1/admin/models/{model_id}"
    async with unit_of_work() as session:
        first = await session.get(AIModel, model_id)
        session.add(AIModel(provider_id=first.provider_id, name="other", display_name="gpt-4o"))
    for name in ("gpt\u202e-4o", "x\u200b", "gрt-4o", "gpt-4\u043e"):
        refused = await alice.patch(path, json={"name": name})
        assert refused.status_code == 422, name
        assert refused.json()["field"] in ("name", "display_name")
    for name in ("gpt-4o", "GPT-4o", "House model"):
        assert (await alice.patch(path, json={"name": name})).status_code == 200, name
