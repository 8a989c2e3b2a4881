"""Branches over the websocket: two answers at once, and what a tab is told of each verb."""

from __future__ import annotations

import json
from typing import Any

from tests.scripted import expected_text
from tests.states.client import (
    BRANCHES,
    CHAT_SETTINGS,
    EDITING,
    MODEL_CHOICE,
    OPEN_CHAT,
    SIDEBAR,
    Tab,
)
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server


def shown(tab: Tab) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = tab.vars(OPEN_CHAT)["messages"]
    return messages


async def two_models(tab: Tab) -> None:
    """Have a second model answer beside the chosen one."""
    await tab.until(lambda: tab.vars(MODEL_CHOICE).get("model_id"))
    chosen = tab.vars(MODEL_CHOICE)["model_id"]
    other = next(each["id"] for each in tab.vars(MODEL_CHOICE)["models"] if each["id"] != chosen)
    await tab.call(MODEL_CHOICE, "choose_also", model_id=other)
    await tab.until(lambda: tab.vars(MODEL_CHOICE)["also_model_id"] == other)


async def test_two_answers_stream_into_one_tab(server: Server, bob: Person) -> None:
    script = "tokens=200 rate=150"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await two_models(tab)
        await ask(tab, script)
        runs = [each["run"] for each in shown(tab)[1:]]
        assert [each["pair"] for each in shown(tab)] == [0, 1, 2]
        assert len(set(runs)) == 2
        await answered(tab)
        for run, message in zip(runs, shown(tab)[1:], strict=True):
            assert tab.answers.text(run) == message["content"] == expected_text(script)
            assert tab.answers.stream(run).gaps == 0
        await tab.call(BRANCHES, "keep_answer", message_id=shown(tab)[2]["id"])
        await tab.until(lambda: len(shown(tab)) == 2)
        assert (shown(tab)[1]["sibling"], shown(tab)[1]["siblings"]) == (2, 2)
        assert tab.gaps == 0


async def test_a_reload_in_the_middle_goes_on_with_both(server: Server, bob: Person) -> None:
    script = "tokens=300 rate=100"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await two_models(tab)
        await ask(tab, script)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
    async with server.tab(bob) as tab:
        await tab.open(f"/chat/{chat}")
        await tab.until(lambda: tab.vars(OPEN_CHAT).get("busy"))
        runs = [each["run"] for each in shown(tab)[1:]]
        await answered(tab)
        assert {tab.answers.text(run) for run in runs} == {expected_text(script)}


async def test_asking_on_with_two_answers_keeps_the_first(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await two_models(tab)
        await ask(tab, "say:a")
        await answered(tab)
        await tab.call(MODEL_CHOICE, "choose_also", model_id="")
        await ask(tab, "say:b")
        await answered(tab)
        assert [each["content"] for each in shown(tab)] == ["say:a", "a", "say:b", "b"]
        assert tab.gaps == 0


async def test_versions_come_and_go_without_the_whole_history(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        for word in ("one", "two"):
            await ask(tab, f"say:{word}")
            await answered(tab)
        question = shown(tab)[2]["id"]
        await tab.call(EDITING, "edit_message", message_id=question, text="say:zwei", key="z")
        await tab.until(lambda: shown(tab)[2]["id"] != question)
        await answered(tab)
        assert [each["content"] for each in shown(tab)] == ["say:one", "one", "say:zwei", "zwei"]
        # Sent whole it would have begun to count anew.
        assert tab.vars(OPEN_CHAT)["message_changes"]["n"] > 2
        await tab.call(BRANCHES, "show_message", message_id=question)
        await tab.until(lambda: shown(tab)[2]["id"] == question)
        assert shown(tab)[3]["content"] == "two"
        await tab.call(EDITING, "rate_answer", message_id=shown(tab)[3]["id"], value=-1)
        await tab.until(lambda: shown(tab)[3]["feedback"] == -1)
        assert tab.gaps == 0


async def test_what_is_no_settings_is_told_and_not_kept(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, "say:x")
        await answered(tab)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        for form in (
            "",
            "[]",
            "null",
            '{"temperature": "9"}',
            '{"nonsense": "1"}',
            "x" * 200_001,
            '{"seed": {}}',
            "[" * 5000,
        ):
            await tab.call(CHAT_SETTINGS, "save_settings", form='{"seed": "1"}')
            await tab.until(lambda: tab.vars(CHAT_SETTINGS)["settings_error"] == "")
            await tab.call(CHAT_SETTINGS, "save_settings", form=form)
            await tab.until(lambda: tab.vars(CHAT_SETTINGS)["settings_error"])
        stored = server.rows("SELECT settings FROM chathistory WHERE id = :id", id=chat)[0][0]
        assert (json.loads(stored) if isinstance(stored, str) else stored) == {"seed": 1}


async def test_a_temporary_chat_goes_with_its_tab_and_not_before(
    server: Server, bob: Person
) -> None:
    kept = "SELECT count(*) FROM chathistory WHERE id = :id"
    async with server.tab(bob) as tab, server.tab(bob) as other:
        await tab.open("/chat")
        await tab.call(CHAT_SETTINGS, "toggle_temporary")
        await ask(tab, "say:secret")
        await answered(tab)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        assert chat not in [each["id"] for each in tab.vars(SIDEBAR)["chats"]]
        for each in (tab, other):
            await each.open(f"/chat/{chat}")
            await each.settle()
        await tab.open("/chat")
        await tab.settle()
        # The other tab still shows it.
        assert server.rows(kept, id=chat)[0][0] == 1
        await other.open("/chat")
        await other.settle()
        assert server.rows(kept, id=chat)[0][0] == 0
        assert not server.rows("SELECT 1 FROM chatmessage WHERE content = 'secret'")
