"""What answers have in common: where things are, pages elsewhere, compression, waiting files."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from llm_ui.api import answers, asking
from llm_ui.api.app import create_api
from llm_ui.api.openapi import operations
from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import StoredFile
from llm_ui.services import extraction
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
        if "201" in operation["responses"]
    }
    assert making == set(answers.PLACES)


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
    key = await bob.post(f"{API}/keys", json={"name": "K", "scopes": ["read"], "days": 1})
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
