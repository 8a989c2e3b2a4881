"""`Idempotency-Key`: what is sent twice is done once, and gives the same answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from llm_ui import auth
from llm_ui.api.http.idempotency import MADE, NEVER_KEPT, SHOWN
from llm_ui.api.http.responses import PLACES
from llm_ui.api.openapi.document import operations
from llm_ui.db import script_url, unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import AuthSession, IdempotentCall
from llm_ui.models.base import now
from llm_ui.security.limits import Allowance
from llm_ui.services import idempotency, text_quota
from tests.api import stock
from tests.api.conftest import Caller, make_caller
from tests.api.test_document import DOCUMENT
from tests.api.test_keys import key_of, program
from tests.conftest import PASSWORD, People

API = "/api/v1"
KEY = {"Idempotency-Key": "6f1c-1"}
REPLAYED = "Idempotent-Replayed"
HOUSE = b'{"name": "House"}'


async def project(caller: Caller, name: str = "House", key: dict[str, str] = KEY) -> httpx.Response:
    return await caller.post(f"{API}/projects", json={"name": name}, headers=key)


async def names(caller: Caller) -> list[str]:
    return [each["name"] for each in (await caller.get(f"{API}/projects")).json()["items"]]


async def test_the_same_call_is_done_once_and_answered_twice(bob: Caller):
    first, second = await project(bob), await project(bob)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers.get("Location") == first.headers.get("Location")
    assert (REPLAYED in first.headers, second.headers[REPLAYED]) == (False, "true")
    assert await names(bob) == ["House"]


async def test_another_body_path_or_query_with_the_key_is_refused(bob: Caller):
    await project(bob)
    for answer in (
        await project(bob, "Garden"),
        await bob.post(f"{API}/prompts", json={"name": "House"}, headers=KEY),
        await bob.post(f"{API}/chats/delete", json={"ids": ["x"]}, headers=KEY),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
        assert answer.json()["field"] == "Idempotency-Key"
    assert await names(bob) == ["House"]


async def test_keys_are_each_persons_own(bob: Caller, charlie: Caller):
    mine, theirs = await project(bob), await project(charlie)
    assert mine.json()["id"] != theirs.json()["id"]
    assert REPLAYED not in theirs.headers


async def test_without_a_key_nothing_is_remembered(bob: Caller):
    await project(bob, key={})
    await project(bob, key={})
    assert await names(bob) == ["House", "House"]


async def test_a_second_one_at_the_same_time_is_told_to_wait(people: People, bob: Caller):
    """The first one has been taken, by whichever worker, and is not over."""
    said = f"/api/v1/projects?\n{hashlib.sha256(HOUSE).hexdigest()}"
    claim = await idempotency.begin(people.bob, KEY["Idempotency-Key"], said)
    assert isinstance(claim, idempotency.Claim)
    sent = {**KEY, "Content-Type": "application/json"}
    busy = await bob.post(f"{API}/projects", content=HOUSE, headers=sent)
    assert (busy.status_code, busy.json()["code"]) == (409, "idempotency_busy")
    await idempotency.complete(claim, said, idempotency.Kept(201, {}, '{"id": "made"}'))
    over = await bob.post(f"{API}/projects", content=HOUSE, headers=sent)
    assert (over.status_code, over.json()) == (201, {"id": "made"})
    assert await names(bob) == []


async def test_of_many_at_once_one_is_done(bob: Caller):
    answers = await asyncio.gather(*(project(bob) for _ in range(8)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert sum(each.status_code == 201 and REPLAYED not in each.headers for each in answers) == 1
    assert await names(bob) == ["House"]


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ümlaut"])
async def test_a_key_that_is_none_is_refused(bob: Caller, key: str):
    sent = {"Idempotency-Key": key.encode("latin-1")}
    answer = await bob.post(f"{API}/projects", json={"name": "House"}, headers=sent)
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
    assert await names(bob) == []


async def test_two_keys_are_none(bob: Caller):
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    headers = [*bob.headers.multi_items(), *twice]
    answer = await bob.post(f"{API}/projects", json={"name": "House"}, headers=headers)
    assert answer.status_code == 422


async def test_what_was_refused_may_be_tried_again(bob: Caller):
    assert (await project(bob, "")).status_code == 422
    assert (await project(bob, "House")).status_code == 201


async def test_who_may_not_gets_no_answer_of_before(people: People, alice: Caller, bob: Caller):
    """An answer that is kept is given only to those who might have made the call."""
    made = {"email": "wanda@example.org", "username": "wanda"}
    first = await alice.post(f"{API}/admin/users", json=made, headers=KEY)
    assert first.status_code == 201
    assert (await bob.post(f"{API}/admin/users", json=made, headers=KEY)).status_code == 403
    for scopes in ("read", "chat", "admin"):
        _, key = await key_of(people, "alice", scopes)
        async with program(key) as job:
            again = await job.post(f"{API}/admin/users", json=made, headers=KEY)
        assert again.status_code == 403, scopes
        assert REPLAYED not in again.headers
    async with make_caller() as nobody:
        assert (await nobody.post(f"{API}/admin/users", json=made, headers=KEY)).status_code == 401
    del alice.headers["X-CSRF-Token"]
    assert (await alice.post(f"{API}/admin/users", json=made, headers=KEY)).status_code == 403


async def test_what_is_told_once_is_told_again_and_stands_nowhere_in_clear(
    bob: Caller, database_url: str
):
    wanted = {"key_name": "Nightly report", "scopes": ["read"], "days": 30}
    first = await bob.post(f"{API}/keys", json=wanted, headers=KEY)
    second = await bob.post(f"{API}/keys", json=wanted, headers=KEY)
    assert first.json()["key"] == second.json()["key"]
    assert second.headers["Cache-Control"] == "no-store"
    engine = sa.create_engine(script_url(database_url))
    with engine.connect() as connection:
        rows = connection.execute(sa.select(IdempotentCall)).all()
    engine.dispose()
    assert len(rows) == 1
    assert first.json()["key"] not in repr(rows)
    assert KEY["Idempotency-Key"] not in repr(rows)
    assert "Nightly report" not in repr(rows)


async def test_a_password_is_typed_each_time(bob: Caller):
    """An answer of before is no proof of who is there now."""
    await _confirmed(None)
    address, right = f"{API}/auth/confirm", {"password": PASSWORD}
    assert (await bob.post(address, json=right, headers=KEY)).status_code == 200
    await _confirmed(None)
    wrong = await bob.post(address, json={"password": "another one"}, headers=KEY)
    assert wrong.status_code in (401, 403, 422)
    again = await bob.post(address, json=right, headers=KEY)
    assert (again.status_code, REPLAYED in again.headers) == (200, False)
    assert await _count() == 0


async def test_what_a_password_was_typed_for_is_told_again_only_after_typing_it(alice: Caller):
    wanted = {"key_name": "Nightly report", "scopes": ["admin"], "days": 30}
    await _confirmed(now())
    first = await alice.post(f"{API}/keys", json=wanted, headers=KEY)
    assert first.status_code == 201
    await _confirmed(now() - auth.CONFIRMED_FOR - timedelta(seconds=1))
    late = await alice.post(f"{API}/keys", json=wanted, headers=KEY)
    assert (late.status_code, late.json()["code"]) == (403, "password_needed")
    await alice.post(f"{API}/auth/confirm", json={"password": PASSWORD})
    again = await alice.post(f"{API}/keys", json=wanted, headers=KEY)
    assert (again.json(), again.headers[REPLAYED]) == (first.json(), "true")


async def _confirmed(moment: datetime | None) -> None:
    """When alice and bob last typed their passwords once more."""
    async with unit_of_work() as session:
        await session.execute(sa.update(AuthSession).values(confirmed_at=moment))


async def _count() -> int | None:
    async with unit_of_work(writes=False) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(IdempotentCall))


async def test_after_a_day_a_key_is_new_again(bob: Caller):
    await project(bob)
    await _age(timedelta(hours=25))
    assert REPLAYED not in (await project(bob)).headers
    assert await names(bob) == ["House", "House"]


async def test_a_call_that_was_lost_with_its_process_may_be_made_again(bob: Caller):
    await project(bob)
    async with unit_of_work() as session:
        await session.execute(sa.update(IdempotentCall).values(answer=None))
    assert (await project(bob)).status_code == 409
    await _age(timedelta(minutes=16))
    assert (await project(bob)).status_code == 201


async def test_what_is_old_is_removed_by_itself(bob: Caller):
    await project(bob)
    await _age(timedelta(hours=25))
    async with unit_of_work() as session:
        await idempotency.purge(session)
    assert await _count() == 0


async def _age(by: timedelta) -> None:
    async with unit_of_work() as session:
        await session.execute(sa.update(IdempotentCall).values(created_at=now() - by))


async def test_uploads_are_known_by_their_bytes(bob: Caller):
    first = await bob.post(f"{API}/files?name=a.txt", content=b"one", headers=KEY)
    again = await bob.post(f"{API}/files?name=a.txt", content=b"one", headers=KEY)
    other = await bob.post(f"{API}/files?name=a.txt", content=b"two", headers=KEY)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers[REPLAYED] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len((await bob.get(f"{API}/files")).json()["items"]) == 1


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_a_form_is_known_by_what_it_holds(bob: Caller, piece: int):
    """Programs part it by something else each time; it comes in pieces that cut that anywhere."""

    async def sent(text: str, boundary: str) -> httpx.Response:
        head = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
        body = f"--{boundary}\r\n{head}\r\n\r\n{text}\r\n--{boundary}--\r\n".encode()

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), piece):
                yield body[start : start + piece]

        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await bob.post(f"{API}/files", content=pieces(), headers=KEY | kind)

    first = await sent("one", "------------------------a1b2")
    again = await sent("one", "------------------------cc0d")
    other = await sent("two", "------------------------cc0d")
    assert first.status_code == 201, first.text
    assert (again.json()["id"], again.headers[REPLAYED]) == (first.json()["id"], "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len((await bob.get(f"{API}/files")).json()["items"]) == 1


async def test_an_upload_that_takes_long_is_not_begun_again_meanwhile(
    bob: Caller, monkeypatch: pytest.MonkeyPatch
):
    """Its claim would be as old as one that was lost with its process."""
    monkeypatch.setattr(idempotency, "RENEWED_EVERY_S", 0.0)
    told: list[httpx.Response] = []

    async def slowly() -> AsyncIterator[bytes]:
        yield b"one"
        await _age(timedelta(minutes=20))
        yield b"two"
        told.append(await bob.post(f"{API}/files?name=a.txt", content=b"onetwo", headers=KEY))
        yield b""

    first = await bob.post(f"{API}/files?name=a.txt", content=slowly(), headers=KEY)
    assert first.status_code == 201
    assert [each.status_code for each in told] == [409]
    again = await bob.post(f"{API}/files?name=a.txt", content=b"onetwo", headers=KEY)
    assert (again.json()["id"], again.headers[REPLAYED]) == (first.json()["id"], "true")


# --- what is kept ---------------------------------------------------------------------------


async def _kept() -> int:
    """How much text the rows hold."""
    size = sa.func.sum(sa.func.length(IdempotentCall.answer))
    async with unit_of_work(writes=False) as session:
        return int(await session.scalar(sa.select(size)) or 0)


def noise(size: int) -> str:
    """Text that hardly gets smaller."""
    return base64.b64encode(random.Random(7).randbytes(size)).decode()


async def test_long_answers_are_not_kept_but_read_again(
    bob: Caller, monkeypatch: pytest.MonkeyPatch
):
    """Answers kept for a client and counted by nobody."""
    monkeypatch.setattr(idempotency, "LONGEST", 10_000)
    wanted = {"name": "Long", "text": noise(11_000)}
    first = await bob.post(f"{API}/prompts", json=wanted, headers=KEY)
    assert first.status_code == 201
    assert await _kept() < 2_000
    again = await bob.post(f"{API}/prompts", json=wanted, headers=KEY)
    assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert (again.json(), again.headers["Location"]) == (first.json(), first.headers["Location"])
    assert len((await bob.get(f"{API}/prompts")).json()["items"]) == 1
    await bob.delete(first.headers["Location"])
    assert (await bob.post(f"{API}/prompts", json=wanted, headers=KEY)).status_code == 404


async def test_what_is_kept_counts_to_the_quota_of_texts(
    bob: Caller, settings_env, monkeypatch: pytest.MonkeyPatch
):
    """Answers kept for a client and counted by nobody, also those that say old texts again."""
    settings_env("TEXT_QUOTA_MB", "1")
    monkeypatch.setattr(text_quota, "_written", {})
    made = await bob.post(f"{API}/prompts", json={"name": "Long", "text": noise(11_000)})
    copies = f"{API}/prompts/{made.json()['id']}/copy"
    for number in range(120):
        answer = await bob.post(copies, headers={"Idempotency-Key": f"copy-{number}"})
        if answer.status_code == 429:
            break
        last = {"Idempotency-Key": f"copy-{number}"}, answer
    assert answer.status_code == 429
    assert 0 < await _kept() < text_quota.MEGABYTE
    # The last one was not kept: it is read again.
    again = await bob.post(copies, headers=last[0])
    assert (again.json(), again.headers[REPLAYED]) == (last[1].json(), "true")


async def test_what_no_other_call_reads_is_done_once_and_says_so(
    bob: Caller, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(idempotency, "LONGEST", 10)
    wanted = {"key_name": "Nightly report", "scopes": ["read"], "days": 30}
    assert (await bob.post(f"{API}/keys", json=wanted, headers=KEY)).status_code == 201
    again = await bob.post(f"{API}/keys", json=wanted, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_unkept")
    assert len((await bob.get(f"{API}/keys")).json()["items"]) == 1


async def test_one_person_uses_so_many_keys_a_day(bob: Caller, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(idempotency, "_calls", Allowance(3, 86_400))
    told = [await project(bob, f"{n}", {"Idempotency-Key": f"{n}"}) for n in (1, 2, 3, 4, 1)]
    assert [each.status_code for each in told] == [201, 201, 201, 429, 201]
    assert int(told[3].headers["Retry-After"]) > 3600


def test_an_answer_is_read_again_where_a_get_answers_the_same():
    """By the OpenAPI document: what is read has the shape of what was answered."""
    shapes = {}
    for path, method, operation in operations(DOCUMENT):
        for status, answer in operation["responses"].items():
            schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
            if status.startswith("2") and "$ref" in schema:
                shapes[method, re.sub(r"\{[^}]+\}", "{}", path)] = schema["$ref"]
    places = {f"/api/v1{path}": f"/api/v1{place}" for path, place in PLACES.items()} | SHOWN
    same = set()
    for path, place in places.items():
        answered = shapes.get(("post", re.sub(r"\{[^}]+\}", "{}", path)))
        read = shapes.get(("get", re.sub(r"\{[^}]+\}", "{}", place)))
        if answered and answered == read and not path.startswith(NEVER_KEPT):
            same.add(path)
    assert same == MADE | SHOWN.keys()


# --- questions -----------------------------------------------------------------------------


async def new_chat(caller: Caller, model_id: str) -> str:
    chat: str = (await caller.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    return chat


async def ask(caller: Caller, chat: str, content: str, key: str, **more: str) -> httpx.Response:
    sent = {"content": content, "idempotency_key": key, **more}
    return await caller.post(f"{API}/chats/{chat}/messages", json=sent)


async def test_a_question_with_the_key_of_another_one_is_refused(
    bob: Caller, model_id: str, engine: Engine
):
    chat, other = await new_chat(bob, model_id), await new_chat(bob, model_id)
    first = await ask(bob, chat, "say:one", "k-1")
    assert (await ask(bob, chat, "say:one", "k-1")).json() == first.json()
    for answer in (await ask(bob, chat, "say:two", "k-1"), await ask(bob, other, "say:one", "k-1")):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
        assert answer.json()["field"] == "idempotency_key"
    found = await stock.until(
        bob, f"/chats/{chat}/messages", lambda page: page["items"][-1]["status"] == "done"
    )
    assert len(found["items"]) == 2


async def test_other_words_with_the_key_of_other_ones_are_refused(
    bob: Caller, model_id: str, engine: Engine
):
    chat = await new_chat(bob, model_id)
    await ask(bob, chat, "say:one", "k-1")
    page = await stock.until(
        bob, f"/chats/{chat}/messages", lambda page: page["items"][-1]["status"] == "done"
    )
    address = f"{API}/chats/{chat}/messages/{page['items'][0]['id']}/edit"
    first = await bob.post(address, json={"content": "say:two", "idempotency_key": "k-2"})
    again = await bob.post(address, json={"content": "say:two", "idempotency_key": "k-2"})
    other = await bob.post(address, json={"content": "say:three", "idempotency_key": "k-2"})
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_a_chat_with_the_header_is_made_once(bob: Caller, model_id: str):
    wanted = {"model": model_id}
    first = await bob.post(f"{API}/chats", json=wanted, headers=KEY)
    second = await bob.post(f"{API}/chats", json=wanted, headers=KEY)
    assert first.json() == second.json()
    assert len((await bob.get(f"{API}/chats")).json()["items"]) == 1
