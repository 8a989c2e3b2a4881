"""One's own account over REST: profile, password, sessions, export, leaving."""

import asyncio
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_ui import auth
from llm_ui.auth import Client
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidCredentials
from llm_ui.generation import Engine
from llm_ui.models import (
    AuthSession,
    ChatHistory,
    ChatMessage,
    MonitoringLog,
    StoredFile,
    SystemPrompt,
    UsageLog,
    User,
)
from llm_ui.services.accounts import account_deletion, authentication, export
from llm_ui.services.files import file_storage
from llm_ui.services.prompts import prompts
from tests.api.conftest import Caller, make_caller
from tests.api.test_chats import ask, events_of
from tests.conftest import PASSWORD, People
from tests.scripted import ScriptedServer

ACCOUNT = "/api/v1/account"
MISSING = "01a00000-0000-7000-8000-000000000000"


async def sign_in_again(name: str, password: str = PASSWORD) -> Caller:
    """Another browser of somebody's."""
    signed_in = await authentication.log_in(
        f"{name}@example.org", password, Client("127.0.0.1", "x/1")
    )
    caller = make_caller()
    caller.cookies.set(auth.COOKIE, signed_in.token)
    caller.headers[auth.CSRF_HEADER] = signed_in.csrf_token
    return caller


async def test_preferences_stay_and_can_be_taken_back(bob: Caller, model_id: str):
    prompt = (await bob.post("/api/v1/prompts", json={"name": "n", "text": "Be brief."})).json()
    wanted = {
        "username": " Bobby  B ",
        "theme": "dark",
        "language": "de",
        "auto_titles": False,
        "default_model_id": model_id,
        "default_prompt_id": prompt["id"],
    }
    changed = await bob.patch(ACCOUNT, json=wanted)
    assert changed.status_code == 200, changed.text
    shown = (await bob.get(ACCOUNT)).json()
    assert shown == changed.json()
    assert {key: shown[key] for key in wanted} == wanted | {"username": "Bobby B"}
    taken_back = {"theme": "", "language": "", "default_model_id": "", "default_prompt_id": ""}
    shown = (await bob.patch(ACCOUNT, json=taken_back)).json()
    assert {key: shown[key] for key in taken_back} == dict.fromkeys(taken_back)
    assert shown["auto_titles"] is False


async def test_theme_and_language_follow_to_the_next_browser(bob: Caller):
    await bob.patch(ACCOUNT, json={"theme": "dark", "language": "de"})
    async with make_caller() as caller:
        body = {"email": "bob@example.org", "password": PASSWORD}
        answer = await caller.post("/api/v1/auth/login", json=body)
        assert answer.json()["theme"] == "dark"
        assert answer.cookies["lang"] == "de"


@pytest.mark.parametrize(
    "change",
    [
        {"theme": "pink"},
        {"language": "fr"},
        {"default_model_id": MISSING},
        {"username": "<b>"},
        {"email": "nobody"},
        {"auto_titles": 7},
    ],
)
async def test_what_cannot_be_is_refused(bob: Caller, change: dict):
    assert (await bob.patch(ACCOUNT, json=change)).status_code == 422


async def test_another_e_mail_needs_the_password_and_must_be_free(bob: Caller):
    refused = await bob.patch(ACCOUNT, json={"email": "new@example.org"})
    assert (refused.status_code, refused.json()["field"]) == (422, "password")
    taken = {"email": "charlie@example.org", "password": PASSWORD}
    assert (await bob.patch(ACCOUNT, json=taken)).status_code == 409
    fits = {"email": " New@Example.org ", "password": PASSWORD}
    assert (await bob.patch(ACCOUNT, json=fits)).json()["email"] == "new@example.org"
    assert (await bob.get("/api/v1/auth/me")).json()["user"]["email"] == "new@example.org"


async def test_a_new_password_ends_the_other_sessions_and_opens_the_next(bob: Caller):
    async with await sign_in_again("bob") as other:
        wrong = await bob.post(f"{ACCOUNT}/password", json={"current": "no", "new": "x" * 12})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "password")
        short = await bob.post(f"{ACCOUNT}/password", json={"current": PASSWORD, "new": "x"})
        assert short.status_code == 422
        assert (await other.get(ACCOUNT)).status_code == 200
        body = {"current": PASSWORD, "new": "another long sentence"}
        changed = await bob.post(f"{ACCOUNT}/password", json=body)
        assert changed.json() == {"ended": 1}
        assert (await other.get(ACCOUNT)).status_code == 401
        assert (await bob.get(ACCOUNT)).status_code == 200
    async with await sign_in_again("bob", "another long sentence") as again:
        assert (await again.get(ACCOUNT)).status_code == 200


async def test_wrong_passwords_are_slowed(bob: Caller):
    statuses = []
    for _ in range(8):
        body = {"current": "wrong", "new": "x" * 12}
        statuses.append((await bob.post(f"{ACCOUNT}/password", json=body)).status_code)
    assert statuses[0] == 422
    assert statuses[-1] == 429


