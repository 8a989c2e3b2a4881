"""Models, types and prices over REST."""

from __future__ import annotations

from typing import Any

import pytest

from llm_ui.services.money import price_list
from tests.api.conftest import Caller
from tests.conftest import People

MODELS = "/api/v1/admin/models"
TYPES = "/api/v1/admin/types"
PRICE = {"valid_from": "2026-01-01", "input_micro": 150_000, "output_micro": 600_000}


async def listed(alice: Caller, **params: Any) -> list[dict[str, Any]]:
    answer = await alice.get(MODELS, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_alice_changes_orders_and_switches_models(
    alice: Caller, bob: Caller, model_id: str, people: People
):
    items = await listed(alice)
    assert len(items) == 4
    assert (await alice.get(MODELS, params={"limit": 3})).json()["total"] == 4
    path = f"{MODELS}/{model_id}"
    body = {
        "name": "Ours",
        "description": "For letters.",
        "icon": "brain",
        "context_window": 4000,
        "capabilities": ["vision"],
        "default_params": {"temperature": 0.3, "seed": 7},
        "system_prompt": "Be brief.",
        "place": 4,
        "default": True,
    }
    changed = (await alice.patch(path, json=body)).json()
    assert (changed["name"], changed["place"], changed["places"]) == ("Ours", 4, 4)
    assert (changed["context_window"], changed["capabilities"]) == (4000, ["vision"])
    assert changed["fixed"] == ["capabilities", "context_window"]
    assert (await alice.get(path)).json() == changed
    mine = (await bob.get("/api/v1/models")).json()["items"]
    shown = next(each for each in mine if each["id"] == model_id)
    assert mine[-1]["id"] == model_id
    assert (shown["icon"], shown["description"], shown["defaults"]) == (
        "brain",
        "For letters.",
        {"temperature": "0.3", "seed": "7"},
    )
    # That there are instructions may be known; what they say is the admin's.
    assert shown["instructed"] is True
    assert "Be brief." not in str(mine)
    again = (await alice.patch(path, json={"context_window": None, "type_id": None})).json()
    assert (again["context_window"], again["type_id"], again["name"]) == (None, None, "Ours")
    ids = [each["id"] for each in items]
    switched = await alice.post(f"{MODELS}/switch", json={"ids": ids, "is_active": False})
    assert switched.json() == {"changed": 4}
    assert (await bob.get("/api/v1/models")).json()["items"] == []
    assert len(await listed(alice, state="off", q="ours")) == 1
    await alice.post(f"{MODELS}/switch", json={"ids": ids, "is_active": True})
    chosen = {"visibility": "chosen", "readers": [people.bob.user_id]}
    changed = (await alice.patch(path, json=chosen)).json()
    assert [each["username"] for each in changed["readers"]] == ["bob"]


async def test_who_is_not_chosen_gets_nowhere_with_its_id(
    alice: Caller, charlie: Caller, model_id: str, people: People
):
    made = await charlie.post("/api/v1/chats", json={"model": model_id})
    chat = f"/api/v1/chats/{made.json()['id']}"
    body = {"visibility": "chosen", "readers": [people.bob.user_id]}
    assert (await alice.patch(f"{MODELS}/{model_id}", json=body)).status_code == 200
    seen = (await charlie.get("/api/v1/models")).json()["items"]
    assert model_id not in [each["id"] for each in seen]
    other = seen[0]["id"]
    for method, path, sent in (
        ("POST", "/api/v1/chats", {"model": model_id}),
        ("GET", f"{chat}/context", None),
        ("POST", f"{chat}/messages", {"content": "Hello"}),
        ("POST", f"{chat}/messages", {"content": "Hello", "model": model_id}),
        ("POST", f"{chat}/messages", {"content": "Hi", "model": other, "also_model": model_id}),
        ("PATCH", "/api/v1/account", {"default_model_id": model_id}),
    ):
        answer = await charlie.request(method, path, json=sent)
        named = [each for each in ("also_model", "default_model_id") if each in (sent or {})]
        field = named[0] if named else "model"
        assert (answer.status_code, answer.json()["field"]) == (422, field), (path, sent)


async def test_prices_are_added_changed_and_deleted(alice: Caller, model_id: str):
    path = f"{MODELS}/{model_id}/prices"
    nothing = {"items": [], "next_cursor": None, "has_more": False, "listed": None}
    assert (await alice.get(path)).json() == nothing
    made = await alice.post(path, json=PRICE)
    assert made.status_code == 201
    (price,) = made.json()["items"]
    assert (price["cached_input_micro"], price["currency"], price["state"]) == (None, "USD", "now")
    (row,) = await listed(alice, q="scripted", limit=1)
    assert row["price"] == {"currency": "USD", "input_micro": 150_000, "output_micro": 600_000}
    assert (await alice.post(path, json=PRICE)).json()["field"] == "valid_from"
    more = PRICE | {"valid_from": "2099-01-01", "reasoning_micro": 0, "currency": "EUR"}
    assert len((await alice.post(path, json=more)).json()["items"]) == 2
    own = f"{path}/{price['id']}"
    changed = (await alice.put(own, json=PRICE | {"cached_input_micro": 1})).json()["items"]
    assert [each["cached_input_micro"] for each in changed] == [None, 1]
    assert [each["reasoning_micro"] for each in changed] == [0, None]
    assert len((await alice.delete(own)).json()["items"]) == 1
    for wrong in (
        {"input_micro": -1},
        {"input_micro": 0.5},
        {"currency": "US"},
        {"valid_from": "soon"},
        {"output_micro": 10**13},
    ):
        assert (await alice.post(path, json=PRICE | wrong)).status_code == 422, wrong
    given = await alice.post(f"{MODELS}/listed-prices", json={"ids": [model_id]})
    assert given.json() == {"changed": 0}
    assert price_list.day()


async def test_types_are_made_renamed_and_deleted(alice: Caller, model_id: str):
    items = (await alice.get(TYPES)).json()["items"]
    slugs = [each["slug"] for each in items]
    assert slugs == ["chat", "reasoning", "vision", "code", "embedding", "image"]
    made = await alice.post(TYPES, json={"name": "Poets", "icon": "star"})
    assert made.status_code == 201
    poets = made.json()["items"][-1]
    body = {"name": "Bards", "place": 1}
    assert (await alice.patch(f"{TYPES}/{poets['id']}", json=body)).json()["items"][0]["name"] == (
        "Bards"
    )
    await alice.patch(f"{MODELS}/{model_id}", json={"type_id": poets["id"]})
    assert [each["id"] for each in await listed(alice, type=poets["id"])] == [model_id]
    assert (await alice.post(TYPES, json={"name": "bards"})).json()["field"] == "name"
    assert len((await alice.delete(f"{TYPES}/{poets['id']}")).json()["items"]) == 6
    assert [each["id"] for each in await listed(alice, type="none")] == [model_id]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"icon": "rocket"}, "icon"),
        ({"context_window": 0}, "context_window"),
        ({"capabilities": ["flying"]}, "capabilities"),
        ({"default_params": {"temperature": 9}}, "default_params.temperature"),
        ({"default_params": {"mirostat": 1}}, "mirostat"),
        ({"visibility": "nobody"}, "visibility"),
        ({"readers": ["x"]}, "readers"),
        ({"type_id": "x"}, "type_id"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    alice: Caller, model_id: str, fields: dict[str, Any], field: str
):
    before = (await alice.get(f"{MODELS}/{model_id}")).json()
    answer = await alice.patch(f"{MODELS}/{model_id}", json={"name": "New"} | fields)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await alice.get(f"{MODELS}/{model_id}")).json() == before
