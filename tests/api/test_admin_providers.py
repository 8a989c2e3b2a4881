"""Providers over REST."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.conftest import People
from tests.scripted import ScriptedServer

PROVIDERS = "/api/v1/admin/providers"
MISSING = "01900000-0000-7000-8000-000000000000"
KEY = "sk-very-secret-4711"
HEADER = "team-blue-0815"


async def add(alice: Caller, **fields: Any) -> dict[str, Any]:
    body = {
        "name": "Cellar",
        "provider_type": "openai",
        "api_url": "http://10.1.2.3:8000/v1",
    } | fields
    answer = await alice.post(PROVIDERS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_alice_adds_reads_changes_and_removes_a_provider(alice: Caller):
    made = await add(
        alice, api_key=KEY, headers={"X-Team": HEADER}, concurrency_limit=2, timeouts={"connect": 3}
    )
    assert made["key_stored"] is True
    assert made["headers"] == ["X-Team"]
    assert (made["concurrency_limit"], made["timeouts"]) == (2, {"connect": 3.0})
    path = f"{PROVIDERS}/{made['id']}"
    read = await alice.get(path)
    assert read.json() == made
    changed = (
        await alice.patch(path, json={"name": "Attic", "concurrency_limit": None, "timeouts": {}})
    ).json()
    assert (changed["name"], changed["concurrency_limit"], changed["timeouts"]) == (
        "Attic",
        None,
        {},
    )
    assert changed["key_stored"]
    assert (await alice.patch(path, json={"api_key": None})).json()["key_stored"] is False
    assert (await alice.patch(path, json={"headers": {"X-Team": None}})).status_code == 200
    listed = (await alice.get(PROVIDERS)).json()
    assert [each["name"] for each in listed["items"]] == ["Attic"]
    everything = f"{made} {read.text} {changed} {listed}"
    assert KEY not in everything
    assert HEADER not in everything
    assert (await alice.get(f"{path}/dependents")).json() == {"models": 0, "chats": 0, "running": 0}
    assert (await alice.delete(path)).status_code == 204
    assert (await alice.get(path)).status_code == 404


async def test_a_list_comes_in_pages(alice: Caller):
    names = [(await add(alice, name=f"No. {n}"))["name"] for n in range(5)]
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = (await alice.get(PROVIDERS, params=params)).json()
        seen += [each["name"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == names
    assert (await alice.get(PROVIDERS, params={"cursor": "x"})).status_code == 422


async def test_a_connection_is_tested_before_and_after_it_is_kept(
    alice: Caller, upstream: ScriptedServer
):
    body = {
        "name": "New",
        "provider_type": "openai",
        "api_url": f"{upstream.url}/v1",
        "api_key": KEY,
    }
    tried = (await alice.post(f"{PROVIDERS}/test", json=body)).json()
    assert (tried["ok"], tried["models"], tried["key_unused"]) == (True, 4, True)
    assert (await alice.get(PROVIDERS)).json()["items"] == []
    made = await add(alice, **body)
    path = f"{PROVIDERS}/{made['id']}"
    (saved,) = (await alice.post(f"{path}/test")).json()["items"]
    assert saved["ok"]
    wrong = {"api_url": f"{upstream.url}/nowhere"}
    (tried,) = (await alice.post(f"{path}/test", json=wrong)).json()["items"]
    assert (tried["ok"], tried["reason"]) == (False, "not_found")
    away = await alice.post(f"{path}/test", json={"api_url": "http://evil.example/v1"})
    assert (away.status_code, away.json()["field"]) == (422, "api_key")


async def test_models_are_synced_at_alices_word(
    alice: Caller, bob: Caller, upstream: ScriptedServer
):
    made = await add(alice, api_url=f"{upstream.url}/v1")
    path = f"{PROVIDERS}/{made['id']}"
    synced = (await alice.post(f"{path}/sync")).json()
    assert synced["answered"]
    assert (synced["result"]["new_count"], synced["provider"]["models"]) == (4, 4)
    assert synced["provider"]["last_difference"]["new"] == synced["result"]["new"]
    assert len((await bob.get("/api/v1/models")).json()["items"]) == 4
    await upstream.stop()
    away = (await alice.post(f"{path}/sync")).json()
    assert (away["answered"], away["provider"]["status"]) == (False, "down")
    assert away["provider"]["reason"] == "refused"
    await alice.patch(path, json={"is_active": False})
    assert (await alice.post(f"{path}/sync")).status_code == 409
    assert (await bob.get("/api/v1/models")).json()["items"] == []


async def test_further_addresses_are_kept_in_their_order(alice: Caller):
    made = await add(alice)
    path = f"{PROVIDERS}/{made['id']}/addresses"
    for host in ("a", "b"):
        answer = await alice.post(path, json={"api_url": f"http://{host}/v1", "api_key": KEY})
        assert answer.status_code == 201
        assert KEY not in answer.text
    first = await alice.post(path, json={"api_url": "http://c/v1", "position": 0})
    order = [each["api_url"] for each in first.json()["addresses"]]
    assert order == ["http://c/v1", "http://a/v1", "http://b/v1"]
    own = f"{path}/{first.json()['addresses'][0]['id']}"
    moved = (await alice.patch(own, json={"position": 2, "is_active": False})).json()["addresses"]
    assert [each["api_url"] for each in moved][-1] == "http://c/v1"
    assert moved[-1]["is_active"] is False
    assert len((await alice.delete(own)).json()["addresses"]) == 2
    again = await alice.post(path, json={"api_url": "http://a/v1"})
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"api_url": "file:///etc/passwd"}, "api_url"),
        ({"headers": {"Authorization": "x"}}, "headers"),
        ({"headers": {"X": "a\r\nb"}}, "headers"),
        ({"concurrency_limit": 0}, "concurrency_limit"),
        ({"concurrency_limit": 10_001}, "concurrency_limit"),
        ({"timeouts": {"total": 1e9}}, "timeouts.total"),
        ({"provider_type": "scripted"}, "type"),
        ({"provider_type": "anthropic"}, "api_key"),
        ({"name": ""}, "name"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(alice: Caller, fields: dict, field: str):
    answer = await alice.post(
        PROVIDERS, json={"name": "Cellar", "provider_type": "openai"} | fields
    )
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await alice.get(PROVIDERS)).json()["items"] == []


async def test_the_catalogue_names_types_and_services(alice: Caller):
    found = (await alice.get(f"{PROVIDERS}/catalogue")).json()
    assert {each["type"] for each in found["types"]} == {
        "llm_api",
        "ollama",
        "openai",
        "anthropic",
    }
    named = {each["name"]: each["api_url"] for each in found["presets"]}
    assert named["OpenRouter"] == "https://openrouter.ai/api/v1"
    assert len(named) == len(found["presets"])


async def test_nobody_else_gets_in_and_nothing_happens(
    alice: Caller, bob: Caller, charlie: Caller, visitor: Caller, people: People
):
    made = await add(alice)
    own = f"{PROVIDERS}/{made['id']}"
    there = {"api_url": "http://10.9.9.9/v1"}
    body = {"name": "Mine", "provider_type": "openai", **there}
    calls = [
        ("GET", PROVIDERS, None),
        ("POST", PROVIDERS, body),
        ("GET", own, None),
        ("PATCH", own, there),
        ("DELETE", own, None),
        ("GET", f"{own}/dependents", None),
        ("GET", f"{PROVIDERS}/catalogue", None),
        ("POST", f"{PROVIDERS}/test", body),
        ("POST", f"{own}/test", None),
        ("POST", f"{own}/sync", None),
        ("POST", f"{own}/addresses", there),
        ("PATCH", f"{own}/addresses/x", there),
        ("DELETE", f"{own}/addresses/x", None),
    ]
    for method, path, content in calls:
        assert (await visitor.request(method, path, json=content)).status_code == 401, path
        for outsider in (bob, charlie):
            answer = await outsider.request(method, path, json=content)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path
    absent = [(m, p.replace(made["id"], MISSING), c) for m, p, c in calls if made["id"] in p]
    for method, path, content in absent:
        assert (await alice.request(method, path, json=content)).status_code == 404, path
    del alice.headers["X-CSRF-Token"]
    for method, path, content in calls:
        if method != "GET":
            refused = await alice.request(method, path, json=content)
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf_refused"), path
    assert (await alice.get(own)).json() == made
