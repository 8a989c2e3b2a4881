"""Loading is authorising: what is somebody else's looks exactly like what is missing.

Covers these classes of docs/security.md: foreign chat id in completions, stream id not
owner-checked, stop or list other people's tasks, child id under another parent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.states.client import BRANCHES, EDITING, FOLLOWING, MODEL_CHOICE, OPEN_CHAT, SIDEBAR, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server

MISSING = "01890000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Belongings:
    """What bob has: a finished chat, and one with an answer that never ends."""

    chat: str
    question: str
    answer: str
    running_chat: str
    running_answer: str
    run_id: str
    run: int


@pytest.fixture
async def bobs(server: Server, bob: Person) -> AsyncIterator[Belongings]:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, "say:a-word-of-bobs")
        await answered(tab)
        done = tab.vars(OPEN_CHAT)
        chat, (question, answer) = done["open_chat_id"], [each["id"] for each in done["messages"]]
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, "tokens=9 stall-after=5")
        running = tab.vars(OPEN_CHAT)
        last = running["messages"][-1]
        yield Belongings(
            chat, question, answer, running["open_chat_id"], last["id"], last["run_id"], run
        )
        await tab.call(FOLLOWING, "stop")
        await answered(tab)


async def heard(tab: Tab, state: str, handler: str, **payload: object) -> list[str]:
    """What a call leads to, as text, but for the hydrate that ends it."""
    since, toasts, redirects = tab.frame_count, len(tab.toasts), len(tab.redirects)
    await tab.call(state, handler, **payload)
    await tab.settle()
    frames = [each for each in tab.frames[since:] if "is_hydrated" not in each]
    assert len(tab.toasts) - toasts <= 1
    assert len(tab.redirects) - redirects <= 1
    return frames


# What names somebody's: the state and the handler, the argument, and what else it takes.
NAMING: dict[str, tuple[str, str, dict[str, object]]] = {
    "rename_chat": (SIDEBAR, "chat_id", {"title": "stolen"}),
    "delete_chat": (SIDEBAR, "chat_id", {}),
    "follow_answer": (FOLLOWING, "run_id", {}),
    "retry": (EDITING, "message_id", {}),
    "edit_message": (EDITING, "message_id", {"text": "stolen", "key": ""}),
    "rate_answer": (EDITING, "message_id", {"value": 1}),
    "show_message": (BRANCHES, "message_id", {}),
    "keep_answer": (BRANCHES, "message_id", {}),
    "fork_chat": (BRANCHES, "message_id", {}),
}


@pytest.mark.parametrize("handler", NAMING)
async def test_a_foreign_id_is_a_missing_one(
    server: Server, charlie: Person, bobs: Belongings, handler: str
) -> None:
    state, parameter, rest = NAMING[handler]
    own = {
        "chat_id": [bobs.chat, bobs.running_chat],
        "run_id": [bobs.run_id],
        "message_id": [bobs.answer, bobs.question, bobs.running_answer],
    }[parameter]
    every = "SELECT title, deleted_at, updated_at, active_leaf_id FROM chathistory ORDER BY id"
    before = server.rows(every)
    counts = server.counts()
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        expected = await heard(tab, state, handler, **{parameter: MISSING}, **rest)
        for id_ in [*own, bobs.run_id, "", "x", "%", "*", "\x00", "' OR 1=1 --", "x" * 9000]:
            assert await heard(tab, state, handler, **{parameter: id_}, **rest) == expected, id_
        assert "a-word-of-bobs" not in tab.everything
        assert not tab.answers.chunks
    assert server.rows(every) == before
    assert server.counts() == counts


async def test_the_address_of_a_foreign_chat_leads_home(
    server: Server, charlie: Person, bobs: Belongings
) -> None:
    for chat in (bobs.chat, bobs.running_chat, MISSING, "x", "%00"):
        async with server.tab(charlie) as tab:
            await tab.open(f"/chat/{chat}")
            await tab.until(lambda tab=tab: tab.redirects)  # type: ignore[misc]
            await tab.settle()
            assert tab.redirects == ["/chat"]
            assert tab.vars(OPEN_CHAT)["open_chat_id"] == ""
            assert tab.vars(OPEN_CHAT)["messages"] == []
            assert not tab.answers.chunks
            assert "a-word-of-bobs" not in tab.everything


async def test_a_question_never_lands_in_a_foreign_chat(
    server: Server, charlie: Person, bobs: Belongings
) -> None:
    """Foreign chat id in completions: the page's route is the sender's word."""
    count = "SELECT count(*) FROM chatmessage WHERE chat_id = :chat"
    before = server.rows(count, chat=bobs.chat)
    async with server.tab(charlie) as tab:
        await tab.open(f"/chat/{bobs.chat}")
        await tab.call(
            MODEL_CHOICE, "select_model", model_id=tab.vars(MODEL_CHOICE)["models"][0]["id"]
        )
        await ask(tab, "say:a-word-of-charlies")
        await answered(tab)
        assert tab.vars(OPEN_CHAT)["open_chat_id"] not in (bobs.chat, bobs.running_chat)
    assert server.rows(count, chat=bobs.chat) == before


async def test_resync_of_a_foreign_run_gives_nothing(
    server: Server, charlie: Person, bobs: Belongings
) -> None:
    """Stream id not owner-checked."""
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        assert await heard(tab, FOLLOWING, "resync", run=bobs.run, have=0) == []
        assert not tab.answers.chunks


async def test_stop_stops_nothing_of_anybody_elses(
    server: Server, charlie: Person, bobs: Belongings
) -> None:
    """Stop or list other people's tasks."""
    async with server.tab(charlie) as tab:
        await tab.open(f"/chat/{bobs.running_chat}")
        await tab.call(FOLLOWING, "stop")
        await tab.settle()
    state = server.rows(
        "SELECT state, stop_requested FROM generation WHERE id = :id", id=bobs.run_id
    )
    assert [tuple(row) for row in state] == [("running", False)]


async def test_a_foreign_key_gives_nobody_elses_run(
    server: Server, bob: Person, charlie: Person
) -> None:
    """The key of a send is the person's own: charlie's gives a run of charlie's."""
    runs = set()
    for person in (bob, charlie):
        async with server.tab(person) as tab:
            await tab.open("/chat")
            runs.add(await ask(tab, f"say:hello {person.name}", key="one-and-the-same-key"))
            message = await answered(tab)
            assert message["content"] == f"hello {person.name}"
    assert len(runs) == 2


@pytest.mark.parametrize("model", [MISSING, "", "\x00", "x" * 9000])
async def test_an_unknown_model_is_told_and_not_chosen(
    server: Server, bob: Person, model: str
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.until(lambda: tab.vars(MODEL_CHOICE).get("models"))
        chosen = tab.vars(MODEL_CHOICE)["model_id"]
        await tab.call(MODEL_CHOICE, "select_model", model_id=model)
        await tab.until(lambda: tab.toasts)
        await tab.settle()
        assert tab.vars(MODEL_CHOICE)["model_id"] == chosen
