"""How answers end: whole, cut at a limit, by a filter, empty, or without an end of their own."""

import asyncio
import json

import pytest

from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, NotFound
from llm_ui.generation import Engine, live
from llm_ui.models import ChatMessage
from llm_ui.providers.anthropic.parse import StreamParser as AnthropicParser
from llm_ui.providers.ollama.parse import StreamParser as OllamaParser
from llm_ui.providers.openai.parse import StreamParser as OpenAIParser
from llm_ui.services.accounts import export_chats
from llm_ui.services.answers import runs
from llm_ui.services.chats import branches, messages
from llm_ui.services.chats.chats import get_chat_for
from llm_ui.wire.events import Done, Reasoning, Token
from llm_ui.wire.finish import CUT, finish_of
from llm_ui.wire.sse import WireEvent
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import message, watch


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("refusal", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("pause_turn", "pause"),
        ("insufficient_system_resource", "pause"),
        ("tool_calls", "tool"),
        ("function_call", "tool"),
        ("tool_use", "tool"),
        ("content-filter", "content_filter"),
        (" Length ", "length"),
        ("weather", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
    ],
)
def test_each_providers_word_for_an_end_is_understood(given, meant):
    assert finish_of(given) == meant


@pytest.mark.parametrize(
    ("parser", "event"),
    [
        (OpenAIParser, {"choices": [{"delta": {}, "finish_reason": "MAX_TOKENS"}]}),
        (AnthropicParser, {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}),
        (OllamaParser, {"message": {}, "done": True, "done_reason": "length"}),
    ],
)
def test_each_protocol_says_that_the_limit_was_reached(parser, event):
    reading = parser()
    found = [*reading.feed(WireEvent("", json.dumps(event).encode()))]
    found = found or [*reading.end()]
    assert found[-1] == Done("length")


async def ask(people: People, model_id: str, chat_id: str | None = None) -> ChatMessage:
    asked = await runs.ask(people.bob, "Rules?", model_id=model_id, chat_id=chat_id)
    await watch(people.bob, asked.run_id)
    return await message(asked.message_id)


@pytest.mark.parametrize(
    ("finish", "kept"),
    [
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause"),
    ],
)
async def test_an_answer_that_was_cut_says_so_and_goes_on_where_it_ended(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, finish: str, kept: str
):
    upstream.script(f"finish={finish} say:The rules are: first,")
    upstream.script("say: never.")
    answer = await ask(people, model_id)
    assert (answer.status, answer.finish_reason) == ("done", kept)
    async with unit_of_work(writes=False) as session:
        view = await messages.get_view(session, people.bob, answer.id)
    assert view.truncated
    with pytest.raises(NotFound):
        await runs.continue_answer(people.charlie, answer.id)
    again = await runs.continue_answer(people.bob, answer.id)
    assert (await message(answer.id)).finish_reason == ""
    await watch(people.bob, again.run_id)
    whole = await message(answer.id)
    assert (whole.content, whole.finish_reason) == ("The rules are: first, never.", "stop")
    with pytest.raises(Conflict):
        await runs.continue_answer(people.bob, answer.id)


@pytest.mark.parametrize("finish", ["stop", "eos", "weather", "tool_calls"])
async def test_a_whole_answer_is_not_continued(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, finish: str
):
    upstream.script(f"finish={finish} say:All of it.")
    answer = await ask(people, model_id)
    assert (answer.status, answer.finish_reason) == ("done", "stop")
    with pytest.raises(Conflict, match="cannot_continue"):
        await runs.continue_answer(people.bob, answer.id)


