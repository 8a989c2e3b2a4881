"""An answer over the websocket: whole, in order, small, and everybody's who watches it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.scripted import expected_reasoning, expected_text
from tests.states.client import CHAT, EDITING, FOLLOWING, MODEL_CHOICE, OPEN_CHAT, STREAM, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server

SHORTEST_PAUSE_S = 0.06


def stored(server: Server, message_id: object) -> tuple[str, str]:
    """An answer's text and status as the database has them."""
    row = server.rows("SELECT content, status FROM chatmessage WHERE id = :id", id=message_id)[0]
    return row[0], row[1]


def chunks_of(tab: Tab, since: int = 0) -> list[str]:
    """The frames that carried a piece of an answer."""
    return [each for each in tab.frames[since:] if re.search(r'"g":\d', each)]


async def use_model(tab: Tab, provider: str) -> None:
    """Choose a model of a provider."""
    await tab.until(lambda: tab.vars(MODEL_CHOICE).get("models"))
    models = tab.vars(MODEL_CHOICE)["models"]
    model = next(each["id"] for each in models if each["provider"] == provider)
    await tab.call(MODEL_CHOICE, "select_model", model_id=model)
    await tab.until(lambda: tab.vars(MODEL_CHOICE)["model_id"] == model)


@pytest.mark.parametrize(
    ("provider", "script"),
    [
        ("OpenAI-compatible", "tokens=40 rate=100"),
        ("OpenAI-compatible", "tokens=60 rate=200 split-utf8"),
        ("OpenAI-compatible", "tokens=300 markdown"),
        ("OpenAI-compatible", "reasoning=30 tokens=60 rate=300"),
        ("OpenAI-compatible", "tokens=60 rate=300 unknown-events comments"),
        ("Built-in", "reasoning=30 tokens=60 rate=300 split-utf8"),
    ],
)
async def test_what_streams_is_what_is_stored(
    server: Server, bob: Person, provider: str, script: str
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await use_model(tab, provider)
        run = await ask(tab, script)
        message = await answered(tab)
        text = expected_text(script)
        assert stored(server, message["id"]) == (text, "done")
        assert message["content"] == text
        assert tab.answers.text(run) == text
        assert tab.answers.stream(run).gaps == 0
        assert tab.answers.reasoning(run) == message["reasoning"]
        if "reasoning" in script:
            assert message["reasoning"] == expected_reasoning(script)


async def test_a_stopped_answer_keeps_what_was_shown(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, "tokens=20 stall-after=10")
        await tab.until(lambda: tab.answers.text(run) == expected_text("tokens=20 stall-after=10"))
        await tab.call(FOLLOWING, "stop")
        message = await answered(tab)
        assert message["status"] == "stopped"
        assert stored(server, message["id"]) == (tab.answers.text(run), "stopped")


async def test_a_failed_answer_says_why_and_can_be_retried(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, "tokens=20 error-after=10")
        message = await answered(tab)
        assert message["status"] == "failed"
        assert message["error"]
        await tab.call(EDITING, "retry", message_id=message["id"])
        await tab.until(lambda: tab.vars(OPEN_CHAT)["messages"][-1]["id"] != message["id"])
        again = await answered(tab)
        assert again["status"] == "failed"
        assert len(tab.vars(OPEN_CHAT)["messages"]) == 2


async def test_a_tab_that_comes_back_gets_a_snapshot_and_the_rest(
    server: Server, bob: Person
) -> None:
    script = "tokens=300 rate=150 split-utf8"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, script)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        await tab.until(lambda: len(tab.answers.text(run)) > 50)
        await tab.drop()
        had = tab.answers.text(run)
        await asyncio.sleep(0.3)
        await tab.connect()
        since = tab.frame_count
        await tab.open(f"/chat/{chat}")
        await tab.until(lambda: tab.answers.stream(run).replaced)
        assert tab.answers.text(run).startswith(had)
        message = await answered(tab)
        assert tab.answers.text(run) == message["content"] == expected_text(script)
        assert tab.answers.stream(run).gaps == 0
        first = chunks_of(tab, since)[0]
        assert '"o":0' in first


