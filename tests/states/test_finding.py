"""Lists, projects and the palette over the websocket: whose they are, and how much comes."""

from __future__ import annotations

import json

import pytest

from tests.states.client import CHAT, ROOT
from tests.states.served import Person, Server

STATES = f"{ROOT}.llm_ui___states___"
HISTORY = f"{STATES}history____history_state"
PALETTE = f"{STATES}palette____palette_state"
PROJECTS = f"{STATES}projects____projects_state"
MISSING = "01890000-0000-7000-8000-000000000000"


def new_chat(server: Server, person: Person, title: str) -> str:
    models = server.rest(person, "GET", "/models").json()["items"]
    made = server.rest(person, "POST", "/chats", model=models[0]["id"], title=title)
    chat_id: str = made.json()["id"]
    return chat_id


def places(server: Server) -> list[object]:
    """Where all chats are, and what projects there are."""
    chats = "SELECT id, pinned_at, archived_at, deleted_at, project_id FROM chathistory ORDER BY id"
    tags = "SELECT chat_id, name FROM chattag ORDER BY chat_id, name"
    project = "SELECT id, name FROM project ORDER BY id"
    return [server.rows(each) for each in (chats, tags, project)]


async def test_a_foreign_chat_is_put_nowhere(server: Server, bob: Person, charlie: Person) -> None:
    bobs = new_chat(server, bob, "a-title-of-bobs")
    project = server.rest(bob, "POST", "/projects", name="a-project-of-bobs").json()["id"]
    own = new_chat(server, charlie, "Own")
    before = places(server)
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        for chat in (bobs, MISSING, "", "x", "\x00", "x" * 5000):
            for on in (True, False):
                await tab.call(CHAT, "pin_chat", chat_id=chat, on=on)
                await tab.call(CHAT, "archive_chat", chat_id=chat, on=on)
            await tab.call(CHAT, "tag_chat", chat_id=chat, tags="x")
            await tab.call(CHAT, "move_chat", chat_id=chat, project_id="")
        await tab.call(CHAT, "move_chat", chat_id=own, project_id=project)
        await tab.call(HISTORY, "pick", chat_id=bobs, on=True)
        await tab.call(HISTORY, "delete_picked")
        await tab.settle()
        assert "of-bobs" not in tab.everything
    assert places(server) == before


async def test_a_foreign_project_is_a_missing_one(
    server: Server, bob: Person, charlie: Person
) -> None:
    project = server.rest(bob, "POST", "/projects", name="a-project-of-bobs").json()["id"]
    before = places(server)
    for wanted in (project, MISSING):
        async with server.tab(charlie) as tab:
            await tab.open("/projects")
            await tab.send(
                f"{PROJECTS}.load_project",
                {},
                router_data={
                    "pathname": f"/projects/{wanted}",
                    "asPath": f"/projects/{wanted}",
                    "query": {"folder_id": wanted},
                },
            )
            await tab.until(lambda tab=tab: "/projects" in tab.redirects)  # type: ignore[misc]
            await tab.call(PROJECTS, "delete_project")
            await tab.call(
                PROJECTS, "save_project", name="mine", icon="folder", description="", prompt=""
            )
            await tab.settle()
            assert "a-project-of-bobs" not in tab.everything
    assert places(server) == before


async def test_the_palette_answers_with_the_number_of_the_question(
    server: Server, bob: Person, charlie: Person
) -> None:
    chat = new_chat(server, bob, "An unmistakable heading")
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        for number, query in enumerate(("unmis", "unmistakable", "unmistakable heading"), 1):
            await tab.call(PALETTE, "find", number=number, query=query)
        await tab.until(lambda: tab.vars(PALETTE).get("found", {}).get("n") == 3)
        assert chat in [each["chat_id"] for each in tab.vars(PALETTE)["found"]["items"]]
        await tab.call(PALETTE, "find", number=4, query='"((-*' + "x" * 5000)
        await tab.until(lambda: tab.vars(PALETTE)["found"]["n"] == 4)
        assert tab.vars(PALETTE)["found"]["items"] == []
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        await tab.call(PALETTE, "find", number=1, query="unmistakable")
        await tab.until(lambda: tab.vars(PALETTE).get("found", {}).get("n") == 1)
        assert tab.vars(PALETTE)["found"]["items"] == []


@pytest.mark.parametrize("start", [0, 150, 299, -5, 10**12])
async def test_a_long_list_comes_in_windows_of_bounded_size(server: Server, start: int) -> None:
    person = server.register(f"collector{abs(start)}")
    new_chat(server, person, "The first")
    with server.database.begin() as connection:
        import sqlalchemy as sa

        from llm_ui.models import ChatHistory

        rows = [
            ChatHistory(user_id=person.id, title=f"Number {n}").model_dump() for n in range(299)
        ]
        connection.execute(sa.insert(ChatHistory), rows)
    async with server.tab(person) as tab:
        await tab.open("/chat")
        await tab.until(lambda: tab.vars(CHAT).get("chats_total") == 300)
        await tab.call(CHAT, "load_chats", start=start)
        await tab.settle()
        shown = tab.vars(CHAT)
        assert shown["chats_start"] == max(0, min(start, 299))
        assert 0 < len(shown["chats"]) <= 100
        assert len(json.dumps(shown["chats"])) < 40_000


async def test_filters_that_are_none_change_nothing(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/history")
        await tab.call(HISTORY, "load_history")
        await tab.until(lambda: tab.vars(HISTORY).get("loaded"))
        for name in ("archived", "items", "_next", "router", "narrow", "__class__", ""):
            await tab.call(HISTORY, "narrow", name=name, value="x")
        await tab.settle()
        assert tab.vars(HISTORY)["archived"] is False
        assert tab.is_open
