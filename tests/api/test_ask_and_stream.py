"""One call that asks and gives the answer as it is written."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import Generation, ModelPrice, UsageLog
from tests.api.conftest import Caller
from tests.api.test_chats import events_of
from tests.api.test_keys import key_of, program
from tests.conftest import People
from tests.scripted import ScriptedServer, expected_text

API = "/api/v1"
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
async def chat(bob: Caller, model_id: str) -> str:
    """The messages of a new chat of bob's."""
    made = await bob.post(f"{API}/chats", json={"model": model_id})
    return f"{API}/chats/{made.json()['id']}/messages"


def text_of(answer: httpx.Response) -> str:
    text = ""
    for name, _, data in events_of(answer.content):
        if name == "snapshot":
            text = data["text"]
        elif name == "text":
            text += data["text"]
    return text


async def test_a_question_is_answered_by_its_own_call(
    bob: Caller, chat: str, engine: Engine, upstream: ScriptedServer
):
    upstream.script("tokens=80")
    answer = await bob.post(chat, json={"content": "Hello"}, headers=STREAM)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert text_of(answer) == expected_text("tokens=80")
    stored = (await bob.get(chat)).json()["items"][-1]
    assert stored["content"] == text_of(answer)
    assert answer.headers["Location"] == f"{API}/runs/{stored['run_id']}/events"


async def test_its_events_are_those_of_the_run_and_go_on_behind_any_of_them(
    bob: Caller, chat: str, engine: Engine, upstream: ScriptedServer
):
    upstream.script("tokens=60 reasoning=5")
    answer = await bob.post(chat, json={"content": "Hello"}, headers=STREAM)
    place = answer.headers["Location"]
    again = await bob.get(place)
    assert text_of(again) == text_of(answer)
    assert events_of(again.content)[-2:] == events_of(answer.content)[-2:]
    behind = {"Last-Event-ID": str(events_of(answer.content)[-1][1])}
    assert (await bob.get(place, headers=behind)).status_code == 200


async def test_the_end_says_what_was_used_as_the_ledger_has_it(
    bob: Caller, chat: str, model_id: str, engine: Engine, upstream: ScriptedServer
):
    async with unit_of_work() as session:
        session.add(ModelPrice(model_id=model_id, input_micro=1_000_000, output_micro=9_000_000))
    upstream.script("tokens=40 reasoning=5")
    answer = await bob.post(chat, json={"content": "Hello"}, headers=STREAM)
    name, _, end = events_of(answer.content)[-1]
    assert (name, end["status"], end["finish_reason"]) == ("end", "done", "stop")
    async with unit_of_work(writes=False) as session:
        row = await session.scalar(sa.select(UsageLog))
    assert row is not None
    assert row.cost_micro > 0
    assert end["usage"] == {
        "input_tokens": row.input_tokens,
        "cached_tokens": row.cached_tokens,
        "output_tokens": row.output_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "estimated": row.is_estimated,
        "cost_micro": row.cost_micro,
        "currency": row.currency,
    }
    run = await bob.get(answer.headers["Location"].removesuffix("/events"))
    assert run.json()["usage"] == end["usage"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html, */*"])
async def test_who_takes_anything_gets_the_runs_address_at_once(
    bob: Caller, chat: str, engine: Engine, accept: str
):
    answer = await bob.post(chat, json={"content": "say:one"}, headers={"Accept": accept})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"{API}/runs/{answer.json()['run_id']}/events"
    await bob.get(answer.headers["Location"])


async def test_two_models_are_two_streams(bob: Caller, chat: str, model_id: str, engine: Engine):
    sent = {"content": "say:one", "also_model": model_id}
    answer = await bob.post(chat, json=sent, headers=STREAM)
    other = answer.headers["Link"].partition(">")[0].removeprefix("<")
    assert other != answer.headers["Location"]
    assert events_of((await bob.get(other)).content)[-1][0] == "end"


async def test_sent_again_with_its_key_the_same_run_is_followed(
    bob: Caller, charlie: Caller, chat: str, engine: Engine
):
    sent = {"content": "say:one two"}
    keyed = {**STREAM, "Idempotency-Key": "once"}
    first = await bob.post(chat, json=sent, headers=keyed)
    again = await bob.post(chat, json=sent, headers=keyed)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert text_of(again) == text_of(first) == "one two"
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(sa.func.count(col(Generation.id)))) == 1
    other = await bob.post(chat, json={"content": "say:three"}, headers=keyed)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert (await charlie.post(chat, json=sent, headers=keyed)).status_code == 404


async def test_what_is_refused_is_a_problem_and_no_stream(
    bob: Caller, charlie: Caller, people: People, chat: str, engine: Engine
):
    empty = await bob.post(chat, json={"content": " "}, headers=STREAM)
    assert empty.status_code == 422
    assert empty.headers["Content-Type"] == "application/problem+json"
    assert (await charlie.post(chat, json={"content": "Hi"}, headers=STREAM)).status_code == 404
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        refused = await job.post(chat, json={"content": "Hi"}, headers=STREAM)
    assert refused.status_code == 403
    _, key = await key_of(people, "bob", "chat")
    async with program(key) as job:
        answer = await job.post(chat, json={"content": "say:one"}, headers=STREAM)
    assert text_of(answer) == "one"