async def test_an_answer_goes_on_without_any_tab(server: Server, bob: Person) -> None:
    script = "tokens=100 rate=200"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, script)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
    await asyncio.sleep(1.2)
    async with server.tab(bob) as tab:
        await tab.open(f"/chat/{chat}")
        message = await answered(tab)
        assert (message["content"], message["status"]) == (expected_text(script), "done")


async def test_two_tabs_watch_one_answer(server: Server, bob: Person) -> None:
    script = "tokens=300 rate=150"
    async with server.tab(bob) as one, server.tab(bob) as two:
        await one.open("/chat")
        run = await ask(one, script)
        chat = one.vars(OPEN_CHAT)["open_chat_id"]
        await one.until(lambda: one.answers.text(run))
        await two.open(f"/chat/{chat}")
        for tab in (one, two):
            message = await answered(tab)
            assert tab.answers.text(run) == message["content"] == expected_text(script)
            assert tab.answers.stream(run).gaps == 0


async def test_a_resync_sends_all_again_and_ends_the_relay_before(
    server: Server, bob: Person
) -> None:
    script = "tokens=300 rate=150"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, script)
        for times in range(1, 4):
            await tab.until(lambda: len(tab.answers.text(run)) > 100)
            await tab.call(FOLLOWING, "resync", run=run, have=3)
            await tab.until(lambda times=times: tab.answers.stream(run).replaced >= times)  # type: ignore[misc]
        # Several at once, as an impatient page might.
        for _ in range(5):
            await tab.call(FOLLOWING, "resync", run=run, have=3)
        message = await answered(tab)
        assert tab.answers.text(run) == message["content"] == expected_text(script)
        # A relay that went on beside the new one would send pieces that do not fit.
        assert tab.answers.stream(run).gaps == 0


async def test_opening_another_chat_ends_the_stream_in_this_tab(
    server: Server, bob: Person
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, "tokens=200 rate=100")
        await tab.until(lambda: tab.answers.text(run))
        await tab.open("/chat")
        await tab.settle()
        await asyncio.sleep(0.2)
        since = tab.frame_count
        await asyncio.sleep(0.6)
        assert not chunks_of(tab, since)
        assert tab.vars(OPEN_CHAT)["messages"] == []
        assert tab.vars(OPEN_CHAT)["busy"] is False


async def test_the_bytes_of_a_long_answer_stay_few(
    server: Server, somebody: Callable[[], Person], record_property: Callable[[str, object], None]
) -> None:
    """The figure of docs/performance.md: 2,000 tokens (13 kB) at 200 a second."""
    if server.database.dialect.name != "sqlite":
        pytest.skip("measured once: the database is not what is measured")
    script = "tokens=2000 rate=200"
    text = expected_text(script)
    async with server.tab(somebody()) as tab:
        await tab.open("/chat")
        await tab.settle()
        bytes_before, frames_before, cpu = tab.bytes_received, tab.frame_count, server.cpu_seconds()
        run = await ask(tab, script)
        message = await answered(tab)
        received, frames = tab.bytes_received - bytes_before, tab.frame_count - frames_before
        pieces = chunks_of(tab, frames_before)
        figures = {
            "answer_bytes": len(text.encode()),
            "bytes": received,
            "frames": frames,
            "pieces": len(pieces),
            "cpu_ms": round(1000 * (server.cpu_seconds() - cpu)),
        }
        for name, value in figures.items():
            record_property(name, value)
        print(figures)
        assert figures["answer_bytes"] > 12_800
        assert tab.answers.text(run) == message["content"] == text
        assert received <= 60_000
        assert len(pieces) <= 10 / SHORTEST_PAUSE_S + 20
        assert frames <= len(pieces) + 20
        assert max(map(len, pieces)) < len(text) / 4, "the text so far was sent again"


