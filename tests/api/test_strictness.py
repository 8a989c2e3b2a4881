"""What a call does not know it refuses, and says what is meant; nothing is lost in silence.

Every operation of the OpenAPI document is sent its own example and one thing more.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from llm_ui.api.http import validation
from llm_ui.api.http.strict import NAME, nearest
from llm_ui.api.openapi.document import operations
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
        if path.startswith("/health/"):
            continue
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
    ("PATCH", "/admin/providers/{provider_id}", {"enabled": True}, "enabled", "is_active"),
    (
        "POST",
        "/admin/providers",
        {"provider_type": "openai", "name": "x", "url": "http://gpu/v1"},
        "url",
        "api_url",
    ),
    (
        "POST",
        "/admin/providers",
        {"provider_type": "openai", "name": "x", "apiKey": "k"},
        "apiKey",
        "api_key",
    ),
    ("POST", "/chats", {"model": "{model_id}", "temp": True}, "temp", "temporary"),
    (
        "POST",
        "/chats",
        {"model": "{model_id}", "system_prompt": "x"},
        "system_prompt",
        "settings.system_prompt",
    ),
    ("POST", "/chats/{chat_id}/messages", {"content": "x", "thinking": True}, "thinking", "modes"),
    ("POST", "/chats/{chat_id}/messages", {"content": "x", "files": []}, "files", "file_ids"),
    ("POST", "/admin/invitations", {"expires_in_days": 1}, "expires_in_days", "days"),
    ("POST", "/prompts", {"name": "x", "text": "y", "public": True}, "public", "is_public"),
    ("POST", "/projects", {"name": "x", "instructions": "y"}, "instructions", "system_prompt"),
    ("PATCH", "/account", {"default_model": "x"}, "default_model", "default_model_id"),
    ("POST", "/keys", {"name": "Job"}, "name", "key_name"),
    ("POST", "/prompts", {"name": "x", "content": "x"}, "content", "text"),
    ("POST", "/projects", {"name": "x", "system": "x"}, "system", "system_prompt"),
    ("POST", "/chats/{chat_id}/messages", {"messages": []}, "messages", "content"),
    ("POST", "/chats/delete", {"chat_ids": ["x"]}, "chat_ids", "ids"),
    (
        "PUT",
        "/chats/{chat_id}/messages/{message_id}/feedback",
        {"feedback": 1},
        "feedback",
        "value",
    ),
]


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
        ("/chats?project=x", "project", "project_id"),
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


async def test_a_parameter_stands_in_a_query_once(bob: Caller, engine: Engine):
    """Of two values one would be lost without a word."""
    answer = await bob.get(f"{API}/chats?tag=a&limit=x&tag=b&zzz=1&zzz=2")
    assert {each["field"]: each["code"] for each in answer.json()["errors"]} == {
        "zzz": "unknown_parameter",
        "tag": "invalid",
        "limit": "wrong_type",
    }
    assert (await bob.get("/health/live?x=1&x=2")).status_code == 200


async def test_a_provider_can_be_written_with_its_documented_names(alice: Caller, engine: Engine):
    body = {"name": "Spare", "provider_type": "openai", "api_url": "http://127.0.0.1:9/v1"}
    made = (await alice.post(f"{API}/admin/providers", json=body)).json()
    assert (made["provider_type"], made["api_url"]) == ("openai", body["api_url"])
    path = f"{API}/admin/providers/{made['id']}"
    moved = await alice.patch(path, json={"api_url": "http://127.0.0.1:9/v2"})
    assert moved.json()["api_url"] == "http://127.0.0.1:9/v2"


async def test_a_provider_and_its_models_can_be_written_with_their_former_names(
    alice: Caller, engine: Engine, model_id: str
):
    """`type`, `base_url`, `active` and `default`; answers have the documented names, and of a
    model `active` as well."""
    body = {"name": "Former", "type": "openai", "base_url": "http://127.0.0.1:9/v1"}
    made = (await alice.post(f"{API}/admin/providers", json=body)).json()
    assert (made["provider_type"], made["api_url"]) == (body["type"], body["base_url"])
    path = f"{API}/admin/providers/{made['id']}"
    moved = (await alice.patch(path, json={"base_url": "http://127.0.0.1:9/v2"})).json()
    assert moved["api_url"] == "http://127.0.0.1:9/v2"
    assert (await alice.patch(path, json={"active": False})).json()["is_active"] is False

    models = f"{API}/admin/models"
    switched = await alice.post(f"{models}/switch", json={"ids": [model_id], "active": False})
    assert switched.json() == {"changed": 1}
    found = (await alice.get(f"{models}/{model_id}")).json()
    assert found["is_active"] is found["active"] is False
    body = {"active": True, "default": True}
    found = (await alice.patch(f"{models}/{model_id}", json=body)).json()
    assert found["is_active"] is found["active"] is found["is_default"] is True


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
        first["field"],
        first["code"],
        first["detail"],
    )


async def test_what_services_refuse_is_told_at_once_as_well(
    bob: Caller, alice: Caller, engine: Engine, model_id: str
):
    """Values of one call that are checked by themselves, in several services."""
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()
    wrong = {"title": "x" * 300, "model": "nonesuch", "settings": {"seed": -1, "top_p": 7}}
    of_chats = {"title", "model", "settings.seed", "settings.top_p"}
    provider = (await alice.get(f"{API}/admin/providers")).json()["items"][0]
    address = {"name": "", "api_url": "ftp://x", "timeouts": {"connect": 0, "total": 0}}
    of_providers = {"name", "api_url", "timeouts.connect", "timeouts.total"}
    question = {"content": " ", "model": "nonesuch", "also_model": "neither", "modes": ["a"]}
    told: list[tuple[Caller, str, str, dict[str, Any], set[str]]] = [
        (bob, "POST", "/chats", wrong, of_chats),
        (bob, "PATCH", f"/chats/{chat['id']}", {**wrong, "tags": ["x" * 99]}, of_chats | {"tags"}),
        (bob, "POST", f"/chats/{chat['id']}/messages", question, set(question)),
        (bob, "POST", "/prompts", {"name": "", "text": " "}, {"name", "text"}),
        (bob, "POST", "/projects", {"name": "", "icon": "cat"}, {"name", "icon"}),
        (
            alice,
            "POST",
            "/admin/providers",
            {**address, "provider_type": "anthropic", "headers": {"a b": "c"}},
            of_providers | {"api_key", "headers"},
        ),
        (alice, "PATCH", f"/admin/providers/{provider['id']}", address, of_providers),
        (
            alice,
            "PATCH",
            f"/admin/models/{model_id}",
            {"icon": "cat", "readers": [stock.MISSING], "type_id": "x", "capabilities": ["fly"]},
            {"icon", "readers", "type_id", "capabilities"},
        ),
        (alice, "POST", "/admin/users", {"email": "x", "username": ""}, {"email", "username"}),
    ]
    for caller, method, path, body, fields in told:
        answer = await caller.request(method, f"{API}{path}", json=body)
        assert answer.status_code == 422, (path, answer.text)
        assert {each["field"] for each in answer.json()["errors"]} == fields, path
    assert (await bob.get(f"{API}/chats/{chat['id']}")).json()["title"] == ""


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
    [
        (b'{"model":', 9),
        (b'{"a": 1,\n "b": }', 15),
        (b"{'a': 1}", 1),
        (b"\xff\xfe{", None),
        (b"[" * 50_000, None),
    ],
)
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


def many(count: int) -> dict[str, int]:
    return {f"passwort{number}": 1 for number in range(count)}


@pytest.mark.parametrize("count", [20, 21, 3000])
async def test_of_many_errors_the_first_are_told_and_the_others_counted(
    visitor: Caller, monkeypatch: pytest.MonkeyPatch, count: int
):
    """Unbounded work without an account: what a name resembles is looked up for few names."""
    looked_up: list[str] = []

    def noted(name: str, known: Any) -> str | None:
        looked_up.append(name)
        return nearest(name, known)

    monkeypatch.setattr(validation, "nearest", noted)
    sent = many(count) | {"email": "a@example.org", "password": "x"}
    for answer in (
        await visitor.post(f"{API}/auth/login", json=sent),
        await visitor.get(f"{API}/auth/registration", params=many(count)),
    ):
        told = answer.json()
        assert answer.status_code == 422
        assert len(told["errors"]) == validation.TOLD
        assert told.get("more", 0) == count - validation.TOLD
        assert len(answer.content) < 20_000
    assert len(looked_up) == 2 * validation.TOLD


async def test_a_name_longer_than_any_is_told_cut_and_compared_with_none(visitor: Caller):
    sent = {"password" + "x" * 50_000: 1}
    for answer in (
        await visitor.post(f"{API}/auth/login", json=sent),
        await visitor.get(f"{API}/auth/registration", params={"p" * 5000: 1}),
    ):
        told = answer.json()["errors"][0]
        assert told["did_you_mean"] is None
        assert len(told["field"]) == NAME
        assert len(answer.content) < 5000


async def test_a_body_that_anybody_may_send_is_small(visitor: Caller):
    answer = await visitor.post(f"{API}/auth/login", json={"password": "x" * 65_536})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    async def pieces():
        for _ in range(5):
            yield b" " * 16_384

    headers = {"Content-Type": "application/json"}
    answer = await visitor.post(f"{API}/auth/login", content=pieces(), headers=headers)
    assert answer.status_code == 413


NESTED: Any = 1
for _ in range(200):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"timeouts": {str(number): "x" for number in range(50_000)}}, "too_long"),
        ({"timeouts": many(6000)} | many(2), "too_long"),
        ({"headers": {"a": [[1] * 4000, [1] * 4000]}}, "too_long"),
        ({"headers": {"a": NESTED}}, "invalid"),
    ],
)
async def test_a_body_of_too_many_or_too_deep_values_is_one_error(
    alice: Caller, sent: dict[str, Any], code: str
):
    """Each wrong value of a body would be told of with all of its way."""
    answer = await alice.post(f"{API}/admin/providers", json=sent)
    told = answer.json()
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in told["errors"]] == [("body", code)]
    assert "more" not in told


@pytest.mark.parametrize("text", ["[" * 50_000, '{"a":' * 10_000, "1" * 50_000])
async def test_json_that_cannot_be_read_is_told_as_such(visitor: Caller, text: str):
    headers = {"Content-Type": "application/json"}
    answer = await visitor.post(f"{API}/auth/login", content=text, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_json")
