"""Changes as RFC 7396 has them: what is left out stays, null clears or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from llm_ui.api.app import create_api
from llm_ui.api.openapi.document import operations
from llm_ui.generation import Engine
from tests.api import stock
from tests.api.conftest import Caller
from tests.api.test_keys import key_of, program
from tests.conftest import People

API = "/api/v1"
DOCUMENT = create_api().openapi()


async def patched(caller: Caller, path: str, change: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.patch(f"{API}{path}", json=change)
    assert answer.status_code == 200, (change, answer.text)
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def chat(bob: Caller, model_id: str) -> dict[str, Any]:
    """A chat of bob's, with settings."""
    settings = {"temperature": 0.2, "system_prompt": "Be brief."}
    sent = {"model": model_id, "title": "Heat pumps", "settings": settings}
    made: dict[str, Any] = (await bob.post(f"{API}/chats", json=sent)).json()
    return made


async def test_a_chat_changes_in_all_that_it_shows(
    bob: Caller, chat: dict[str, Any], engine: Engine
):
    project = (await bob.post(f"{API}/projects", json={"name": "House"})).json()["id"]
    change = {
        "title": "Sorted",
        "pinned": True,
        "project_id": project,
        "tags": ["House", "heat"],
        "settings": {"temperature": 0.9},
    }
    told = await patched(bob, f"/chats/{chat['id']}", change)
    assert (told["title"], told["pinned"], told["archived"]) == ("Sorted", True, False)
    assert (told["project_id"], told["tags"]) == (project, ["heat", "house"])
    assert told["settings"] == {"temperature": 0.9, "system_prompt": "Be brief."}
    assert (await bob.get(f"{API}/chats/{chat['id']}")).json() == told
    (listed,) = (await bob.get(f"{API}/chats")).json()["items"]
    assert (listed["pinned"], listed["tags"]) == (True, ["heat", "house"])
    put_away = await patched(bob, f"/chats/{chat['id']}", {"archived": True})
    assert (put_away["archived"], put_away["pinned"], put_away["title"]) == (True, False, "Sorted")


async def test_null_clears_what_a_chat_can_be_without(
    bob: Caller, chat: dict[str, Any], engine: Engine
):
    project = (await bob.post(f"{API}/projects", json={"name": "House"})).json()["id"]
    path = f"/chats/{chat['id']}"
    await patched(bob, path, {"project_id": project, "tags": ["house"]})
    told = await patched(bob, path, {"settings": {"temperature": None}})
    assert told["settings"] == {"system_prompt": "Be brief."}
    told = await patched(bob, path, {"settings": None, "project_id": None, "tags": None})
    assert (told["settings"], told["project_id"], told["tags"]) == ({}, None, [])
    assert told["title"] == "Heat pumps"
    assert (await patched(bob, path, {"title": None}))["title"] == ""
    await bob.post(f"{API}{path}/messages", json={"content": "say:one"})
    assert (await bob.get(f"{API}{path}")).json()["title"] == "say:one"


async def test_a_chats_model_is_named_as_anywhere(bob: Caller, chat: dict[str, Any]):
    told = await patched(bob, f"/chats/{chat['id']}", {"model": "Scripted/markdown"})
    assert told["model"] == chat["model"]
    refused = await bob.patch(f"{API}/chats/{chat['id']}", json={"model": "nonesuch"})
    assert (refused.status_code, refused.json()["field"]) == (422, "model")


async def test_of_a_change_that_is_refused_nothing_is_done(bob: Caller, chat: dict[str, Any]):
    change = {"title": "Sorted", "pinned": True, "project_id": stock.MISSING}
    assert (await bob.patch(f"{API}/chats/{chat['id']}", json=change)).status_code == 404
    told = (await bob.get(f"{API}/chats/{chat['id']}")).json()
    assert (told["title"], told["pinned"]) == ("Heat pumps", False)


async def test_a_prompt_changes_in_part(bob: Caller, charlie: Caller):
    made = {"name": "Mail", "text": "Write to {{person}}.", "tags": ["mail"], "is_public": True}
    prompt = (await bob.post(f"{API}/prompts", json=made)).json()
    path = f"/prompts/{prompt['id']}"
    told = await patched(bob, path, {"name": "Letter"})
    assert (told["name"], told["text"], told["is_public"]) == ("Letter", made["text"], True)
    assert (await patched(bob, path, {"tags": None}))["tags"] == []
    assert (await charlie.patch(f"{API}{path}", json={"name": "Mine"})).status_code == 404


async def test_a_project_loses_what_is_cleared_and_keeps_the_rest(bob: Caller):
    made = {"name": "House", "icon": "house", "description": "All", "system_prompt": "Metric."}
    project = (await bob.post(f"{API}/projects", json=made)).json()
    path = f"/projects/{project['id']}"
    told = await patched(bob, path, {"description": None, "icon": None})
    assert (told["description"], told["icon"]) == ("", "folder")
    assert (told["name"], told["system_prompt"]) == ("House", "Metric.")


