"""Lists, projects and the palette over the websocket: whose they are, and how much comes."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from llm_ui.models import ChatHistory, ChatMessage
from tests.states.client import EDITING, FOLLOWING, MESSAGE_PAGES, OPEN_CHAT, ROOT, SIDEBAR, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server

STATES = f"{ROOT}."
HISTORY = f"{STATES}history_state"
PALETTE = f"{STATES}palette_state"
PROJECTS = f"{STATES}projects_state"
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
                await tab.call(SIDEBAR, "pin_chat", chat_id=chat, on=on)
                await tab.call(SIDEBAR, "archive_chat", chat_id=chat, on=on)
            await tab.call(SIDEBAR, "tag_chat", chat_id=chat, tags="x")
            await tab.call(SIDEBAR, "move_chat", chat_id=chat, project_id="")
        await tab.call(SIDEBAR, "move_chat", chat_id=own, project_id=project)
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
        rows = [
            ChatHistory(user_id=person.id, title=f"Number {n}").model_dump() for n in range(299)
        ]
        connection.execute(sa.insert(ChatHistory), rows)
    async with server.tab(person) as tab:
        await tab.open("/chat")
        await tab.until(lambda: tab.vars(SIDEBAR).get("chats_total") == 300)
        await tab.call(SIDEBAR, "load_chats", start=start)
        await tab.settle()
        shown = tab.vars(SIDEBAR)
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


# --- a chat that is opened at one of its messages -----------------------------------------


def long_chat(server: Server, person: Person, count: int) -> tuple[str, list[str]]:
    """A chat of so many messages; its id and theirs."""
    model = server.rest(person, "GET", "/models").json()["items"][0]["id"]
    chat = ChatHistory(user_id=person.id, title="Long", model_id=model)
    rows: list[ChatMessage] = []
    for n in range(count):
        role = "assistant" if n % 2 else "user"
        parent = rows[-1].id if rows else None
        rows.append(ChatMessage(chat_id=chat.id, parent_id=parent, role=role, content=f"say:{n}"))
    chat.active_leaf_id = rows[-1].id
    with server.database.begin() as connection:
        connection.execute(sa.insert(ChatHistory), [chat.model_dump()])
        connection.execute(sa.insert(ChatMessage), [each.model_dump() for each in rows])
    return chat.id, [each.id for each in rows]


def shown(tab: Tab) -> list[str]:
    return [each["id"] for each in tab.vars(OPEN_CHAT)["messages"]]


async def test_a_chat_opens_at_a_message_and_is_read_on_from_there(
    server: Server, bob: Person
) -> None:
    chat, ids = long_chat(server, bob, 200)
    async with server.tab(bob) as tab:
        await tab.open(f"/chat/{chat}?at={ids[60]}")
        await tab.until(lambda: tab.vars(OPEN_CHAT).get("aim", {}).get("id") == ids[60])
        assert shown(tab) == ids[41:81]
        assert tab.vars(OPEN_CHAT)["has_later"]
        await tab.call(MESSAGE_PAGES, "load_later")
        await tab.until(lambda: len(shown(tab)) == 80)
        assert shown(tab) == ids[41:121]
        await tab.call(MESSAGE_PAGES, "load_earlier")
        await tab.until(lambda: len(shown(tab)) == 120)
        assert shown(tab) == ids[1:121]
        for expected in (160, 199, 199):
            await tab.call(MESSAGE_PAGES, "load_later")
            await tab.settle()
            assert len(shown(tab)) == expected
        assert shown(tab) == ids[1:]
        assert not tab.vars(OPEN_CHAT)["has_later"]
        assert tab.gaps == 0


async def test_a_page_costs_the_same_however_much_is_shown_already(
    server: Server, bob: Person
) -> None:
    chat, ids = long_chat(server, bob, 480)
    async with server.tab(bob) as tab:
        await tab.open(f"/chat/{chat}?at={ids[240]}")
        await tab.settle()
        costs: dict[str, list[int]] = {"load_earlier": [], "load_later": []}
        for handler in [*costs] * 5:
            count, before = len(shown(tab)), tab.bytes_received
            await tab.call(MESSAGE_PAGES, handler)
            await tab.until(lambda count=count: len(shown(tab)) > count)  # type: ignore[misc]
            costs[handler].append(tab.bytes_received - before)
        assert len(shown(tab)) == 440
        assert shown(tab) == ids[ids.index(shown(tab)[0]) :][:440]
        for handler, spent in costs.items():
            # A message as a page gets it is about 700 bytes.
            assert max(spent) < 40 * 1000, (handler, spent)
            assert max(spent) - min(spent) < 1000, (handler, spent)
        assert tab.gaps == 0


async def test_the_newest_and_the_next_question_lead_to_the_end(
    server: Server, bob: Person
) -> None:
    chat, ids = long_chat(server, bob, 200)
    async with server.tab(bob) as tab:
        for lead in ("newest", "asking"):
            await tab.open(f"/chat/{chat}?at={ids[60]}")
            await tab.until(lambda: ids[60] in shown(tab))
            if lead == "newest":
                await tab.call(MESSAGE_PAGES, "load_newest")
                await tab.until(lambda: shown(tab)[-1:] == ids[-1:])
                assert shown(tab) == ids[160:]
            else:
                await ask(tab, "say:the end")
                await answered(tab)
                assert [each["content"] for each in tab.vars(OPEN_CHAT)["messages"]][-2:] == [
                    "say:the end",
                    "the end",
                ]
                assert shown(tab)[-3] == ids[-1]
            assert not tab.vars(OPEN_CHAT)["has_later"]


async def test_an_answer_below_what_is_shown_can_be_stopped_and_ends(
    server: Server, bob: Person
) -> None:
    chat, ids = long_chat(server, bob, 120)
    async with server.tab(bob) as tab:
        await tab.open(f"/chat/{chat}")
        await ask(tab, "tokens=5000 rate=50")
        await tab.open(f"/chat/{chat}?at={ids[20]}")
        await tab.until(lambda: ids[20] in shown(tab))
        assert tab.vars(OPEN_CHAT)["busy"]
        assert not any(each["run_id"] for each in tab.vars(OPEN_CHAT)["messages"])
        await tab.call(FOLLOWING, "stop")
        await tab.until(lambda: not tab.vars(OPEN_CHAT)["busy"])
        assert not any(each["running"] for each in tab.vars(SIDEBAR)["chats"])
        await tab.call(MESSAGE_PAGES, "load_newest")
        await tab.until(lambda: not tab.vars(OPEN_CHAT)["has_later"])
        assert tab.vars(OPEN_CHAT)["messages"][-1]["status"] == "stopped"


async def test_a_found_branch_becomes_the_chats(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, "say:one")
        await answered(tab)
        chat, first = tab.vars(OPEN_CHAT)["open_chat_id"], shown(tab)[0]
        await tab.call(EDITING, "edit_message", message_id=first, text="say:uno", key="uno")
        await tab.until(lambda: shown(tab)[0] != first)
        await answered(tab)
        await tab.open(f"/chat/{chat}?at={first}")
        await tab.until(lambda: shown(tab)[0] == first)
        # What is asked next follows what is shown.
        await ask(tab, "say:two")
        await answered(tab)
        found = [each["content"] for each in tab.vars(OPEN_CHAT)["messages"]]
        assert found == ["say:one", "one", "say:two", "two"]


async def test_a_foreign_message_is_a_missing_one(
    server: Server, bob: Person, charlie: Person
) -> None:
    bobs, ids = long_chat(server, bob, 90)
    own, own_ids = long_chat(server, charlie, 90)
    leaf = "SELECT active_leaf_id FROM chathistory WHERE id = :id"
    async with server.tab(charlie) as tab:
        for wanted in (ids[5], MISSING, "", "x", "x" * 5000):
            await tab.open(f"/chat/{own}?at={wanted}")
            await tab.until(lambda: shown(tab) == own_ids[50:])
            assert tab.vars(OPEN_CHAT)["aim"]["id"] == ""
            assert not tab.vars(OPEN_CHAT)["has_later"]
        await tab.open(f"/chat/{bobs}?at={ids[5]}")
        await tab.until(lambda: "/chat" in tab.redirects)
        assert not any(each in tab.everything for each in ids[6:])
    assert server.rows(leaf, id=bobs)[0][0] == ids[-1]
