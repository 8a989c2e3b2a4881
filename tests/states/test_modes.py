"""Modes over the websocket: whose switch it is, and what a page is told of sources."""

from __future__ import annotations

from tests.states.client import MODES, OPEN_CHAT, STREAM, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server

REFUSED = "Read http://127.0.0.1/ and http://169.254.169.254/"


async def switched(tab: Tab, mode: str) -> list[str]:
    """The modes after a switch was pressed."""
    await tab.call(MODES, "toggle_mode", mode=mode)
    await tab.settle()
    found: list[str] = tab.vars(MODES)["modes"]
    return found


async def test_modes_are_switched_on_and_off_and_others_are_ignored(
    server: Server, bob: Person
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        assert tab.vars(MODES)["modes"] == []
        assert await switched(tab, "browsing") == ["browsing"]
        assert await switched(tab, "thinking") == ["browsing", "thinking"]
        for other in ("", "magic", "x" * 9000, "_owner"):
            assert await switched(tab, other) == ["browsing", "thinking"]
        assert await switched(tab, "browsing") == ["thinking"]


async def test_a_question_is_asked_in_its_modes_and_its_chat_keeps_them(
    server: Server, bob: Person, charlie: Person
) -> None:
    async with server.tab(bob) as tab, server.tab(charlie) as other:
        await other.open("/chat")
        await tab.open("/chat")
        await switched(tab, "browsing")
        run = await ask(tab, REFUSED)
        answer = await answered(tab)
        assert [each["problem"] for each in answer["sources"]] == ["refused", "refused"]
        told = tab.vars(STREAM)["current_sources"]
        assert told["g"] == run
        assert [each["state"] for each in told["s"]] == ["failed", "failed"]
        chat_id = tab.vars(OPEN_CHAT)["open_chat_id"]
        # An outsider with the chat's address gets neither sources nor modes.
        await other.open(f"/chat/{chat_id}")
        assert not any("169.254" in frame for frame in other.frames)
        assert other.vars(MODES)["modes"] == []
    async with server.tab(bob) as later:
        await later.open(f"/chat/{chat_id}")
        assert later.vars(MODES)["modes"] == ["browsing"]


async def test_thinking_stays_on_for_a_model_that_cannot_and_is_not_asked_for(
    server: Server, bob: Person
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await switched(tab, "thinking")
        await ask(tab, "say:Without a thought.")
        await answered(tab)
        assert tab.vars(MODES)["modes"] == ["thinking"]
        shown = tab.vars(OPEN_CHAT)["messages"]
        assert [each["modes"] for each in shown if each["role"] == "user"] == [[]]
