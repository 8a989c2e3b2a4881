"""A tab hears of what is done in another tab, or over REST, and looks by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.scripted import expected_text
from tests.states.client import (
    BRANCHES,
    CHAT_SETTINGS,
    EDITING,
    FOLLOWING,
    MODEL_CHOICE,
    OPEN_CHAT,
    REFRESH,
    SIDEBAR,
    Tab,
)
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server

# Longer than news are on their way.
QUIET_S = 0.4


def contents(tab: Tab) -> list[str]:
    return [each["content"] for each in tab.vars(OPEN_CHAT)["messages"]]


def titles(tab: Tab) -> list[str]:
    return [each["title"] for each in tab.vars(SIDEBAR)["chats"]]


def told(tab: Tab) -> list[str]:
    """The news that a tab has had."""
    return [e["payload"]["chat_ids"] for e in tab.events if e["name"].endswith(".catch_up")]


async def chat_with(tab: Tab, *questions: str) -> str:
    await tab.open("/chat")
    for each in questions:
        await ask(tab, each)
        await answered(tab)
    chat: str = tab.vars(OPEN_CHAT)["open_chat_id"]
    return chat


async def test_a_question_of_one_tab_streams_into_the_other(server: Server, bob: Person) -> None:
    script = "tokens=200 rate=150"
    async with server.tab(bob) as tab, server.tab(bob) as other:
        chat = await chat_with(tab, "say:one")
        await other.open(f"/chat/{chat}")
        await other.until(lambda: contents(other) == ["say:one", "one"])
        await ask(tab, script)
        await other.until(lambda: other.vars(OPEN_CHAT)["busy"])
        assert contents(other)[2:] == [script, ""]
        assert other.vars(SIDEBAR)["chats"][0]["running"]
        await answered(other)
        assert contents(other)[3] == other.answers.text() == expected_text(script)
        assert not other.vars(SIDEBAR)["chats"][0]["running"]
        # And the other way round; only what is new has come.
        await ask(other, "say:two")
        await answered(other)
        await tab.until(lambda: contents(tab)[-1:] == ["two"])
        assert (tab.gaps, other.gaps) == (0, 0)
        assert other.vars(OPEN_CHAT)["message_changes"]["n"] > 1


async def test_a_question_over_rest_is_shown(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        chat = await chat_with(tab, "say:one")
        asked = server.rest(bob, "POST", f"/chats/{chat}/messages", content="say:two")
        assert asked.status_code == 202
        await tab.until(lambda: contents(tab) == ["say:one", "one", "say:two", "two"])


async def test_the_list_of_a_tab_on_another_page_is_kept_up(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab, server.tab(bob) as other:
        await other.open("/prompts")
        await tab.open("/chat")
        await ask(tab, "tokens=5000 rate=50")
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        await other.until(lambda: other.vars(SIDEBAR)["chats"][0]["id"] == chat)
        assert other.vars(SIDEBAR)["chats"][0]["running"]
        await tab.call(FOLLOWING, "stop")
        await other.until(lambda: not other.vars(SIDEBAR)["chats"][0]["running"])
        await tab.call(SIDEBAR, "rename_chat", chat_id=chat, title="By another name")
        await other.until(lambda: titles(other)[0] == "By another name")
        await tab.call(SIDEBAR, "pin_chat", chat_id=chat, on=True)
        await other.until(lambda: other.vars(SIDEBAR)["chats"][0]["pinned"])
        await tab.call(SIDEBAR, "delete_chat", chat_id=chat)
        await other.until(lambda: "By another name" not in titles(other))
        await tab.call(SIDEBAR, "undo_last")
        await other.until(lambda: "By another name" in titles(other))


async def test_a_chat_that_is_deleted_elsewhere_is_left(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab, server.tab(bob) as other:
        chat = await chat_with(tab, "say:one")
        await other.open(f"/chat/{chat}")
        await other.until(lambda: contents(other))
        await tab.call(SIDEBAR, "delete_chat", chat_id=chat)
        await other.until(lambda: "/chat" in other.redirects)
        assert other.vars(OPEN_CHAT)["open_chat_id"] == ""
        assert any("deleted elsewhere" in each for each in other.toasts)
        assert tab.toasts == []


@pytest.mark.parametrize("verb", ["edit", "retry", "show", "rate", "model", "settings"])
async def test_whatever_is_done_to_a_chat_is_seen(server: Server, bob: Person, verb: str) -> None:
    async with server.tab(bob) as tab, server.tab(bob) as other:
        chat = await chat_with(tab, "say:one", "say:two")
        question, answer = (each["id"] for each in tab.vars(OPEN_CHAT)["messages"][2:])
        if verb == "show":
            await tab.call(
                EDITING, "edit_message", message_id=question, text="say:zwei", key=f"words-{chat}"
            )
            await tab.until(lambda: contents(tab)[2:] == ["say:zwei", "zwei"])
        await other.open(f"/chat/{chat}")
        await other.until(lambda: len(contents(other)) == 4)
        seen = other.vars(MODEL_CHOICE)
        models = [each["id"] for each in seen["models"] if each["id"] != seen["model_id"]]
        call: dict[str, tuple[str, str, dict[str, Any]]] = {
            "edit": (
                EDITING,
                "edit_message",
                {"message_id": question, "text": "say:zwei", "key": f"words-{chat}"},
            ),
            "retry": (EDITING, "retry", {"message_id": answer}),
            "show": (BRANCHES, "show_message", {"message_id": question}),
            "rate": (EDITING, "rate_answer", {"message_id": answer, "value": 1}),
            "model": (MODEL_CHOICE, "select_model", {"model_id": models[0]}),
            "settings": (CHAT_SETTINGS, "save_settings", {"form": '{"seed": "1"}'}),
        }
        done = {
            "edit": lambda: contents(other)[2:] == ["say:zwei", "zwei"],
            "retry": lambda: other.vars(OPEN_CHAT)["messages"][3]["siblings"] == 2,
            "show": lambda: contents(other)[2:] == ["say:two", "two"],
            "rate": lambda: other.vars(OPEN_CHAT)["messages"][3]["feedback"] == 1,
            "model": lambda: other.vars(MODEL_CHOICE)["model_id"] == models[0],
            "settings": lambda: other.vars(CHAT_SETTINGS)["settings"]["seed"] == "1",
        }
        state, handler, payload = call[verb]
        await tab.call(state, handler, **payload)
        await other.until(done[verb])
        await answered(other)
        assert other.gaps == 0


async def test_who_reads_further_up_stays_there(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab, server.tab(bob) as other:
        chat = await chat_with(tab, *[f"say:{n}" for n in range(26)])
        first = server.rest(bob, "GET", f"/chats/{chat}").json()["messages"][0]["id"]
        await other.open(f"/chat/{chat}?at={first}")
        await other.until(lambda: other.vars(OPEN_CHAT).get("has_later"))
        before = contents(other)
        await ask(tab, "tokens=5000 rate=50")
        await other.until(lambda: other.vars(OPEN_CHAT)["busy"])
        assert contents(other) == before
        await other.call(FOLLOWING, "stop")
        await other.until(lambda: not other.vars(OPEN_CHAT)["busy"])
        await answered(tab)
        assert contents(other) == before


async def test_a_tab_alone_hears_nothing_and_no_tab_hears_of_itself(
    server: Server, bob: Person, charlie: Person
) -> None:
    async with server.tab(bob) as tab, server.tab(charlie) as stranger:
        await stranger.open("/chat")
        chat = await chat_with(tab, "say:one", "say:two")
        await tab.call(SIDEBAR, "rename_chat", chat_id=chat, title="Mine")
        await asyncio.sleep(QUIET_S)
        assert told(tab) == []
        async with server.tab(bob) as other:
            await other.open(f"/chat/{chat}")
            await other.settle()
            await ask(tab, "say:three")
            await other.until(lambda: contents(other)[-1:] == ["three"])
            await asyncio.sleep(QUIET_S)
            # One word for the question; the end is known where the chat is shown.
            assert told(other) == [chat]
        assert told(tab) == []
        assert told(stranger) == []


async def test_many_at_once_are_one_piece_of_news(server: Server, bob: Person) -> None:
    model = server.rest(bob, "GET", "/models").json()["items"][0]["id"]
    chats = [
        server.rest(bob, "POST", "/chats", model=model, title=f"Of many {n}").json()["id"]
        for n in range(30)
    ]
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.until(lambda: sum("Of many" in each for each in titles(tab)) == 30)
        # The news of their making may still be on its way when the list has them.
        await asyncio.sleep(QUIET_S)
        since = len(told(tab))
        server.rest(bob, "POST", "/chats/organize", ids=chats, deleted=True)
        await tab.until(lambda: not any("Of many" in each for each in titles(tab)))
        await asyncio.sleep(QUIET_S)
        assert told(tab)[since:] == [""]


async def test_news_that_a_stranger_makes_up_show_nothing(
    server: Server, bob: Person, charlie: Person
) -> None:
    async with server.tab(bob) as tab, server.tab(charlie) as stranger:
        chat = await chat_with(tab, "say:a-word-of-bobs")
        await stranger.open("/chat")
        for forged in (chat, "", ",", "x", f"{chat},{chat}", "x" * 100_000, "\x00"):
            await stranger.call(REFRESH, "catch_up", chat_ids=forged)
        await stranger.settle()
        assert "a-word-of-bobs" not in stranger.everything
        assert stranger.vars(OPEN_CHAT)["open_chat_id"] == ""
