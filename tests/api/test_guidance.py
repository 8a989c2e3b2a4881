"""What a caller hears leads on: how to come in, where things are, and what can be sent instead."""

from __future__ import annotations

from typing import Any

import pytest

from llm_ui import auth
from llm_ui.generation import Engine
from tests.api import stock
from tests.api.conftest import Caller, make_caller
from tests.api.test_keys import key_of, program
from tests.api.test_step_up import confirmed
from tests.conftest import People

API = "/api/v1"
HERE = "http://localhost:3000"


# --- who is spoken to ----------------------------------------------------------------------


def with_cookie(people: People, name: str, **headers: str) -> Caller:
    """A call with somebody's cookie, and nothing that says where it is from."""
    caller = make_caller()
    caller.cookies.set(auth.COOKIE, people.sessions[name].token)
    caller.headers.update(headers)
    return caller


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_a_program_with_a_cookie_hears_where_the_csrf_token_is(
    people: People, engine: Engine, token: str | None
):
    given = {} if token is None else {"X-CSRF-Token": token}
    async with with_cookie(people, "bob", **given) as curl:
        answer = await curl.post(f"{API}/projects", json={"name": "House"})
        detail = answer.json()["detail"]
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
        for word in ("X-CSRF-Token", "POST /api/v1/auth/login", "GET /api/v1/auth/me", "API key"):
            assert word in detail
        assert "Reload" not in detail
        told = (await curl.get(f"{API}/auth/me")).json()["csrf_token"]
        sent = {"X-CSRF-Token": told}
        assert (await curl.post(f"{API}/projects", json={"name": "A"}, headers=sent)).is_success


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": HERE}, True),
        ({"Referer": f"{HERE}/chat/1"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, False),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
async def test_a_page_of_ours_is_told_what_to_do_on_a_page(
    people: People, engine: Engine, headers: dict[str, str], is_page: bool
):
    async with with_cookie(people, "bob", **headers) as browser:
        refused = (await browser.post(f"{API}/projects", json={"name": "House"})).json()
        unknown = (await browser.get(f"{API}/auth/nothing")).json()
    assert refused["code"] == "csrf_refused"
    assert ("Reload the page" in refused["detail"]) == is_page
    assert unknown["status"] == 404


async def test_a_key_hears_whether_the_call_or_what_it_says_is_beyond_it(
    people: People, engine: Engine
):
    _, key = await key_of(people, "alice", "admin")
    bob = f"{API}/admin/users/{people.bob.user_id}"
    async with program(key) as job:
        closed = await job.post(f"{API}/admin/invitations", json={"email": "frank@example.org"})
        refused = await job.patch(bob, json={"role": "admin"})
        for answer, words in ((closed, "not available to API keys"), (refused, "administrators")):
            told = answer.json()
            assert (answer.status_code, told["code"], told["needed"]) == (403, "key_scope", None)
            assert words in told["detail"]
        assert "not available" not in refused.json()["detail"]
        assert (await job.patch(bob, json={"username": "Robert"})).status_code == 200


async def test_who_has_to_type_the_password_hears_where(people: People, engine: Engine):
    await confirmed(people, None)
    token = {"X-CSRF-Token": people.sessions["alice"].csrf_token}
    body = {"email": "erin@example.org", "username": "Erin", "role": "admin"}
    async with with_cookie(people, "alice", **token) as curl:
        told = (await curl.post(f"{API}/admin/users", json=body)).json()
    assert told["code"] == "password_needed"
    assert "POST /api/v1/auth/confirm" in told["detail"]


# --- where things are ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/openapi.json"])
async def test_who_looks_for_the_document_is_led_to_it(visitor: Caller, path: str):
    answer = await visitor.get(path, follow_redirects=True)
    assert answer.json()["openapi"].startswith("3.")
    first = await visitor.get(path)
    assert first.headers["Location"].startswith("/api")


async def test_an_address_that_is_none_names_the_document(visitor: Caller):
    for path in ("/api/v1/nothing", "/api/swagger.json", "/api/v2/chats"):
        answer = await visitor.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "/api/v1/openapi.json" in answer.json()["detail"]
    page = (await visitor.get("/api/docs")).text
    assert '<link rel="service-desc" type="application/json" href="/api/v1/openapi.json">' in page


async def test_a_stroke_too_many_leads_to_the_address_without(
    bob: Caller, model_id: str, engine: Engine
):
    answer = await bob.get(f"{API}/models/?zzz=1")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{API}/models?zzz=1")
    made = await bob.post(f"{API}/projects/", json={"name": "House"}, follow_redirects=True)
    assert made.status_code == 201
    assert (await bob.get(f"{API}/nothing/")).status_code == 404
    assert (await bob.get("/api//elsewhere.example/")).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PROPFIND", "FOO", "TRACE"])
async def test_a_wrong_method_hears_in_words_which_there_are(bob: Caller, method: str):
    answer = await bob.request(method, f"{API}/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (405, "wrong_method")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    async with make_caller() as curl:
        detail = (await curl.request(method, f"{API}/auth/me")).json()["detail"]
    assert method in detail
    assert "GET, HEAD, OPTIONS" in detail


async def test_health_may_be_asked_with_whatever_keeps_caches_out(visitor: Caller, engine: Engine):
    assert (await visitor.get("/health/live?x=1")).status_code == 200


# --- what can be sent instead --------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "words"),
    [
        (
            "POST",
            "/chats/{chat_id}/messages",
            {"content": "x", "modes": ["a"]},
            "modes",
            "image",
        ),
        ("PATCH", "/chats/{chat_id}", {"pinned": None}, "pinned", "cannot be null"),
        ("PUT", "/chats/{chat_id}/tags", ["a"], "body", "The body must be a JSON object"),
        ("GET", "/chats?cursor=zzz", None, "cursor", "next_cursor"),
        ("GET", "/search?q=x&cursor=zzz", None, "cursor", "next_cursor"),
        ("GET", "/chats?from=0001-01-01T00:00:00%2B14:00", None, "from", "out of range"),
        ("GET", "/usage?zone=Nowhere", None, "zone", "Europe/Berlin"),
        ("PATCH", "/account", {"theme": "red"}, "theme", "must be empty or one of"),
        ("PUT", "/chats/{chat_id}/messages/x/feedback", {"value": 3}, "value", "-1, 0 or 1"),
    ],
)
async def test_what_cannot_be_used_says_what_can(
    bob: Caller,
    model_id: str,
    engine: Engine,
    method: str,
    path: str,
    body: Any,
    field: str,
    words: str,
):
    made = await bob.post(f"{API}/chats", json={"model": model_id})
    address = f"{API}{path.replace('{chat_id}', made.json()['id'])}"
    answer = await bob.request(method, address, **({} if body is None else {"json": body}))
    told = answer.json()
    assert (answer.status_code, told["field"]) == (422, field), told
    assert words in told["detail"], told["detail"]


async def test_a_thing_that_the_body_or_the_query_names_and_is_missing_is_named(
    bob: Caller, model_id: str, engine: Engine
):
    made = (await bob.post(f"{API}/chats", json={"model": model_id})).json()
    chat = f"/chats/{made['id']}"
    message = {"content": "x", "file_ids": [stock.MISSING]}
    for method, path, body, field in (
        ("POST", "/chats", {"model": model_id, "project_id": stock.MISSING}, "project_id"),
        ("PATCH", chat, {"project_id": stock.MISSING}, "project_id"),
        (
            "POST",
            "/chats/organize",
            {"ids": [made["id"]], "project_id": stock.MISSING},
            "project_id",
        ),
        ("POST", "/chats/organize", {"ids": [stock.MISSING], "pinned": True}, "ids"),
        ("POST", "/chats/delete", {"ids": [stock.MISSING]}, "ids"),
        ("POST", f"{chat}/messages", message, "file_ids"),
        ("PATCH", "/account", {"default_prompt_id": stock.MISSING}, "default_prompt_id"),
    ):
        answer = await bob.request(method, f"{API}{path}", json=body)
        assert (answer.status_code, answer.json().get("field")) == (404, field), (path, answer.text)
    assert "field" not in (await bob.get(f"{API}/chats/{stock.MISSING}")).json()


async def test_far_from_any_name_none_is_guessed(bob: Caller, engine: Engine):
    for path, name in (("/prompts", "sort"), ("/files", "order"), ("/tags", "colour")):
        answer = await bob.get(f"{API}{path}", params={name: "x"})
        assert answer.json()["did_you_mean"] is None, path
    near = await bob.get(f"{API}/prompts", params={"limt": "3"})
    assert near.json()["did_you_mean"] == "limit"


# --- how one stands ------------------------------------------------------------------------


async def test_who_is_let_in_nowhere_hears_how_the_address_stands(visitor: Caller, engine: Engine):
    answer = await visitor.get(f"{API}/models", headers={"Authorization": "Bearer llmui_no"})
    assert (answer.status_code, answer.headers["RateLimit-Limit"]) == (401, "60")
    assert answer.headers["RateLimit-Policy"] == "60;w=60"
