"""What nobody sends, in every place where something may be sent: it is refused, or taken as
far as it makes sense, and nothing breaks.

Covers these classes of docs/security.md: a missing or wrong body killing the process.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from llm_ui.api.http.errors import MEDIA_TYPE
from llm_ui.api.openapi.document import operations
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
# At the edges of what a year may be; those of OUTSIDE are in no year of UTC.
OUTSIDE = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00")
AT_THE_EDGE = ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00")
# What cursors look like inside, whichever list they are of: {0} is a time, {1} an id.
CURSORS = ("{0}|{1}", '["{0}","{1}"]', '["{0}","x",1,"x","{1}"]', "{0}", '"{0}"', "{1}|{0}")
NUMBERED = ("{0}|{0}|{0}", "[{0}]", "{0}")
BODIES = (
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"x"',
    b"[" * 50_000,
    b'{"a":' * 10_000,
    b'{"\x00":1}',
)
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


def cursors() -> Iterator[str]:
    """Cursors as somebody makes them who has looked into one."""
    told = [
        shape.format(time, row)
        for shape in CURSORS
        for time in (*OUTSIDE, *AT_THE_EDGE, "0000-00-00", "2026-01-01T00:00:00", "\\u0000")
        for row in (stock.MISSING, "\0", "\\ud800", "|")
    ]
    told += [shape.format(n) for shape in NUMBERED for n in ("-1", "9" * 19, "9" * 60, "1e9")]
    for each in told:
        yield base64.urlsafe_b64encode(each.encode()).decode()
    yield from ("=", "é", "AA==", "/" * 30)


LISTS = [
    (path, {each["name"]: each["schema"] for each in operation["parameters"]})
    for path, method, operation in operations(DOCUMENT)
    if method == "get" and any(each["name"] == "cursor" for each in operation.get("parameters", []))
]


def test_there_are_lists_with_cursors():
    assert len(LISTS) > 8


@pytest.mark.parametrize(("path", "parameters"), LISTS, ids=[path for path, _ in LISTS])
async def test_no_list_breaks_at_a_cursor_that_somebody_made(
    alice: Caller, engine: Engine, path: str, parameters: dict[str, dict[str, Any]]
):
    for sort in parameters.get("sort", {}).get("enum", [""]):
        for cursor in cursors():
            query = {"cursor": cursor} | ({"sort": sort} if sort else {})
            query |= {"q": "x"} if "q" in parameters else {}
            well(await alice.get(path, params=query), (path, query))


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(("path", "query"), [("/api/v1/chats", {}), ("/api/v1/search", {"q": "x"})])
async def test_times_that_are_in_no_year_are_refused(
    bob: Caller, engine: Engine, path: str, query: dict[str, str], name: str
):
    for moment in OUTSIDE:
        answer = await bob.get(path, params={**query, name: moment})
        assert (answer.status_code, answer.json()["field"]) == (422, name), moment
    for moment in AT_THE_EDGE:
        assert (await bob.get(path, params={**query, name: moment})).status_code == 200, moment


@pytest.mark.parametrize("moment", OUTSIDE)
async def test_cursors_of_no_year_are_refused(alice: Caller, engine: Engine, moment: str):
    for path, shape in (
        ("/api/v1/chats", "{0}|{1}"),
        ("/api/v1/prompts", "{0}|{1}"),
        ("/api/v1/files", "{0}|{1}"),
        ("/api/v1/admin/keys", "{0}|{1}"),
        ("/api/v1/admin/log", "{0}|{1}"),
        ("/api/v1/admin/providers", "{0}|{1}"),
        ("/api/v1/admin/users?sort=created", '["{0}","{1}"]'),
        ("/api/v1/admin/users?sort=active", '["{0}","{1}"]'),
    ):
        told = shape.format(moment, stock.MISSING)
        cursor = base64.urlsafe_b64encode(told.encode()).decode()
        joint = "&" if "?" in path else "?"
        answer = await alice.get(f"{path}{joint}cursor={cursor}")
        assert (answer.status_code, answer.json()["field"]) == (422, "cursor"), path
