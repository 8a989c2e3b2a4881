"""What nobody sends, in every place where something may be sent: it is refused, or taken as
far as it makes sense, and nothing breaks.

Covers these classes of docs/security.md: a missing or wrong body killing the process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from llm_ui.api.errors import MEDIA_TYPE
from llm_ui.api.openapi import operations
from llm_ui.generation import Engine
from tests.api import stock
from tests.api.conftest import Caller
from tests.api.test_document import DOCUMENT
from tests.api.test_sweep import unlimited

__all__ = ["unlimited"]
# As they stand in JSON: what the type of a field lets through, and one of another type.
TEXTS = (r'"\u0000x"', r'"\ud800"', json.dumps("é" * 70_000), '"0000-99-99T25:00:00Z"', "[[]]")
NUMBERS = ("9223372036854775808", "-9223372036854775809", "1e400", "NaN", '"1"')
OTHERS = ("null", '{"a":[{}]}', r'["\u0000", "\ud83d"]')
IN_QUERIES = ("%00", "%ED%A0%80", "9" * 30, "-1", "0000-99-99", "9999-12-31T23:59:59%2B14:00")
BODIES = (
    b"", b"{", b"\xff\xfe", b"null", b"[]", b'"x"', b"[" * 50_000, b'{"a":' * 50_000,
    b'{"\x00":1}',
)  # fmt: skip
# What no field is called is passed over.
IGNORED = (b'{"a":NaN}',)


def replaced(body: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every place in a body, with what stands there."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield (*way, name), value
            yield from replaced(value, (*way, name))


def with_raw(body: Any, way: tuple[str, ...], raw: str) -> str:
    """The body as JSON, with this in one place."""
    if not way:
        return raw
    members = {
        name: with_raw(value, way[1:], raw) if name == way[0] else json.dumps(value)
        for name, value in body.items()
    }
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"


def odd(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return TEXTS
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return NUMBERS if is_number else OTHERS


async def equipped(caller: Caller) -> dict[str, str]:
    return await stock.belongings(caller) | await stock.charge(caller)


def well(answer: httpx.Response, what: object) -> None:
    assert answer.status_code < 500, (what, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE, what


async def test_odd_fields_break_nothing(alice: Caller, engine: Engine, model_id: str):
    ids = await equipped(alice)
    tried = 0
    for path, method, operation in operations(DOCUMENT):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        body = stock.naming(content["example"], ids)
        for way, value in replaced(body):
            for raw in odd(value):
                answer = await alice.request(
                    method.upper(),
                    stock.filled(path, ids),
                    content=with_raw(body, way, raw),
                    headers={"Content-Type": "application/json"},
                )
                well(answer, (method, path, way, raw[:20]))
                tried += 1
    assert tried > 300


async def test_odd_bodies_are_refused(alice: Caller, engine: Engine):
    for path, method, operation in operations(DOCUMENT):
        if "application/json" not in operation.get("requestBody", {}).get("content", {}):
            continue
        needed = operation["requestBody"].get("required", False)
        for body in (*BODIES, *IGNORED):
            answer = await alice.request(
                method.upper(),
                stock.filled(path, {}),
                content=body,
                headers={"Content-Type": "application/json"},
            )
            well(answer, (method, path, body[:10]))
            if body not in IGNORED and needed:
                assert answer.status_code in (422, 404), (method, path, body[:10])


async def test_odd_queries_break_nothing(alice: Caller, engine: Engine, model_id: str):
    ids = await equipped(alice)
    for path, method, operation in operations(DOCUMENT):
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "query" or method != "get":
                continue
            for value in IN_QUERIES:
                query = f"{quote(parameter['name'])}={value}"
                if parameter["name"] != "q":
                    query += "&q=x"
                answer = await alice.get(f"{stock.filled(path, ids)}?{query}")
                well(answer, (path, query))


@pytest.mark.parametrize("value", ["%00", "%ED%A0%80", "9" * 400, "a%0Ab", "%FF", "%E2%80%AE"])
async def test_odd_ids_are_missing(alice: Caller, engine: Engine, value: str):
    for path, method, _ in operations(DOCUMENT):
        if "{" not in path:
            continue
        answer = await alice.request(method.upper(), stock.filled(path, {}, value), json={})
        well(answer, (method, path))
        assert answer.status_code in (404, 422), (method, path)
