"""Files over the websocket: the library shows one's own, and a question takes no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tests.states.client import CHAT, CHAT_FILES, OPEN_CHAT, ROOT, Tab
from tests.states.conftest import answered, ask
from tests.states.served import COOKIE, Person, Server

FILES = f"{ROOT}.files_state"
MISSING = "01890000-0000-7000-8000-000000000000"
SECRET = "a-word-of-bobs-own"


async def upload(server: Server, person: Person, name: str, data: bytes) -> str:
    """The id of a new file that has been read."""
    headers = {"X-CSRF-Token": person.csrf, "Cookie": f"{COOKIE}={person.cookie}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
        answer = await client.post("/api/v1/files", params={"name": name}, content=data)
        file: dict[str, Any] = answer.raise_for_status().json()
        while file["status"] == "waiting":
            file = (await client.get(f"/api/v1/files/{file['id']}")).json()
        assert file["status"] == "ready", file
        return str(file["id"])


@pytest.fixture
async def bobs(server: Server, bob: Person) -> AsyncIterator[str]:
    file_id = await upload(server, bob, f"{SECRET}.txt", SECRET.encode())
    yield file_id
    server.rest(bob, "DELETE", f"/files/{file_id}")


async def at_library(tab: Tab) -> None:
    await tab.open("/files")
    await tab.until(lambda: tab.vars(FILES).get("files_loaded"))


async def test_the_library_shows_finds_and_deletes_ones_own(server: Server, bob: Person) -> None:
    one = await upload(server, bob, "Heat pump.txt", b"words")
    async with server.tab(bob) as tab:
        await at_library(tab)
        assert one in [each["id"] for each in tab.vars(FILES)["files"]]
        await tab.call(FILES, "search_files", letters="heat")
        await tab.until(lambda: tab.vars(FILES)["wanted"] == "heat")
        assert [each["id"] for each in tab.vars(FILES)["files"]] == [one]
        await tab.call(FILES, "ask_delete", file_id=one)
        await tab.until(lambda: tab.vars(FILES)["doomed"]["file_id"] == one)
        await tab.call(FILES, "delete_file", file_id=one)
        await tab.until(lambda: tab.vars(FILES)["files"] == [])
    assert not server.rows("SELECT id FROM storedfile WHERE id = :id", id=one)


@pytest.mark.parametrize("handler", ["ask_delete", "delete_file"])
async def test_a_foreign_file_is_a_missing_one(
    server: Server, charlie: Person, bobs: str, handler: str
) -> None:
    async with server.tab(charlie) as tab:
        await at_library(tab)
        assert tab.vars(FILES)["files"] == []
        for id_ in (bobs, MISSING, "", "../llm_ui.db", "%", "\x00", "x" * 9000):
            before = len(tab.toasts)
            await tab.call(FILES, handler, file_id=id_)
            await tab.settle()
            assert len(tab.toasts) == before + 1, id_
        assert SECRET not in tab.everything
    assert server.rows("SELECT id FROM storedfile WHERE id = :id", id=bobs)


async def test_a_question_takes_no_foreign_file_along(
    server: Server, charlie: Person, bobs: str
) -> None:
    count = "SELECT count(*) FROM messagefile WHERE file_id = :id"
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        for id_ in (bobs, MISSING):
            await tab.call(CHAT_FILES, "attach_files", ids=orjson.dumps([id_]).decode())
            await tab.call(CHAT, "send_message", text="Read it to me", key="")
            await tab.settle()
            assert tab.vars(OPEN_CHAT)["messages"] == []
            assert tab.vars(CHAT_FILES)["attachment_ids"] == []
        assert SECRET not in tab.everything
    assert server.rows(count, id=bobs)[0][0] == 0


@pytest.mark.parametrize("ids", ["", "{}", "[1]", '["x"', "null", '["' + "x" * 65 + '"]', "[" * 99])
async def test_what_is_no_list_of_ids_attaches_nothing(
    server: Server, charlie: Person, ids: str
) -> None:
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        await tab.call(CHAT_FILES, "attach_files", ids=ids)
        await tab.settle()
        assert tab.vars(CHAT_FILES)["attachment_ids"] == []
        assert tab.toasts


async def test_a_question_takes_its_files_along_once(
    server: Server, bob: Person, bobs: str
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.call(CHAT_FILES, "attach_files", ids=orjson.dumps([bobs]).decode())
        await ask(tab, "say:read-it")
        await answered(tab)
        [question, _] = tab.vars(OPEN_CHAT)["messages"]
        assert [each["id"] for each in question["files"]] == [bobs]
        await ask(tab, "say:again")
        await answered(tab)
        assert tab.vars(OPEN_CHAT)["messages"][2]["files"] == []


async def test_a_visitor_reaches_no_handler(server: Server, bobs: str) -> None:
    async with server.tab() as tab:
        await tab.open("/files")
        for handler, payload in (("load_files", {}), ("delete_file", {"file_id": bobs})):
            await tab.call(FILES, handler, **payload)
        await tab.settle()
        assert SECRET not in tab.everything
        assert tab.redirects
    assert server.rows("SELECT id FROM storedfile WHERE id = :id", id=bobs)
