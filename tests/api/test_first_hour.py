"""What a program tries in its first hour: whoami, names of models, forms, plain reads."""

from __future__ import annotations

import json

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import AIModel, AIProvider
from llm_ui.services.files import files
from tests.api import stock
from tests.api.conftest import Caller
from tests.api.test_keys import key_of, program
from tests.conftest import People

API = "/api/v1"


# --- who am I ------------------------------------------------------------------------------


async def test_a_key_learns_whose_it_is_and_what_it_may(people: People):
    key_id, key = await key_of(people, "bob", "read", days=30)
    async with program(key) as job:
        told = (await job.get(f"{API}/me")).json()
    assert told["user"]["username"] == "bob"
    assert told["scopes"] == ["read"]
    assert (told["key"]["id"], told["key"]["key_name"]) == (key_id, "Job")
    assert told["expires_at"] == told["key"]["expires_at"]
    assert told["limits"]["requests_per_minute"] == 600
    assert key not in json.dumps(told)


async def test_an_admins_key_may_what_its_scopes_say_and_no_more(people: People):
    _, narrow = await key_of(people, "alice", "chat")
    _, wide = await key_of(people, "alice", "admin")
    async with program(narrow) as job:
        assert (await job.get(f"{API}/me")).json()["scopes"] == ["read", "chat"]
    async with program(wide) as job:
        assert (await job.get(f"{API}/me")).json()["scopes"] == ["read", "chat", "admin"]


async def test_a_session_learns_the_same_without_a_key(bob: Caller):
    told = (await bob.get(f"{API}/me")).json()
    assert (told["user"]["username"], told["key"]) == ("bob", None)
    assert told["scopes"] == ["read", "chat"]
    assert told["expires_at"]


async def test_a_visitor_is_nobody(visitor: Caller):
    assert (await visitor.get(f"{API}/me")).status_code == 401


# --- models by name ------------------------------------------------------------------------


async def another_provider(name: str, *models: str) -> None:
    async with unit_of_work() as session:
        provider = AIProvider(name=name, provider_type="openai", api_url="http://127.0.0.1:9/v1")
        session.add(provider)
        await session.flush()
        session.add_all(
            AIModel(provider_id=provider.id, name=each, display_name=each) for each in models
        )


@pytest.mark.parametrize("named", ["{id}", "markdown", "Scripted/markdown"])
async def test_a_model_goes_by_its_id_its_name_and_its_path(
    bob: Caller, model_id: str, engine: Engine, named: str
):
    named = named.format(id=model_id)
    made = await bob.post(f"{API}/chats", json={"model": named})
    assert made.status_code == 201, made.text
    assert made.json()["model"] == {"id": model_id, "name": "markdown"}
    chat = made.json()["id"]
    asked = await bob.post(
        f"{API}/chats/{chat}/messages", json={"content": "say:one", "model": named}
    )
    assert asked.status_code == 202
    told = await stock.until(
        bob, f"/chats/{chat}/messages", lambda page: page["items"][-1]["status"] == "done"
    )
    assert told["items"][-1]["model"] == {"id": model_id, "name": "markdown"}
    answer = told["items"][-1]["id"]
    again = await bob.post(f"{API}/chats/{chat}/messages/{answer}/retry", json={"model": named})
    assert again.status_code == 202, again.text
    mine = await bob.patch(f"{API}/account", json={"default_model_id": named})
    assert mine.json()["default_model_id"] == model_id


@pytest.mark.parametrize("named", ["MARKDOWN", "scripted/Markdown", "SCRIPTED/markdown"])
async def test_small_letters_and_capitals_of_a_name_are_the_same(
    bob: Caller, model_id: str, named: str
):
    made = await bob.post(f"{API}/chats", json={"model": named})
    assert made.json()["model"] == {"id": model_id, "name": "markdown"}
    assert len((await bob.get(f"{API}/chats", params={"model": named})).json()["items"]) == 1


async def test_of_names_that_differ_in_capitals_alone_the_very_one_is_meant(
    bob: Caller, model_id: str
):
    await another_provider("Cellar", "Markdown")
    for named in ("markdown", "Markdown"):
        made = await bob.post(f"{API}/chats", json={"model": named})
        assert made.json()["model"]["name"] == named
    refused = await bob.post(f"{API}/chats", json={"model": "MARKDOWN"})
    assert (refused.status_code, refused.json()["field"]) == (422, "model")