async def test_a_question_costs_the_same_however_long_the_chat_is(
    server: Server, somebody: Callable[[], Person]
) -> None:
    script = "tokens=400 rate=2000"
    person = somebody()
    async with server.tab(person) as tab:
        await tab.open("/chat")
        received = []
        for _ in range(5):
            await tab.settle()
            before, since = tab.bytes_received, tab.frame_count
            await ask(tab, script)
            await answered(tab)
            pieces = sum(map(len, chunks_of(tab, since)))
            received.append(tab.bytes_received - before - pieces)
        shown = tab.vars(OPEN_CHAT)["messages"]
        assert len(shown) == 10
        assert tab.gaps == 0
        assert [each["content"] for each in shown] == [script, expected_text(script)] * 5
        # The page of a new chat gets a redirect and its on_load beside the answer.
        assert received[4] < received[1] + len(script) + 200, received
        # What a reload shows is what the changes have made of it.
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        async with server.tab(person) as other:
            await other.open(f"/chat/{chat}")
            await other.until(lambda: other.vars(OPEN_CHAT).get("messages"))
            assert other.vars(OPEN_CHAT)["messages"] == shown


async def test_one_key_asks_once_over_two_sockets(server: Server, bob: Person) -> None:
    count = "SELECT count(*) FROM generation WHERE idempotency_key = :key"
    async with server.tab(bob) as one, server.tab(bob) as two:
        for tab in (one, two):
            await tab.open("/chat")
        runs = await asyncio.gather(
            *(ask(tab, "tokens=40 rate=100", key="asked-twice") for tab in (one, two))
        )
        assert runs[0] == runs[1]
        for tab in (one, two):
            message = await answered(tab)
            assert tab.answers.text(runs[0]) == message["content"]
        assert one.vars(OPEN_CHAT)["open_chat_id"] == two.vars(OPEN_CHAT)["open_chat_id"]
        await one.call(CHAT, "send_message", text="tokens=40 rate=100", key="asked-twice")
        await one.settle()
    assert server.rows(count, key="asked-twice")[0][0] == 1


@pytest.mark.parametrize("text", ["   ", "x" * 900_000], ids=["nothing", "too much"])
async def test_a_refused_text_comes_back(server: Server, bob: Person, text: str) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.call(CHAT, "send_message", text=text, key="refused")
        await tab.until(lambda: tab.toasts)
        assert tab.vars(CHAT)["current_input"] == text
        assert tab.vars(CHAT)["refused_key"] == "refused"
        assert tab.vars(CHAT).get("accepted_key") != "refused"


async def test_a_question_during_an_answer_comes_back(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, "tokens=20 stall-after=10")
        for _ in range(2):
            seen = len(tab.toasts)
            await tab.call(CHAT, "send_message", text="and this?", key="too-early")
            await tab.until(lambda seen=seen: len(tab.toasts) > seen)  # type: ignore[misc]
            assert tab.vars(CHAT)["current_input"] == "and this?"
        await tab.call(FOLLOWING, "stop")
        await answered(tab)
        assert len(tab.vars(OPEN_CHAT)["messages"]) == 2


async def said(tab: Tab) -> dict[str, object]:
    """What this tab is told of what it waits for."""
    await tab.until(lambda: tab.vars(STREAM).get("current_waiting"))
    told: dict[str, object] = tab.vars(STREAM)["current_waiting"]
    return told


async def test_whoever_waits_is_told_what_for_in_each_tab_and_nobody_else_is(
    server: Server, bob: Person, charlie: Person
) -> None:
    async with server.tab(bob) as tab, server.tab(charlie) as other:
        await tab.open("/chat")
        await use_model(tab, "OpenAI-compatible")
        await ask(tab, "delay=30 tokens=1")
        message = tab.vars(OPEN_CHAT)["messages"][-1]
        async with server.tab(bob) as second:
            await second.open(f"/chat/{tab.vars(OPEN_CHAT)['open_chat_id']}")
            await second.until(lambda: second.vars(OPEN_CHAT).get("messages"))
            for each in (tab, second):
                await each.call(FOLLOWING, "look_waiting", run=message["run"])
                told = await said(each)
                assert (told["g"], told["what"]) == (message["run"], "asked")
                assert told["model"] == message["model_name"]
        await other.open("/chat")
        await other.call(FOLLOWING, "look_waiting", run=message["run"])
        await other.settle()
        assert not other.vars(STREAM).get("current_waiting")
        await tab.call(FOLLOWING, "stop")
        await tab.until(lambda: tab.vars(OPEN_CHAT)["busy"] is False)