async def test_an_answer_cut_while_the_model_still_thought_goes_on(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("reasoning=5 tokens=0 finish=length")
    upstream.script("say:Here it is.")
    answer = await ask(people, model_id)
    assert (answer.content, answer.finish_reason) == ("", "length")
    again = await runs.continue_answer(people.bob, answer.id)
    await watch(people.bob, again.run_id)
    assert (await message(answer.id)).content == "Here it is."


@pytest.mark.parametrize(
    ("script", "key"),
    [
        ("tokens=0", "error.empty_answer"),
        ("say: ", "error.empty_answer"),
        ("tokens=0 finish=length", "error.empty_answer_length"),
        ("tokens=0 finish=content_filter", "error.empty_answer_content_filter"),
        ("tokens=0 finish=tool_calls", "error.empty_answer_tool"),
    ],
)
async def test_an_answer_without_a_word_is_a_failure_with_words(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, script: str, key: str
):
    upstream.script(script)
    answer = await ask(people, model_id)
    assert (answer.status, answer.error_key) == ("failed", key)


async def test_nothing_more_behind_a_stopped_answer_is_its_end_not_a_failure(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("finish=length say:All said")
    upstream.script("tokens=0")
    answer = await ask(people, model_id)
    again = await runs.continue_answer(people.bob, answer.id)
    await watch(people.bob, again.run_id)
    whole = await message(answer.id)
    assert (whole.status, whole.content) == ("done", "All said")


def test_an_answer_that_turns_without_end_between_thinking_and_words_is_cut(monkeypatch):
    """Each stretch is a piece in memory and a row of the log, however short."""
    monkeypatch.setattr(live, "MOST_PIECES", 1000)
    run = live.LiveRun("r", live.now())
    for _ in range(2000):
        run.take(Token("a"))
        run.take(Reasoning("b"))
    assert run.is_full
    assert run.finish_reason == "too_long"
    assert run.log.count == 1001


@pytest.mark.parametrize("letter", ["x", "é", "語", "🙂"])
def test_an_answer_ends_at_its_limit_in_the_middle_of_no_character(monkeypatch, letter: str):
    monkeypatch.setattr(live, "ANSWER_BYTES", 101)
    run = live.LiveRun("r", live.now(), "b" * 10, "r" * 10)
    for _ in range(200):
        run.take(live.Token(letter))
    run.take(Done("stop")) if not run.is_full else None
    text = run.log.whole("text")
    assert run.is_full
    assert run.finish_reason == "too_long"
    assert text == "b" * 10 + letter * (81 // len(letter.encode()))


async def test_an_answer_without_an_end_is_cut_and_its_connection_closed(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, monkeypatch
):
    """An endless answer: a model that loops, or a server that means ill, fills no memory and no
    disk."""
    monkeypatch.setattr(live, "ANSWER_BYTES", 5000)
    upstream.script("tokens=1000000 rate=50000 reasoning=10")
    answer = await ask(people, model_id)
    assert (answer.status, answer.finish_reason, answer.error_code) == ("done", "too_long", "")
    assert len((answer.content + answer.reasoning).encode()) <= 5000
    await upstream.until_closed()
    with pytest.raises(Conflict, match="answer_full"):
        await runs.continue_answer(people.bob, answer.id)


async def test_of_two_answers_side_by_side_the_cut_one_is_continued(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("finish=length say:Half")
    upstream.script("finish=length say:Half")
    upstream.script("say: and half.")
    options = runs.AskOptions(also_model_id=model_id)
    asked = await runs.ask(people.bob, "Two?", model_id=model_id, options=options)
    await asyncio.gather(*(watch(people.bob, x) for x in (asked.run_id, asked.also_run_id)))
    again = await runs.continue_answer(people.bob, asked.message_id)
    await watch(people.bob, again.run_id)
    assert (await message(asked.message_id)).content == "Half and half."


async def test_a_copy_and_an_export_say_that_an_answer_was_cut(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("finish=length say:The rules are: first,")
    answer = await ask(people, model_id)
    async with unit_of_work() as session:
        copy = await branches.fork(session, people.bob, answer.id)
        chat = await get_chat_for(session, people.bob, copy.id)
    text = "".join([part async for part in export_chats.as_markdown(chat)])
    assert text.rstrip().endswith("first,\n\n*(Reached the length limit)*")
    data = json.loads("".join([part async for part in export_chats.as_json(chat)]))
    assert data["messages"][-1]["finish_reason"] == "length"


def test_there_are_words_for_every_cut():
    assert set(export_chats.CUT_SHORT) == set(CUT)