async def test_a_name_of_several_models_is_refused_and_they_are_named(bob: Caller, model_id: str):
    await another_provider("Cellar", "markdown")
    answer = await bob.post(f"{API}/chats", json={"model": "markdown"})
    assert (answer.status_code, answer.json()["field"]) == (422, "model")
    assert "Cellar/markdown" in answer.json()["detail"]
    assert "Scripted/markdown" in answer.json()["detail"]
    assert (await bob.post(f"{API}/chats", json={"model": "Cellar/markdown"})).status_code == 201


async def test_a_model_that_its_provider_no_longer_lists_stands_in_nobodys_way(
    bob: Caller, model_id: str
):
    await another_provider("Cellar", "markdown")
    async with unit_of_work() as session:
        old = col(AIModel.id) == model_id
        await session.execute(sa.update(AIModel).where(old).values(is_available=False))
    assert (await bob.post(f"{API}/chats", json={"model": "markdown"})).status_code == 201


@pytest.mark.parametrize("named", ["", stock.MISSING])
async def test_a_model_that_there_is_not_can_be_named_in_three_ways(
    people: People, model_id: str, named: str
):
    _, key = await key_of(people, "bob", "chat")
    async with program(key) as job:
        refused = (await job.post(f"{API}/chats", json={"model": named})).json()
    assert "an ID, a name, or provider/name" in refused["detail"]


async def test_an_unknown_name_says_so_and_a_hidden_one_is_unknown(bob: Caller, model_id: str):
    async with unit_of_work() as session:
        its = col(AIModel.id) == model_id
        await session.execute(sa.update(AIModel).where(its).values(visibility="admins"))
    hidden = await bob.post(f"{API}/chats", json={"model": "markdown"})
    unknown = await bob.post(f"{API}/chats", json={"model": "nonesuch"})
    assert (hidden.status_code, unknown.status_code) == (422, 422)
    assert hidden.json()["detail"] == unknown.json()["detail"].replace("nonesuch", "markdown")


async def test_the_second_models_name_is_wrong_in_its_own_field(bob: Caller, model_id: str):
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    asked = {"content": "Hello", "also_model": "nonesuch"}
    answer = await bob.post(f"{API}/chats/{chat}/messages", json=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, "also_model")


# --- forms ---------------------------------------------------------------------------------


async def test_a_form_with_a_file_gives_that_file(bob: Caller, people: People):
    """The envelope itself must never become a file that models read."""
    form = {"file": ("Plan für 2026.txt", b"Insulate the roof first.", "text/plain")}
    made = await bob.post(f"{API}/files", files=form, data={"purpose": "user_data"})
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["size"]) == ("Plan für 2026.txt", 24)
    content = await bob.get(f"{API}/files/{made.json()['id']}/content")
    assert content.content == b"Insulate the roof first."
    named = await bob.post(f"{API}/files?name=roof.txt", files=form)
    assert named.json()["name"] == "roof.txt"


async def test_a_large_file_in_a_form_comes_in_many_pieces(bob: Caller):
    text = b"0123456789abcdef\r\n--not the end\r\n" * 40_000
    made = await bob.post(f"{API}/files", files={"anything": ("long.txt", text)})
    content = await bob.get(f"{API}/files/{made.json()['id']}/content")
    assert content.content == text


async def nothing_is_kept(people: People) -> bool:
    async with unit_of_work(writes=False) as session:
        return (await files.list_files(session, people.bob)).items == []


def form(*parts: tuple[str, str], boundary: str = "edge", ended: bool = True) -> bytes:
    text = "".join(f"--{boundary}\r\n{head}\r\n\r\n{body}\r\n" for head, body in parts)
    return f"{text}--{boundary}--\r\n".encode() if ended else text.encode()[:-2]


