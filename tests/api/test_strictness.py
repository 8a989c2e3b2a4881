"""What a call does not know it refuses, and says what is meant; nothing is lost in silence.

Every operation of the OpenAPI document is sent its own example and one thing more.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from llm_ui.api.openapi import operations
from llm_ui.generation import Engine
from tests.api import stock
from tests.api.conftest import Caller
from tests.api.test_document import DOCUMENT
from tests.api.test_sweep import unlimited

__all__ = ["unlimited"]
API = "/api/v1"
OPERATIONS = list(operations(DOCUMENT))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def taken_by(operation: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the JSON that an operation takes."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = content["schema"]
    choices = [each for each in schema.get("anyOf", [schema]) if "$ref" in each]
    found: dict[str, Any] = SCHEMAS[choices[0]["$ref"].rpartition("/")[2]]
    return found


def one_wrong(answer: httpx.Response, code: str, name: str) -> dict[str, Any]:
    """The entry about this name, in an answer that refuses it."""
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert told["code"] == code, told
    (found,) = [each for each in told["errors"] if each["field"] == name]
    assert found["code"] == code
    assert name in found["detail"]
    return dict(found)


async def test_every_operation_refuses_a_field_that_it_does_not_know(
    alice: Caller, engine: Engine, model_id: str
):
    tried = 0
    for path, method, operation in OPERATIONS:
        schema = taken_by(operation)
        if schema is None:
            continue
        assert schema["additionalProperties"] is False, path
        example = operation["requestBody"]["content"]["application/json"]["example"]
        known = max(schema["properties"], key=len)
        for name, meant in (("zzz", None), (f"{known}x", known)):
            sent = {**example, name: 1}
            answer = await alice.request(method.upper(), stock.filled(path, {}), json=sent)
            found = one_wrong(answer, "unknown_field", name)
            assert found["did_you_mean"] == meant, (method, path)
            assert answer.json()["did_you_mean"] == meant
            tried += 1
    assert tried > 90


async def test_every_operation_refuses_a_parameter_that_it_does_not_know(
    alice: Caller, engine: Engine
):
    for path, method, operation in OPERATIONS:
        known = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        longest = max(known, key=len, default="")
        wrong = {"zzz": None} | ({f"{longest}x": longest} if len(longest) > 1 else {})
        for name, meant in wrong.items():
            answer = await alice.request(method.upper(), stock.filled(path, {}), params={name: "1"})
            found = one_wrong(answer, "unknown_parameter", name)
            assert found["did_you_mean"] == meant, (method, path)


async def test_a_field_is_refused_at_any_depth_and_named_with_its_whole_path(
    alice: Caller, bob: Caller, engine: Engine, model_id: str
):
    body = {"model": model_id, "settings": {"temprature": 1}}
    found = one_wrong(
        await bob.post(f"{API}/chats", json=body), "unknown_field", "settings.temprature"
    )
    assert found["did_you_mean"] == "settings.temperature"


# What programs send that know other applications, and what it is called here.
ELSEWHERE = [
    ("PATCH", "/admin/users/{user_id}", {"active": False}, "active", "is_active"),
    ("PATCH", "/admin/users/{user_id}", {"state": "disabled"}, "state", "is_active"),
    ("PATCH", "/admin/users/{user_id}", {"disabled": True}, "disabled", "is_active"),
    ("PATCH", "/admin/providers/{provider_id}", {"is_active": True}, "is_active", "active"),
    ("POST", "/admin/providers", {"type": "openai", "name": "x", "url": "http://gpu/v1"},
     "url", "base_url"),
    ("POST", "/admin/providers", {"type": "openai", "name": "x", "apiKey": "k"}, "apiKey",
     "api_key"),
    ("POST", "/chats", {"model": "{model_id}", "temp": True}, "temp", "temporary"),
    ("POST", "/chats", {"model": "{model_id}", "system_prompt": "x"}, "system_prompt",
     "settings.system_prompt"),
    ("POST", "/chats/{chat_id}/messages", {"content": "x", "thinking": True}, "thinking", "modes"),
    ("POST", "/chats/{chat_id}/messages", {"content": "x", "files": []}, "files", "file_ids"),
    ("POST", "/admin/invitations", {"expires_in_days": 1}, "expires_in_days", "days"),
    ("POST", "/prompts", {"name": "x", "text": "y", "is_public": True}, "is_public", "public"),
    ("POST", "/projects", {"name": "x", "instructions": "y"}, "instructions", "system_prompt"),
    ("PATCH", "/account", {"default_model": "x"}, "default_model", "default_model_id"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "name", "meant"), ELSEWHERE)
async def test_what_is_called_otherwise_elsewhere_is_named_as_it_is_called_here(
    alice: Caller,
    engine: Engine,
    model_id: str,
    method: str,
    path: str,
    body: dict[str, Any],
    name: str,
    meant: str,
):
    answer = await alice.request(method, f"{API}{stock.filled(path, {})}", json=body)
    assert one_wrong(answer, "unknown_field", name)["did_you_mean"] == meant


@pytest.mark.parametrize(
    ("path", "name", "meant"),
    [
        ("/chats?page_size=3", "page_size", "limit"),
        ("/chats?project_id=x", "project_id", "project"),
        ("/files?search=x", "search", "q"),
        ("/usage?start=2026-01-01", "start", "from"),
        ("/chats/x/export?form=json", "form", "format"),
    ],
)
async def test_a_parameter_of_elsewhere_is_named_as_it_is_called_here(
    bob: Caller, engine: Engine, path: str, name: str, meant: str
):
    answer = await bob.get(f"{API}{path}")
    assert one_wrong(answer, "unknown_parameter", name)["did_you_mean"] == meant


async def test_a_provider_can_be_written_with_its_documented_names(alice: Caller, engine: Engine):
    for place, kind in (("/admin/providers", "openai"), ("/admin/media/providers", "openai")):
        body = {"name": place, "provider_type": kind, "api_url": "http://127.0.0.1:9/v1"}
        made = (await alice.post(f"{API}{place}", json=body)).json()
        assert (made["type"], made["base_url"]) == (kind, body["api_url"])
        path = f"{API}{place}/{made['id']}"
        moved = await alice.patch(path, json={"api_url": "http://127.0.0.1:9/v2"})
        assert moved.json()["base_url"] == "http://127.0.0.1:9/v2"


async def test_all_that_is_wrong_is_told_at_once(bob: Caller, engine: Engine, model_id: str):
    body = {"title": 1, "temporary": "perhaps", "settings": {"seed": "x", "stp": []}, "zzz": 1}
    told = (await bob.post(f"{API}/chats?dry=1", json=body)).json()
    assert {each["field"]: each["code"] for each in told["errors"]} == {
        "dry": "unknown_parameter",
        "settings.stp": "unknown_field",
        "zzz": "unknown_field",
        "model": "missing",
        "title": "wrong_type",
        "temporary": "wrong_type",
        "settings.seed": "wrong_type",
    }
    assert all(each["detail"] for each in told["errors"])
    first = told["errors"][0]
    assert (told["field"], told["code"], told["detail"]) == (
        first["field"], first["code"], first["detail"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"temperature": 3}, "settings.temperature"), ({"seed": -1}, "settings.seed")],
)
async def test_what_a_service_refuses_bears_its_whole_path(
    bob: Caller, engine: Engine, model_id: str, settings: dict[str, Any], field: str
):
    answer = await bob.post(f"{API}/chats", json={"model": model_id, "settings": settings})
    assert answer.status_code == 422
    assert answer.json()["field"] == answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "position"),
    [(b'{"model":', 9), (b'{"a": 1,\n "b": }', 15), (b"{'a': 1}", 1), (b"\xff\xfe{", None),
     (b"[" * 50_000, None)],
)  # fmt: skip
async def test_a_body_that_is_no_json_says_where(
    bob: Caller, engine: Engine, body: bytes, position: int | None
):
    headers = {"Content-Type": "application/json"}
    answer = await bob.post(f"{API}/chats", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_json")
    assert position is None or answer.json()["position"] == position


@pytest.mark.parametrize("kind", [None, "application/x-www-form-urlencoded", "text/plain"])
async def test_json_that_does_not_say_so_is_an_unsupported_type(
    bob: Caller, engine: Engine, kind: str | None
):
    headers = {"Content-Type": kind} if kind else {}
    answer = await bob.post(f"{API}/projects", content=b'{"name":"x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")
    assert "application/json" in answer.json()["detail"]


def methods_at(address: str) -> set[str]:
    """What there is at an address: a fixed word may fit a pattern as well."""
    patterns = {path: re.sub(r"\{\w+\}", "[^/]+", path) for path in DOCUMENT["paths"]}
    fitting = [path for path, each in patterns.items() if re.fullmatch(each, address)]
    found = {method.upper() for path in fitting for method in DOCUMENT["paths"][path]}
    return found | ({"HEAD"} if "GET" in found else set())


async def test_a_wrong_method_hears_which_there_are(alice: Caller, engine: Engine):
    for path in DOCUMENT["paths"]:
        filled = stock.filled(path, {})
        there = methods_at(filled)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} - there:
            answer = await alice.request(method, filled)
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["allow"].split(", ")) == there | {"OPTIONS"}
        answer = await alice.request("OPTIONS", filled)
        assert answer.status_code == 204
        assert set(answer.headers["allow"].split(", ")) == there | {"OPTIONS"}
    assert (await alice.options("/api/v1/nothing")).status_code == 404


async def test_head_tells_what_get_would(alice: Caller, engine: Engine, model_id: str):
    ids = await stock.belongings(alice)
    for path, method, _ in OPERATIONS:
        if method != "get":
            continue
        filled = stock.filled(path, ids)
        asked, told = await alice.head(filled), None
        if not path.endswith("/events"):
            told = await alice.get(filled)
            assert asked.status_code == told.status_code, path
        assert asked.content == b"", path
        assert told is None or asked.headers["content-type"] == told.headers["content-type"]
    assert (await alice.head("/api/docs")).status_code == 200


async def test_a_model_that_cannot_think_is_not_asked_to(
    bob: Caller, engine: Engine, model_id: str
):
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()
    path = f"{API}/chats/{chat['id']}/messages"
    refused = await bob.post(path, json={"content": "x", "modes": ["thinking"]})
    assert (refused.status_code, refused.json()["field"]) == (422, "modes")
    refused = await bob.post(path, json={"content": "x", "image_model": model_id})
    assert (refused.status_code, refused.json()["field"]) == (422, "image_model")