async def test_sessions_are_listed_and_ended(bob: Caller, charlie: Caller):
    async with await sign_in_again("bob") as second, await sign_in_again("bob") as third:
        listed = (await bob.get(f"{ACCOUNT}/sessions")).json()["items"]
        assert [each["is_current"] for each in listed] == [True, False, False]
        assert {each["program"] for each in listed} == {"tests", "x"}
        assert listed[0]["address"] == "127.0.0.1"
        own = (await second.get(f"{ACCOUNT}/sessions")).json()["items"][0]["id"]
        for caller, session_id in ((charlie, own), (charlie, MISSING), (bob, MISSING)):
            answer = await caller.delete(f"{ACCOUNT}/sessions/{session_id}")
            assert answer.status_code == 404
        assert (await bob.delete(f"{ACCOUNT}/sessions/{own}")).status_code == 204
        assert (await second.get(ACCOUNT)).status_code == 401
        assert (await bob.delete(f"{ACCOUNT}/sessions")).json() == {"ended": 1}
        assert (await third.get(ACCOUNT)).status_code == 401
        assert (await charlie.get(ACCOUNT)).status_code == 200


async def test_the_archive_holds_everything_of_ones_own_and_nothing_else(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=20")
    chat_id, started = await ask(bob, model_id, "A question of Bob’s / with ../ signs")
    events_of((await bob.get(f"/api/v1/runs/{started['run_id']}/events")).content)
    await bob.post("/api/v1/prompts", json={"name": "Mine", "text": "Text {{x}}"})
    await charlie.post("/api/v1/prompts", json={"name": "Foreign", "text": "t", "is_public": True})
    await charlie.post("/api/v1/chats", json={"model": model_id, "title": "Foreign chat"})
    answer = await bob.get(f"{ACCOUNT}/export")
    assert answer.headers["content-type"] == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    names = packed.namelist()
    assert not any(".." in name or name.startswith("/") for name in names)
    everything = b"".join(packed.read(name) for name in names)
    assert b"Foreign" not in everything
    assert b"password" not in everything
    (chat_json,) = [name for name in names if name.startswith("chats/") and name.endswith(".json")]
    chat = json.loads(packed.read(chat_json))
    stored = (await bob.get(f"/api/v1/chats/{chat_id}")).json()["messages"]
    assert [each["content"] for each in chat["messages"]] == [each["content"] for each in stored]
    markdown = packed.read(chat_json.replace(".json", ".md")).decode()
    assert "A question of Bob’s" in markdown
    assert stored[1]["content"].rstrip() in markdown
    assert json.loads(packed.read("prompts.json"))[0]["prompt"] == "Text {{x}}"
    assert packed.read("usage.csv").decode().count("\r\n") == 2


async def test_the_archive_of_a_long_chat_comes_in_pieces(bob: Caller, people: People):
    async with unit_of_work() as session:
        chat = ChatHistory(user_id=people.bob.user_id, title="Long")
        session.add(chat)
        await session.flush()
        parent = None
        for number in range(230):
            # Which no packer makes small.
            text = random.Random(number).randbytes(2000).hex()
            row = ChatMessage(chat_id=chat.id, parent_id=parent, role="user", content=text)
            session.add(row)
            await session.flush()
            parent = row.id
        chat.active_leaf_id = parent
    pieces = [piece async for piece in export.archive(people.bob)]
    assert len(pieces) > 2
    packed = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    (name,) = [each for each in packed.namelist() if each.endswith(".json") and "chats" in each]
    assert len(json.loads(packed.read(name))["messages"]) == 230
    assert packed.read(name.replace(".json", ".md")).decode().count("\n## ") == 230


async def test_a_files_bytes_are_in_the_archive_and_go_with_the_account(
    bob: Caller,
    people: People,
    tmp_path: Path,
    settings_env: Callable[[str, str], None],
    engine: Engine,
):
    settings_env("DATA_DIR", str(tmp_path))
    content = random.Random(7).randbytes(200_000)
    async with unit_of_work() as session:
        row = StoredFile(
            user_id=people.bob.user_id,
            name="../no\u202etes.final.txt",
            media_type="text/plain",
            kind="text",
            size=len(content),
            sha256="0" * 64,
        )
        session.add(row)
    path = file_storage.path_of(row.id)
    path.parent.mkdir()
    path.write_bytes(content)
    answer = await bob.get(f"{ACCOUNT}/export")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    listed = json.loads(packed.read("files.json"))[0]
    assert listed["archived_as"] == f"files/{row.id}_no-tes-final.txt"
    assert packed.read(listed["archived_as"]) == content
    body = {"password": PASSWORD, "confirm": "delete"}
    assert (await bob.post(f"{ACCOUNT}/delete", json=body)).status_code == 204
    assert not path.exists()


async def test_the_default_prompt_reaches_the_model(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    prompt = (await bob.post("/api/v1/prompts", json={"name": "n", "text": "Be brief."})).json()
    await bob.patch(ACCOUNT, json={"default_prompt_id": prompt["id"]})
    upstream.script("tokens=2")
    _, started = await ask(bob, model_id)
    events_of((await bob.get(f"/api/v1/runs/{started['run_id']}/events")).content)
    asked = upstream.requests[-1].body["messages"]
    assert asked[0] == {"role": "system", "content": "Be brief."}


async def test_leaving_needs_the_word_and_the_password(bob: Caller):
    for body, field in (
        ({"password": PASSWORD, "confirm": "yes"}, "confirm"),
        ({"password": "wrong", "confirm": "delete"}, "password"),
    ):
        answer = await bob.post(f"{ACCOUNT}/delete", json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await bob.get(ACCOUNT)).status_code == 200


async def test_leaving_ends_everything_and_keeps_the_books_without_a_name(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str, people: People
):
    user_id = people.bob.user_id
    upstream.script("tokens=5000 rate=50")
    await bob.post("/api/v1/prompts", json={"name": "Mine", "text": "t"})
    _, started = await ask(bob, model_id)
    async with await sign_in_again("bob") as other:
        watching = asyncio.create_task(other.get(f"/api/v1/runs/{started['run_id']}/events"))
        await asyncio.sleep(0.3)
        body = {"password": PASSWORD, "confirm": " Löschen "}
        assert (await bob.post(f"{ACCOUNT}/delete", json=body)).status_code == 204
        # The line ends with the session, be it before the answer's own end is told.
        assert events_of((await asyncio.wait_for(watching, 10)).content)
        assert (await other.get(ACCOUNT)).status_code == 401
    assert (await bob.get(ACCOUNT)).status_code == 401
    async with unit_of_work(writes=False) as session:
        for table in (User, AuthSession, ChatHistory, SystemPrompt):
            column = table.id if table is User else table.user_id
            found = await session.scalar(sa.select(sa.func.count()).where(column == user_id))
            assert found == 0, table
        (row,) = await session.scalars(sa.select(UsageLog))
        assert (row.user_id, row.run_id) == (None, started["run_id"])
        assert row.status == "stopped"
        logged = list(await session.scalars(sa.select(MonitoringLog)))
        assert not any("bob" in each.message for each in logged)
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("bob@example.org", PASSWORD, Client())


async def test_the_last_admin_stays(people: People):
    async with make_caller(people, "alice") as alice:
        body = {"password": PASSWORD, "confirm": "delete"}
        assert (await alice.post(f"{ACCOUNT}/delete", json=body)).status_code == 409
        assert (await alice.get(ACCOUNT)).status_code == 200


async def test_a_departure_that_was_cut_short_is_finished_later(people: People):
    async with unit_of_work() as session:
        user = await session.get_one(User, people.bob.user_id)
        user.is_active, user.preferences = False, {"leaving": True}
    await account_deletion.remove_leaving()
    async with unit_of_work(writes=False) as session:
        assert await session.get(User, people.bob.user_id) is None
        assert await session.get(User, people.charlie.user_id) is not None


async def test_a_public_prompt_is_chosen_as_it_is_now(bob: Caller, charlie: Caller, people: People):
    """Shared content as injection, kept after its owner is out: whoever chooses somebody else's
    prompt has a copy, which that person cannot change, and which is theirs to look at."""
    body = {"name": "n", "text": "Be kind.", "is_public": True}
    shared = (await charlie.post("/api/v1/prompts", json=body)).json()["id"]

    async def chosen(prompt_id: str) -> str:
        answer = await bob.patch(ACCOUNT, json={"default_prompt_id": prompt_id})
        return str(answer.json()["default_prompt_id"])

    async def text() -> str:
        async with unit_of_work(writes=False) as session:
            return await prompts.default_text(session, people.bob.user_id)

    copy = await chosen(shared)
    assert copy != shared
    kept = (await bob.get(f"/api/v1/prompts/{copy}")).json()
    assert (kept["text"], kept["own"], kept["is_public"]) == ("Be kind.", True, False)
    await charlie.put(f"/api/v1/prompts/{shared}", json=body | {"text": "Praise charlie."})
    assert await text() == "Be kind."
    # The words of now are another prompt; the same words are the same one.
    assert await chosen(shared) not in (copy, shared)
    assert await text() == "Praise charlie."
    await charlie.put(f"/api/v1/prompts/{shared}", json=body)
    assert await chosen(shared) == copy
    await charlie.put(f"/api/v1/prompts/{shared}", json=body | {"is_public": False})
    assert await text() == "Be kind."


async def test_nobody_elses_prompt_is_told_to_a_model(charlie: Caller, people: People):
    """Shared content as injection, kept after its owner is out: what names another one's prompt
    (as installations of before may) tells nothing."""
    body = {"name": "n", "text": "Praise charlie.", "is_public": True}
    shared = (await charlie.post("/api/v1/prompts", json=body)).json()["id"]
    async with unit_of_work() as session:
        user = await session.get_one(User, people.bob.user_id)
        user.preferences = {"default_prompt_id": shared}
    async with unit_of_work(writes=False) as session:
        assert await prompts.default_text(session, people.bob.user_id) == ""


@pytest.mark.parametrize("path", ["", "/sessions", "/export"])
async def test_visitors_get_nothing(visitor: Caller, path: str):
    assert (await visitor.get(ACCOUNT + path)).status_code == 401
