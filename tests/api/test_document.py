"""The OpenAPI document says everything of every operation, with examples that are right."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest

from llm_ui.api.app import create_api
from llm_ui.api.errors import MEDIA_TYPE
from llm_ui.api.openapi import STREAM, operations
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
        assert contents or status == "204", status
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
    body = {"name": "Hidden Harbour", "type": "openai", "base_url": "http://harbour.lan/v1"}
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
