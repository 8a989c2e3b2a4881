"""The OpenAPI document says everything of every operation, with examples that are right."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import jsonschema_rs
import pytest

from llm_ui.api.app import create_api
from llm_ui.api.http.errors import MEDIA_TYPE
from llm_ui.api.openapi import document
from llm_ui.api.openapi.document import STREAM, operations
from tests.api.conftest import Caller

DOCUMENT = create_api().openapi()
OPERATIONS = [
    pytest.param(operation, id=f"{method.upper()} {path}")
    for path, method, operation in operations(DOCUMENT)
]


def check(content: dict[str, Any]) -> None:
    """There is an example, and it fits the schema."""
    assert "example" in content
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(schema).validate(content["example"])


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["responses"][name] if name else response
    return found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_an_example_of_what_it_takes_and_gives(operation: dict[str, Any]):
    assert operation["summary"]
    assert operation["description"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        check(content)
    for status, response in operation["responses"].items():
        contents = resolved(response).get("content", {})
        assert contents or status in ("204", "304"), status
        for media_type, content in contents.items():
            if media_type == STREAM:
                assert content["example"].endswith("\n\n")
            else:
                check(content)
            if int(status) >= 400 and media_type == MEDIA_TYPE:
                assert content["example"]["status"] == int(status)
    for parameter in operation.get("parameters", []):
        assert "example" in parameter or not parameter["required"], parameter["name"]


def test_nothing_is_left_that_only_fastapi_would_answer():
    assert "HTTPValidationError" not in str(DOCUMENT)


async def test_visitors_may_read_the_document_which_names_nothing_of_the_installation(
    visitor: Caller, alice: Caller
):
    """It is open on purpose: it is the same for everybody, wherever it runs."""
    body = {"name": "Hidden Harbour", "provider_type": "openai", "api_url": "http://harbour.lan/v1"}
    assert (await alice.post("/api/v1/admin/providers", json=body)).is_success
    found = await visitor.get("/api/v1/openapi.json")
    assert found.json() == DOCUMENT == (await alice.get("/api/v1/openapi.json")).json()
    assert "harbour" not in found.text.lower()
    assert (await visitor.get("/api/docs")).status_code == 200


def test_examples_look_like_what_people_would_send():
    """No field of an example repeats its own name for want of a better word."""
    names = re.compile(r"'(\w+)': '(\w+)'")
    bodies = [
        str(content["example"])
        for _, _, operation in operations(DOCUMENT)
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert not [found for body in bodies for found in names.findall(body) if found[0] == found[1]]


def test_what_is_asked_first_can_be_tried_out_as_it_stands_and_then_with_other_words():
    chats = "/api/v1/chats"

    def example(path: str) -> dict[str, Any]:
        body = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        found: dict[str, Any] = body["example"]
        return found

    assert example(chats)["model"] == "SmolLM2-135M-Instruct"
    assert set(example(f"{chats}/{{chat_id}}/messages")) == {"content"}


# --- what clients are generated of --------------------------------------------------------------

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def fields() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{schema}.{name}", field)
        for schema, told in SCHEMAS.items()
        for name, field in told.get("properties", {}).items()
    ]


def test_every_field_parameter_and_schema_is_described():
    assert [name for name, field in fields() if not field.get("description")] == []
    assert [name for name, schema in SCHEMAS.items() if not schema.get("description")] == []
    for path, method, operation in operations(DOCUMENT):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (path, method, parameter["name"])


def test_no_description_leaves_open_which_of_several_things_a_field_is():
    loose = re.compile(
        r"\b(whether|which|it|files|messages|models|key|name|chats|address|a day|server), or\b"
        r"|, or (how many|which|what|one|where)\b|; or \b|\bhow it is$|; of (a|an) ",
        re.IGNORECASE,
    )
    found = [(name, field["description"]) for name, field in fields()]
    assert [each for each in found if loose.search(each[1])] == []


def test_answers_tell_of_their_headers():
    headers = DOCUMENT["components"]["headers"]
    told = {"Location", "ETag", "Link", "Idempotent-Replayed", "Allow", "RateLimit-Policy"}
    assert told <= headers.keys()
    for path, method, operation in operations(DOCUMENT):
        for status, response in operation["responses"].items():
            names = resolved(response)["headers"]
            assert "X-Request-ID" in names, (method, path, status)
            for name, each in names.items():
                assert each == {"$ref": f"#/components/headers/{name}"}
    chats = DOCUMENT["paths"]["/api/v1/chats"]
    assert "Link" in chats["get"]["responses"]["200"]["headers"]
    assert {"Location", "Idempotent-Replayed"} <= chats["post"]["responses"]["201"][
        "headers"
    ].keys()
    assert "RateLimit-Remaining" in chats["get"]["responses"]["200"]["headers"]


def test_what_any_call_may_come_to_is_told():
    shared = DOCUMENT["components"]["responses"]
    assert {f"Problem{status}" for status in (405, 408, 421, 507)} <= shared.keys()
    for path, method, operation in operations(DOCUMENT):
        told = operation["responses"].keys()
        assert "421" in told, (method, path)
        assert ("408" in told) == ("requestBody" in operation), (method, path)
        assert ({"503", "507"} <= told) or path.startswith("/health/"), (method, path)


def test_the_settings_of_a_chat_have_types():
    settings = SCHEMAS["ChatSettings"]["properties"]
    assert settings["temperature"]["type"] == "number"
    assert settings["stop"]["items"]["type"] == "string"


def test_moments_say_that_they_are():
    moments = [
        (name, field)
        for name, field in fields()
        if name.endswith(("_at", ".at", ".last_used", ".since"))
    ]
    assert len(moments) > 30
    for name, field in moments:
        kinds = [each for each in field.get("anyOf", [field]) if each["type"] != "null"]
        assert [each.get("format") for each in kinds] == ["date-time"], name


def test_what_is_one_of_a_few_words_lists_them():
    words = ("role", "status", "state", "scopes", "modes", "visibility", "theme", "log_level")
    for name, field in fields():
        leaf = name.rpartition(".")[2]
        if leaf in words and name not in ("Problem.status", "Hit.role"):
            assert re.search('"(enum|const)"', json.dumps(field)), name


def test_names_of_operations_are_plain_and_each_stands_once():
    names = [operation["operationId"] for _, _, operation in operations(DOCUMENT)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert not [name for name in names if "api_v1" in name]


def test_every_operation_says_who_may_call_it():
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert schemes["bearerAuth"]["scheme"] == "bearer"
    assert (schemes["csrf"]["in"], schemes["csrf"]["name"]) == ("header", "X-CSRF-Token")
    for path, method, operation in operations(DOCUMENT):
        security = operation["security"]
        is_open = path.startswith(("/health/", "/api/v1/auth/")) and "403" not in str(security)
        assert security or is_open, path
        for way in security:
            is_session = "cookieAuth" in way
            assert ("csrf" in way) == (is_session and method != "get"), (method, path)


def test_what_has_no_fields_of_its_own_has_a_name():
    def unnamed(part: Any) -> bool:
        if isinstance(part, dict):
            is_free = part.get("type") == "object" and "properties" not in part
            return is_free or any(unnamed(each) for each in part.values())
        return isinstance(part, list) and any(unnamed(each) for each in part)

    assert [name for name, field in fields() if unnamed(field)] == []


def test_the_introduction_begins_with_a_key():
    words = DOCUMENT["info"]["description"]
    assert words.index("Authorization: Bearer") < words.index("csrf_token")
    assert DOCUMENT["servers"][0]["url"] == "/"


async def test_the_document_is_written_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unbounded work without an account: it is large, and anybody may ask for it."""
    written: list[object] = []
    real = document.JSONResponse

    def counting(content: object) -> object:
        written.append(content)
        return real(content)

    monkeypatch.setattr(document, "JSONResponse", counting)
    transport = httpx.ASGITransport(create_api())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as visitor:
        for encoding in ("gzip", "identity") * 3:
            headers = {"Accept-Encoding": encoding}
            answer = await visitor.get("/api/v1/openapi.json", headers=headers)
            assert "/api/v1/chats" in answer.json()["paths"]
            assert answer.headers.get("content-encoding", "identity") == encoding
    assert len(written) == 2
