"""Files of projects over the websocket: whose they are, and what comes along with a chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tests.states.client import CHAT, CHAT_FILES, ROOT, SIDEBAR, Tab
from tests.states.served import Person, Server
from tests.states.test_files import MISSING, SECRET, upload
from tests.states.test_finding import new_chat

FILES = f"{ROOT}.project_files_state"
LINKS = "SELECT project_id, file_id FROM projectfile ORDER BY project_id, file_id"


def new_project(server: Server, person: Person, name: str) -> str:
    made: str = server.rest(person, "POST", "/projects", name=name).json()["id"]
    return made


@pytest.fixture
async def bobs(server: Server, bob: Person) -> AsyncIterator[tuple[str, str]]:
    """A project of bob's and the file that is in it."""
    file_id = await upload(server, bob, f"{SECRET}.txt", SECRET.encode())
    project = new_project(server, bob, f"{SECRET}-project")
    server.rest(bob, "PUT", f"/projects/{project}/files/{file_id}")
    yield project, file_id
    server.rest(bob, "DELETE", f"/files/{file_id}")
    server.rest(bob, "DELETE", f"/projects/{project}")


async def at_project(tab: Tab, project: str) -> None:
    """As the page of a project loads its files."""
    await tab.open("/projects")
    address = f"/projects/{project}"
    router = {"pathname": address, "asPath": address, "query": {"folder_id": project}}
    await tab.send(f"{FILES}.load_files", {}, router_data=router)
    await tab.until(lambda: tab.vars(FILES).get("files_loaded"))


def shown(tab: Tab) -> list[str]:
    return [each["id"] for each in tab.vars(FILES)["files"]]


def ids(*file_ids: str) -> str:
    return orjson.dumps(file_ids).decode()


async def test_files_are_put_into_the_open_project_taken_out_and_put_back(
    server: Server, bob: Person
) -> None:
    project = new_project(server, bob, "House")
    one, two = [await upload(server, bob, f"{n}.txt", b"words") for n in (1, 2)]
    async with server.tab(bob) as tab:
        await at_project(tab, project)
        assert shown(tab) == []
        await tab.call(FILES, "add_files", ids=ids(one, two))
        await tab.until(lambda: shown(tab) == [one, two])
        await tab.call(FILES, "remove_file", file_id=one)
        await tab.until(lambda: shown(tab) == [two])
        assert tab.vars(FILES)["removed"]["name"] == "1.txt"
        await tab.call(FILES, "undo_remove")
        await tab.until(lambda: shown(tab) == [one, two])
        assert tab.vars(FILES)["removed"]["id"] == ""


async def test_an_outsider_reaches_neither_the_project_nor_its_files(
    server: Server, charlie: Person, bobs: tuple[str, str]
) -> None:
    project, file_id = bobs
    own = new_project(server, charlie, "Own")
    mine = await upload(server, charlie, "mine.txt", b"words")
    before = server.rows(LINKS)
    async with server.tab(charlie) as tab:
        for open_project in (project, own, MISSING, "", "\x00", "x" * 5000):
            await at_project(tab, open_project)
            assert shown(tab) == []
            for each in (file_id, MISSING, "", "\x00"):
                seen = len(tab.toasts)
                await tab.call(FILES, "remove_file", file_id=each)
                await tab.call(FILES, "add_files", ids=ids(mine, each))
                await tab.call(FILES, "undo_remove")
                await tab.settle()
                assert len(tab.toasts) == seen + 3
        await at_project(tab, project)
        await tab.call(FILES, "add_files", ids=ids(mine))
        await tab.settle()
        assert SECRET not in tab.everything
    assert server.rows(LINKS) == before
    server.rest(charlie, "DELETE", f"/files/{mine}")


@pytest.mark.parametrize("wrong", ["", "{}", "[1]", '["x"', "null", ids(*"x" * 51)])
async def test_what_is_no_list_of_ids_puts_nothing_in(
    server: Server, bob: Person, wrong: str
) -> None:
    project = new_project(server, bob, "House")
    async with server.tab(bob) as tab:
        await at_project(tab, project)
        await tab.call(FILES, "add_files", ids=wrong)
        await tab.until(lambda: tab.toasts)
        assert shown(tab) == []


async def test_a_visitor_reaches_no_handler(server: Server, bobs: tuple[str, str]) -> None:
    before = server.rows(LINKS)
    async with server.tab() as tab:
        await tab.open("/projects")
        for handler, payload in (
            ("load_files", {}),
            ("add_files", {"ids": ids(bobs[1])}),
            ("remove_file", {"file_id": bobs[1]}),
            ("undo_remove", {}),
            ("look_again", {}),
        ):
            await tab.call(FILES, handler, **payload)
        await tab.settle()
        assert SECRET not in tab.everything
        assert tab.redirects
    assert server.rows(LINKS) == before


async def open_chat(tab: Tab, address: str, chat_id: str = "") -> None:
    router: dict[str, Any] = {"pathname": address, "asPath": address, "query": {}}
    if chat_id:
        router["query"] = {"chat_id": chat_id}
    await tab.send(f"{CHAT}.load_chat", {}, router_data=router)
    await tab.settle()


def along(tab: Tab) -> tuple[str, list[str], int]:
    value = tab.vars(CHAT_FILES)["along"]
    return value["project"], [each["id"] for each in value["files"]], value["ready"]


async def test_a_chat_knows_what_comes_along_also_when_it_is_moved(
    server: Server, bob: Person, bobs: tuple[str, str]
) -> None:
    project, file_id = bobs
    chat = new_chat(server, bob, "Talk")
    nothing, those = ("", [], 0), (f"{SECRET}-project", [file_id], 1)
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        assert along(tab) == nothing
        await open_chat(tab, f"/chat/{chat}", chat)
        assert along(tab) == nothing
        await tab.call(SIDEBAR, "move_chat", chat_id=chat, project_id=project)
        await tab.until(lambda: along(tab) == those)
        await tab.call(SIDEBAR, "move_chat", chat_id=chat, project_id="")
        await tab.until(lambda: along(tab) == nothing)
        await open_chat(tab, f"/chat?project={project}")
        assert along(tab) == those
        server.rest(bob, "DELETE", f"/projects/{project}/files/{file_id}")
        await tab.call(CHAT_FILES, "look_along")
        await tab.until(lambda: along(tab)[1] == [])


async def test_a_foreign_project_brings_nothing_along(
    server: Server, charlie: Person, bobs: tuple[str, str]
) -> None:
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        for wanted in (bobs[0], MISSING, "%00", "x" * 3000):
            await open_chat(tab, f"/chat?project={wanted}")
            await tab.call(CHAT_FILES, "look_along")
            await tab.settle()
            assert along(tab) == ("", [], 0)
        assert SECRET not in tab.everything