A_FILE = ('Content-Disposition: form-data; name="file"; filename="a.txt"', "text")
A_FIELD = ('Content-Disposition: form-data; name="name"', "a.txt")
FORM = "multipart/form-data; boundary=edge"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (FORM, form(A_FIELD), 422),
        (FORM, form(A_FILE, A_FILE), 422),
        (FORM, form(A_FILE, ended=False), 422),
        (FORM, form(("Content-Disposition: form-data; name=x", "x" * 100_000), A_FILE), 422),
        (FORM, b"no form at all", 422),
        (FORM, b"", 422),
        ("multipart/form-data", form(A_FILE), 422),
        ("multipart/mixed; boundary=edge", form(A_FILE), 415),
        ("Multipart/Related; boundary=edge", form(A_FILE), 415),
    ],
    ids=[
        "no file",
        "two files",
        "cut off",
        "too much beside it",
        "no form",
        "empty",
        "no boundary",
        "mixed",
        "related",
    ],
)
async def test_a_form_that_is_none_leaves_nothing(
    bob: Caller, people: People, kind: str, body: bytes, status: int
):
    answer = await bob.post(f"{API}/files", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    # An upload need not be JSON.
    assert "JSON" not in answer.json()["title"]
    assert await nothing_is_kept(people)


async def test_a_file_in_a_form_that_is_too_large_is_refused(
    bob: Caller, people: People, settings_env
):
    settings_env("MAX_FILE_MB", "1")
    large = {"file": ("large.txt", b"x" * 1_100_000)}
    assert (await bob.post(f"{API}/files", files=large)).status_code == 413
    assert await nothing_is_kept(people)


async def test_a_read_key_uploads_no_form(people: People):
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        refused = await job.post(f"{API}/files", files={"file": ("a.txt", b"text")})
    assert refused.status_code == 403


# --- plain reads ---------------------------------------------------------------------------


@pytest.fixture
async def asked(bob: Caller, model_id: str, engine: Engine) -> dict[str, str]:
    """A chat of bob's with one answer: its ids."""
    chat = (await bob.post(f"{API}/chats", json={"model": model_id})).json()["id"]
    started = await bob.post(f"{API}/chats/{chat}/messages", json={"content": "say:one two"})
    await stock.until(
        bob, f"/chats/{chat}/messages", lambda page: page["items"][-1]["status"] == "done"
    )
    return {"chat": chat, **started.json()}


async def test_messages_are_read_in_pages_and_one_by_one(bob: Caller, asked: dict[str, str]):
    chat = f"{API}/chats/{asked['chat']}"
    page = (await bob.get(f"{chat}/messages", params={"limit": 1})).json()
    (answer,) = page["items"]
    assert (answer["role"], page["earlier"], page["later"]) == ("assistant", answer["id"], None)
    before = (await bob.get(f"{chat}/messages", params={"before": page["earlier"]})).json()
    assert [each["content"] for each in before["items"]] == ["say:one two"]
    alone = await bob.get(f"{chat}/messages/{answer['id']}")
    assert alone.json() == answer


async def test_a_run_that_is_over_is_still_the_messages(bob: Caller, asked: dict[str, str]):
    message = await bob.get(f"{API}/chats/{asked['chat']}/messages/{asked['message_id']}")
    assert message.json()["run_id"] == asked["run_id"]
    run = (await bob.get(f"{API}/runs/{asked['run_id']}")).json()
    assert (run["status"], run["chat_id"]) == ("done", asked["chat"])
    assert (run["message_id"], run["finish_reason"]) == (asked["message_id"], "stop")
    assert run["usage"]["output_tokens"] > 0
    assert run["finished_at"] >= run["started_at"] >= run["created_at"]


async def test_an_answer_written_on_has_its_last_run(bob: Caller, asked: dict[str, str]):
    chat = f"{API}/chats/{asked['chat']}"
    again = await bob.post(f"{chat}/messages/{asked['message_id']}/retry")
    await stock.until(bob, f"/runs/{again.json()['run_id']}", lambda run: run["status"] == "done")
    other = (await bob.get(f"{chat}/messages/{again.json()['message_id']}")).json()
    first = (await bob.get(f"{chat}/messages/{asked['message_id']}")).json()
    assert (other["run_id"], first["run_id"]) == (again.json()["run_id"], asked["run_id"])


async def test_what_is_bobs_is_missing_for_charlie(
    bob: Caller, charlie: Caller, alice: Caller, people: People, asked: dict[str, str]
):
    chat = f"{API}/chats/{asked['chat']}"
    addresses = (
        f"{chat}/messages",
        f"{chat}/messages/{asked['message_id']}",
        f"{API}/runs/{asked['run_id']}",
    )
    for address in addresses:
        for other in (charlie, alice):
            assert (await other.get(address)).status_code == 404, address
    _, key = await key_of(people, "bob", "read")
    async with program(key) as job:
        for address in addresses:
            assert (await job.get(address)).status_code == 200, address
    elsewhere = f"{API}/chats/{stock.MISSING}/messages/{asked['message_id']}"
    assert (await bob.get(elsewhere)).status_code == 404
    await bob.delete(chat)
    for address in addresses:
        assert (await bob.get(address)).status_code == 404, address


async def test_a_wrong_place_in_a_chat_is_told(bob: Caller, asked: dict[str, str]):
    two = {"before": asked["message_id"], "after": asked["message_id"]}
    answer: httpx.Response = await bob.get(f"{API}/chats/{asked['chat']}/messages", params=two)
    assert answer.status_code == 422