async def test_the_account_takes_choices_back(bob: Caller, model_id: str):
    await patched(bob, "/account", {"default_model_id": model_id, "theme": "dark"})
    told = await patched(bob, "/account", {"default_model_id": None, "theme": None})
    assert (told["default_model_id"], told["theme"]) == (None, None)


async def test_a_providers_headers_and_timeouts_are_merged(alice: Caller, engine: Engine):
    made = {
        "name": "Attic",
        "provider_type": "openai",
        "api_url": "http://127.0.0.1:9/v1",
        "api_key": "k",
        "headers": {"X-Team": "a", "X-Room": "b"},
        "timeouts": {"connect": 2, "silence": 9},
    }
    provider = (await alice.post(f"{API}/admin/providers", json=made)).json()
    path = f"/admin/providers/{provider['id']}"
    told = await patched(alice, path, {"headers": {"X-Floor": "c"}, "timeouts": {"connect": 3}})
    assert sorted(told["headers"]) == ["X-Floor", "X-Room", "X-Team"]
    assert told["timeouts"] == {"connect": 3, "silence": 9}
    told = await patched(alice, path, {"headers": {"x-team": None}, "timeouts": {"silence": None}})
    assert sorted(told["headers"]) == ["X-Floor", "X-Room"]
    assert told["timeouts"] == {"connect": 3}
    told = await patched(alice, path, {"headers": None, "api_key": None, "timeouts": None})
    assert (told["headers"], told["key_stored"], told["timeouts"]) == ([], False, {})
    assert told["name"] == "Attic"


async def test_a_models_parameters_are_merged(alice: Caller, model_id: str):
    path = f"/admin/models/{model_id}"
    await patched(alice, path, {"default_params": {"temperature": 0.2, "seed": 7}})
    told = await patched(alice, path, {"default_params": {"seed": None}, "name": "House"})
    assert (told["default_params"], told["name"]) == ({"temperature": 0.2}, "House")
    told = await patched(alice, path, {"default_params": None, "name": None})
    assert (told["default_params"], told["name"]) == ({}, "markdown")


def never_null() -> list[Any]:
    """Every field of every PATCH that may not be null, by the operation's path."""
    schemas = DOCUMENT["components"]["schemas"]
    found = []
    for path, method, operation in operations(DOCUMENT):
        if method != "patch":
            continue
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        for name, field in schemas[body["$ref"].rpartition("/")[2]]["properties"].items():
            may = field.get("type") == "null" or {"type": "null"} in field.get("anyOf", [])
            if not may:
                found.append(pytest.param(path, name, id=f"{path} {name}"))
    return found


def test_every_patch_has_fields_that_may_be_cleared_or_not():
    patches = {path for path, method, _ in operations(DOCUMENT) if method == "patch"}
    assert {each.values[0] for each in never_null()} <= patches
    assert len(never_null()) > 20


async def test_null_is_refused_where_it_makes_no_sense(
    alice: Caller, model_id: str, engine: Engine
):
    ids = await stock.belongings(alice) | await stock.charge(alice)
    for each in never_null():
        path, name = each.values
        known = await stock.look_up(alice, path, ids)
        address = stock.filled(path, known)
        answer = await alice.patch(address, json={name: None})
        assert answer.status_code == 422, (path, name, answer.text)
        assert answer.json()["field"] == name, (path, name)


# --- many at once --------------------------------------------------------------------------


async def test_chats_are_deleted_together_or_not_at_all(
    bob: Caller, charlie: Caller, people: People, model_id: str
):
    made = [(await bob.post(f"{API}/chats", json={"model": model_id})).json() for _ in range(3)]
    ids = [each["id"] for each in made]
    foreign = (await charlie.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    mixed = await bob.post(f"{API}/chats/delete", json={"ids": [ids[0], foreign]})
    assert mixed.status_code == 404
    assert (await charlie.post(f"{API}/chats/delete", json={"ids": ids})).status_code == 404
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        assert (await job.post(f"{API}/chats/delete", json={"ids": ids})).status_code == 403
    gone = await bob.post(f"{API}/chats/delete", json={"ids": ids[:2]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert [each["id"] for each in (await bob.get(f"{API}/chats")).json()["items"]] == ids[2:]
    back = await bob.post(f"{API}/chats/organize", json={"ids": ids[:2], "deleted": False})
    assert back.status_code == 204
    assert len((await bob.get(f"{API}/chats")).json()["items"]) == 3
    assert (await bob.post(f"{API}/chats/delete", json={"ids": []})).status_code == 422
