"""What is sent of a conversation: in turns, nothing empty, whatever went wrong before."""

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.errors import ProviderRefused
from llm_ui.generation import Engine
from llm_ui.models import ChatMessage
from llm_ui.providers.anthropic.adapter import AnthropicProvider, body_json
from llm_ui.providers.base import Endpoint
from llm_ui.schemas.chats.chats import Asked
from llm_ui.services.answers import runs
from llm_ui.services.answers.turns import alternating, ending_of, fit
from llm_ui.services.chats import branches
from llm_ui.wire.events import ChatRequest, Done, PromptImage, PromptMessage
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import watch

PICTURE = PromptImage("image/png", b"1")
OTHER = PromptImage("image/png", b"2")


def talk(*said: str) -> list[PromptMessage]:
    """Turns from "u: words"."""
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return [PromptMessage(roles[each[0]], each[3:]) for each in said]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["u: one", "a: two", "u: three"], ["u: one", "a: two", "u: three"]),
        (["u: one", "u: two"], ["u: one\n\ntwo"]),
        (["u: one", "a: ", "u: two", "a:  \n", "u: three"], ["u: one\n\ntwo\n\nthree"]),
        (["u: one", "a: two", "a: three", "u: four"], ["u: one", "a: two\n\nthree", "u: four"]),
        (["a: hello", "u: one"], ["u: one"]),
        (["u: one", "a: two", "s: late", "u: three"], ["s: late", "u: one", "a: two", "u: three"]),
        (["s: first", "s: second", "a: x", "u: "], ["s: first\n\nsecond"]),
        (["u: ", "a: two", "u: three", "a: fo"], ["u: three", "a: fo"]),
    ],
)
def test_a_conversation_is_sent_in_turns(given, sent):
    assert alternating(talk(*given)) == talk(*sent)


def test_merged_turns_keep_the_images_of_both_and_one_may_be_without_words():
    first = PromptMessage("user", "", (PICTURE,), "m1")
    second = PromptMessage("user", "What are these?", (OTHER,), "m2")
    (merged,) = alternating([first, second])
    assert (merged.content, merged.images) == ("What are these?", (PICTURE, OTHER))
    assert alternating([first]) == [first]
    (turn,) = body_json(ChatRequest("m", (first,)))["messages"]
    assert [part["type"] for part in turn["content"]] == ["image"]


def test_what_is_left_of_a_long_talk_begins_with_a_question():
    long = "x" * 400
    given = talk("u: " + long, "a: " + long, "a: " + long, "u: " + long, "u: and?")
    for budget in range(0, 600, 20):
        assert alternating(fit(given, budget))[0].role == "user"


def test_a_continued_answer_that_is_too_long_is_sent_with_its_question_and_its_end():
    answer = "".join(f"{number} " for number in range(20_000))
    given = talk("s: Be brief.", "u: Count.")
    shown = ending_of(answer, given, 1000)
    assert 100 < len(shown) < 4000
    assert answer.endswith(shown)
    turns = [*given, *talk("a: " + shown, "u: Go on.")]
    assert fit(turns, 1000, last=3) == turns
    assert ending_of("short", given, 1000) == "short"
    assert ending_of(answer, given, None) == answer


def test_anthropic_is_not_given_a_blank_to_go_on_from():
    body = body_json(ChatRequest("m", tuple(talk("u: Rules?", "a: first, \n"))))
    assert body["messages"][-1] == {"role": "assistant", "content": "first,"}


async def ask(people: People, words: str, chat_id: str | None, model_id: str) -> Asked:
    asked = await runs.ask(people.bob, words, chat_id=chat_id, model_id=model_id)
    await watch(people.bob, asked.run_id)
    return asked


@pytest.mark.parametrize(
    "first", ["error-403", "cut-after=0", "garbage-after=0", "reasoning=3 error-after=0"]
)
async def test_a_chat_goes_on_after_an_answer_that_failed(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, first: str
):
    for script in (first, first, "say:Here I am"):
        upstream.script(script)
    asked = await ask(people, "One?", None, model_id)
    await ask(people, "Two?", asked.chat_id, model_id)
    await ask(people, "Three?", asked.chat_id, model_id)
    assert upstream.requests[-1].body["messages"] == [
        {"role": "user", "content": "One?\n\nTwo?\n\nThree?"}
    ]


async def test_a_copied_branch_is_sent_in_turns_too(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    for script in ("say:Good", "error-500", "say:Here I am"):
        upstream.script(script)
    asked = await ask(people, "One?", None, model_id)
    failed = await ask(people, "Two?", asked.chat_id, model_id)
    async with unit_of_work() as session:
        copy = await branches.fork(session, people.bob, failed.message_id)
        await session.execute(
            sa.update(ChatMessage)
            .where(col(ChatMessage.chat_id) == copy.id, col(ChatMessage.content) == "Good")
            .values(content=" ")
        )
    await ask(people, "Three?", copy.id, model_id)
    assert upstream.requests[-1].body["messages"] == [
        {"role": "user", "content": "One?\n\nTwo?\n\nThree?"}
    ]


async def test_a_model_that_takes_no_words_into_its_mouth_is_asked_to_go_on():
    sent: list[list[dict[str, str]]] = []

    class Newer(AnthropicProvider):
        async def _read(self, call, parser):  # type: ignore[no-untyped-def, override]
            sent.append(call.body["messages"])
            if call.body["messages"][-1]["role"] == "assistant":
                words = "This model does not support assistant message prefill."
                raise ProviderRefused(words, status=400)
            yield Done()

    provider = Newer(Endpoint("http://127.0.0.1:1"))
    request = ChatRequest("m", tuple(talk("u: Rules?", "a: first")))
    assert [event async for event in provider.stream(request)] == [Done()]
    assert [turn["role"] for turn in sent[1]] == ["user", "assistant", "user"]
    await provider.aclose()
