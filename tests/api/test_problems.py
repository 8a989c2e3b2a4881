"""What programs are told that something went wrong: a code to go by, a page that explains it,
and sentences that make sense to whoever calls."""

from __future__ import annotations

import re

import pytest

from llm_ui import auth
from llm_ui.api.openapi.error_page import kinds
from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.i18n import LANGUAGES
from llm_ui.services.accounts import api_keys
from tests.api.conftest import Caller, make_caller
from tests.conftest import People

API = "/api/v1"


async def key_of(people: People, name: str, *scopes: str) -> str:
    async with unit_of_work() as session:
        return (await api_keys.create_key(session, people.actors[name], "Job", scopes, 30)).key


async def with_key(key: str, **headers: str) -> Caller:
    caller = make_caller()
    caller.headers.update({"Authorization": f"Bearer {key}", **headers})
    return caller


async def test_the_type_of_a_problem_leads_to_where_its_code_is_explained(visitor: Caller):
    told = (await visitor.get(f"{API}/models")).json()
    path, _, place = told["type"].partition("#")
    page = await visitor.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert f'id="{place}"' in page.text
    assert told["title"] in page.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_code_is_explained_in_every_language(visitor: Caller, language: str):
    page = (await visitor.get("/api/errors", headers={"Accept-Language": language})).text
    assert f'<html lang="{language}" ' in page
    entries = dict(re.findall(r'<h2 id="(\w+)">.*?<strong>(.+?)\.</strong>', page))
    # A wrong setting stops the start: there is nobody to tell.
    assert {each.code for each in kinds()} - {"config"} == set(entries)


async def test_a_call_without_a_key_hears_how_to_come_in(visitor: Caller):
    answer = await visitor.get(f"{API}/models")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="llm-ui"'
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize("given", ["Bearer llmui_wrong", "Bearer sk-other", "Basic YTpi", "x"])
async def test_a_key_that_opens_nothing_is_said_to_be_the_reason(visitor: Caller, given: str):
    answer = await visitor.get(f"{API}/models", headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="llm-ui", error="invalid_token"'
    assert "API key is not valid" in answer.json()["detail"]


async def test_a_key_hears_which_scope_it_needs(people: People, engine: Engine):
    needs = [
        ("alice", ("read",), "POST", "/projects", "chat"),
        ("alice", ("read",), "GET", "/admin/users", "admin"),
        ("alice", ("chat",), "GET", "/admin/users", "admin"),
        ("alice", ("admin",), "GET", "/auth/me", None),
        ("bob", ("chat",), "GET", "/keys", None),
    ]
    for name, scopes, method, path, needed in needs:
        async with await with_key(await key_of(people, name, *scopes)) as job:
            answer = await job.request(method, f"{API}{path}")
            told = answer.json()
            assert (answer.status_code, told["code"]) == (403, "key_scope"), path
            assert (told["needed"], told["has"]) == (needed, list(scopes))
            assert scopes[0] in told["detail"]
            assert "administrator" not in told["detail"]


async def test_a_key_of_somebody_who_is_no_admin_hears_that_it_is_for_admins(
    people: People, engine: Engine
):
    async with await with_key(await key_of(people, "bob", "chat")) as job:
        told = (await job.get(f"{API}/admin/users")).json()
    assert told["code"] == "not_allowed"
    assert "needed" not in told


async def test_a_program_is_spoken_to_in_english_unless_it_asks_for_something_else(
    people: People, engine: Engine
):
    key = await key_of(people, "bob", "chat")
    german = {"Accept-Language": "de"}
    for headers, title in (
        ({}, "Not found, or not yours"),
        ({"Cookie": "lang=de"}, "Not found, or not yours"),
        (german, "Nicht vorhanden oder nicht deins"),
    ):
        async with await with_key(key, **headers) as job:
            assert (await job.get(f"{API}/chats/x")).json()["title"] == title


async def test_sentences_for_programs_do_not_speak_of_buttons(
    people: People, bob: Caller, engine: Engine
):
    body = {"model": "mock-1"}
    async with await with_key(await key_of(people, "bob", "chat")) as job:
        to_program = (await job.post(f"{API}/chats", json=body)).json()["detail"]
    to_person = (await bob.post(f"{API}/chats", json=body)).json()["detail"]
    assert "GET /api/v1/models" in to_program
    assert "GET" not in to_person


async def test_a_session_that_has_ended_is_still_told_so_in_the_words_of_the_page(
    people: People, bob: Caller, engine: Engine
):
    async with unit_of_work() as session:
        await auth.end_sessions(session, [people.bob.session_id])
    answer = await bob.get(f"{API}/models")
    assert (answer.status_code, answer.json()["detail"][:19]) == (401, "You are signed out.")
