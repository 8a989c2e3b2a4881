"""What answers have in common: where things are, pages elsewhere, compression, waiting files."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import httpx
import pytest

from llm_ui.api.answers import asking
from llm_ui.api.app import create_api
from llm_ui.api.http import responses
from llm_ui.api.http.cors import KeysFromAnywhere
from llm_ui.api.openapi.document import operations
from llm_ui.auth import COOKIE
from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import StoredFile
from llm_ui.services.files import extraction
from tests.api import stock
from tests.api.conftest import Caller
from tests.api.test_keys import key_of, program
from tests.conftest import People

API = "/api/v1"
ELSEWHERE = "https://app.example.org"


# --- where things are ----------------------------------------------------------------------


def test_every_route_that_makes_something_says_where_it_is():
    document = create_api().openapi()
    making = {
        path.removeprefix(API)
        for path, _, operation in operations(document)
        if {"201", "202"} & operation["responses"].keys()
    }
    assert making == set(responses.PLACES)


def test_the_document_says_so_too():
    for path, method, operation in operations(create_api().openapi()):
        for status in {"201", "202"} & operation["responses"].keys():
            assert "Location" in operation["responses"][status]["headers"], (method, path)


async def test_what_an_administrator_makes_or_begins_is_where_the_answer_says(
    alice: Caller, engine: Engine
):
    provider = {"name": "Spare", "provider_type": "openai", "api_url": "http://127.0.0.1:9/v1"}
    sent: list[tuple[str, dict[str, object]]] = [
        ("/admin/users", {"email": "erin@example.org", "username": "Erin"}),
        ("/admin/invitations", {"email": "frank@example.org"}),
        ("/admin/providers", provider),
        ("/admin/types", {"name": "Slow"}),
        ("/admin/jobs", {"job_type": "retention"}),
    ]
    for path, body in sent:
        answer = await alice.post(f"{API}{path}", json=body)
        assert answer.status_code in (201, 202), answer.text
        there = answer.headers["Location"]
        if path == "/admin/invitations":
            assert (await alice.delete(there)).status_code == 204
        else:
            assert (await alice.get(there)).status_code == 200, there
        if path == "/admin/providers":
            added = await alice.post(f"{there}/models", json={"name": "own"})
            assert added.status_code == 201
            assert (await alice.get(added.headers["Location"])).json()["upstream_name"] == "own"


async def test_another_try_at_an_answer_is_where_its_answer_says(
    bob: Caller, model_id: str, engine: Engine
):
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    first = await bob.post(f"{API}/chats/{chat}/messages", json={"content": "say:one"})
    await bob.get(first.headers["Location"])
    message = f"{API}/chats/{chat}/messages/{first.json()['message_id']}"
    again = await bob.post(f"{message}/retry")
    assert again.headers["Location"] == f"{API}/runs/{again.json()['run_id']}/events"
    assert "event: end" in (await bob.get(again.headers["Location"])).text


async def test_what_was_made_is_where_the_answer_says(bob: Caller, model_id: str, engine: Engine):
    chat = await bob.post(f"{API}/chats", json={"model": model_id})
    await bob.post(f"{chat.headers['Location']}/messages", json={"content": "say:one"})
    found = await stock.until(
        bob, f"/chats/{chat.json()['id']}", lambda it: it["messages"][-1]["status"] == "done"
    )
    message = f"{chat.headers['Location']}/messages/{found['messages'][-1]['id']}"
    prompt = await bob.post(f"{API}/prompts", json={"name": "Mail", "text": "Write."})
    made = [
        chat,
        prompt,
        await bob.post(f"{prompt.headers['Location']}/copy"),
        await bob.post(f"{API}/projects", json={"name": "House"}),
        await bob.post(f"{API}/files?name=a.txt", content=b"text"),
        await bob.post(f"{message}/fork"),
    ]
    for answer in made:
        assert answer.status_code == 201, answer.text
        there = await bob.get(answer.headers["Location"])
        assert there.json()["id"] == answer.json()["id"]
    key = await bob.post(f"{API}/keys", json={"key_name": "K", "scopes": ["read"], "days": 1})
    assert key.headers["Location"] == f"{API}/keys/{key.json()['item']['id']}"
    assert (await bob.delete(key.headers["Location"])).status_code == 200


async def test_an_answer_without_a_body_has_no_type(bob: Caller, model_id: str):
    chat = await bob.post(f"{API}/chats", json={"model": model_id})
    gone = await bob.delete(chat.headers["Location"])
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers


async def test_a_page_says_whether_and_where_there_is_another(bob: Caller):
    for name in ("One", "Two", "Three"):
        await bob.post(f"{API}/prompts", json={"name": name, "text": "a & b"})
    address, seen = f"{API}/prompts?q=a+%26+b&limit=2", []
    while address:
        page = await bob.get(address)
        seen += [each["name"] for each in page.json()["items"]]
        link = page.headers.get("Link", "")
        assert page.json()["has_more"] == bool(link)
        assert not link or link.endswith('; rel="next"')
        address = link.partition(">")[0].removeprefix("<")
    assert seen == ["Three", "Two", "One"]
    assert (await bob.get(f"{API}/tags")).json()["has_more"] is False


# --- pages elsewhere -----------------------------------------------------------------------


def asking_for(headers: str, method: str = "POST") -> dict[str, str]:
    return {
        "Origin": ELSEWHERE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


async def test_a_page_elsewhere_may_call_with_a_key(people: People):
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        answer = await job.get(f"{API}/projects", headers={"Origin": ELSEWHERE})
        wrong = await job.get(
            f"{API}/projects", headers={"Origin": ELSEWHERE, "Authorization": "Bearer llmui_no"}
        )
    assert (answer.status_code, wrong.status_code) == (200, 401)
    for each in (answer, wrong):
        assert each.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in each.headers
        shown = each.headers["Access-Control-Expose-Headers"].split(", ")
        for name in ("X-Request-ID", "Retry-After", "RateLimit-Remaining", "ETag", "Location"):
            assert name in shown


@pytest.mark.parametrize(
    "asked", ["authorization", "content-type,Authorization", "x, AUTHORIZATION"]
)
async def test_a_browser_that_asks_for_a_key_beforehand_is_let(visitor: Caller, asked: str):
    answer = await visitor.options(f"{API}/chats", headers=asking_for(asked))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_page_elsewhere_gets_nothing_by_a_cookie(bob: Caller, visitor: Caller):
    answer = await bob.get(f"{API}/projects", headers={"Origin": ELSEWHERE})
    assert "Access-Control-Allow-Origin" not in answer.headers
    for asked in ("", "content-type", "x-csrf-token", "x-authorization"):
        refused = await visitor.options(f"{API}/chats", headers=asking_for(asked))
        assert "Access-Control-Allow-Origin" not in refused.headers, asked
    basic = {"Origin": ELSEWHERE, "Authorization": "Basic Ym9iOmJvYg=="}
    assert "Access-Control-Allow-Origin" not in (await bob.get(f"{API}/me", headers=basic)).headers


async def test_a_page_elsewhere_may_read_the_document_and_that_a_key_is_missing(
    visitor: Caller, bob: Caller
):
    document = f"{API}/openapi.json"
    asked = await visitor.options(document, headers=asking_for("x-anything", "GET"))
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
    read = await visitor.get(document, headers={"Origin": ELSEWHERE})
    refused = await visitor.get(f"{API}/models", headers={"Origin": ELSEWHERE})
    assert (read.status_code, refused.status_code) == (200, 401)
    for answer in (asked, read, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    # What somebody's cookie comes to is nothing to read elsewhere, whatever it comes to.
    bob.cookies.set(COOKIE, "ended")
    ended = await bob.get(f"{API}/models", headers={"Origin": ELSEWHERE})
    assert ended.status_code == 401
    assert "Access-Control-Allow-Origin" not in ended.headers


async def test_what_stands_around_it_allows_no_other_page_and_varies_once():
    """Reflex's own lets credentials through on every answer, and names what varies again."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = [(b"access-control-allow-origin", own)] if (own := told.pop()) else []
        headers = [(b"access-control-allow-credentials", b"true"), *more]
        headers += [(b"vary", b"Origin"), (b"vary", b"Accept-Encoding, Origin")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    told = [b"http://localhost:3000", b""]
    transport = httpx.ASGITransport(KeysFromAnywhere(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        other = await client.get(f"{API}/models", headers={"Origin": ELSEWHERE})
        own = await client.get(f"{API}/models", headers={"Origin": "http://localhost:3000"})
    assert not [name for name in other.headers if name.startswith("access-control-")]
    assert own.headers["Access-Control-Allow-Credentials"] == "true"
    assert own.headers.get_list("Vary") == ["Origin, Accept-Encoding"]


async def test_what_any_page_may_read_takes_no_cookies_and_varies_once():
    """That stands around all of it, so around what tells pages elsewhere what they may read."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"access-control-allow-origin", b"*"), (b"vary", b"Origin")]
        headers += [(b"access-control-allow-credentials", b"true"), (b"vary", b"Origin")]
        status = 200 if b"authorization" in dict(scope["headers"]) else 401
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(KeysFromAnywhere(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        nobody = await client.get(f"{API}/models", headers={"Origin": ELSEWHERE})
        key = {"Origin": ELSEWHERE, "Authorization": "Bearer llmui_x"}
        with_key = await client.get(f"{API}/models", headers=key)
        page = await client.get("/api/docs", headers={"Origin": ELSEWHERE})
    for answer in (nobody, with_key):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert not [name for name in page.headers if name.startswith("access-control-")]
    for answer in (nobody, with_key, page):
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers.get_list("Vary") == ["Origin"]


async def test_what_is_no_rest_is_for_no_page_elsewhere(visitor: Caller):
    for path in ("/health/live", "/metrics", "/api/docs"):
        answer = await visitor.options(path, headers=asking_for("authorization"))
        assert "Access-Control-Allow-Origin" not in answer.headers, path


# --- over the line -------------------------------------------------------------------------


async def raw(caller: Caller, path: str, encoding: str) -> tuple[httpx.Headers, bytes]:
    request = caller.build_request("GET", path, headers={"Accept-Encoding": encoding})
    answer = await caller.send(request, stream=True)
    body = b"".join([chunk async for chunk in answer.aiter_raw()])
    await answer.aclose()
    return answer.headers, body


async def test_long_json_is_compressed_for_those_who_take_it(bob: Caller):
    headers, body = await raw(bob, f"{API}/openapi.json", "br, gzip")
    plain, whole = await raw(bob, f"{API}/openapi.json", "identity")
    assert headers["Content-Encoding"] == "gzip"
    assert len(body) < len(whole) / 5
    assert gzip.decompress(body) == whole
    assert "Content-Encoding" not in plain


async def test_what_is_short_secret_a_stream_or_no_json_is_not(
    bob: Caller, model_id: str, engine: Engine
):
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    asked = await bob.post(f"{API}/chats/{chat}/messages", json={"content": "tokens=400"})
    file = await bob.post(f"{API}/files?name=a.txt", content=b"text " * 1000)
    for path in (
        f"{API}/projects",
        f"{API}/me",
        asked.headers["Location"],
        f"{file.headers['Location']}/content",
    ):
        headers, _ = await raw(bob, path, "gzip")
        assert "Content-Encoding" not in headers, path


# --- files that have just come -------------------------------------------------------------


async def test_a_question_waits_for_the_file_it_names(
    bob: Caller, model_id: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extraction, "wake", lambda _: None)
    file = (await bob.post(f"{API}/files?name=a.txt", content=b"text")).json()
    assert file["status"] == "waiting"
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    sent = {"content": "say:one", "file_ids": [file["id"]]}
    asked = asyncio.create_task(bob.post(f"{API}/chats/{chat}/messages", json=sent))
    async with unit_of_work() as session:
        row = await session.get(StoredFile, file["id"])
        assert row is not None
        row.status = "ready"
    assert (await asked).status_code == 202


async def test_one_that_takes_too_long_is_told_with_when_to_come_again(
    bob: Caller, model_id: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extraction, "wake", lambda _: None)
    monkeypatch.setattr(asking, "READ_WITHIN_S", 0.0)
    file = (await bob.post(f"{API}/files?name=a.txt", content=b"text")).json()
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    sent = {"content": "say:one", "file_ids": [file["id"]]}
    answer = await bob.post(f"{API}/chats/{chat}/messages", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "file_waiting")
    assert int(answer.headers["Retry-After"]) > 0


async def test_nobody_waits_for_the_files_of_others(
    bob: Caller, charlie: Caller, model_id: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extraction, "wake", lambda _: None)
    monkeypatch.setattr(asking, "READ_WITHIN_S", 100_000.0)
    file = (await bob.post(f"{API}/files?name=a.txt", content=b"text")).json()
    chat = (await charlie.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    sent = {"content": "say:one", "file_ids": [file["id"]]}
    answer = await charlie.post(f"{API}/chats/{chat}/messages", json=sent)
    assert answer.status_code == 404
