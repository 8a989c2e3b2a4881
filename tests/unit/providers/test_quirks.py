"""What servers really send in the place of an answer: none of it may cost the answer."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from llm_ui.errors import (
    ProviderCutOff,
    ProviderGarbage,
)
from llm_ui.wire.events import Done, Usage
from tests.unit.providers.heard import DONE, data, delta, failed, heard, lines, read, said

END = delta(finish="stop")


def of_openai(*deltas: dict[str, Any]) -> tuple[str, str]:
    return heard("openai", data(*deltas, END, DONE))


# --- words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deltas", "thought", "answer"),
    [
        # Mistral's thinking models.
        (
            [
                delta([{"type": "thinking", "thinking": [{"type": "text", "text": "First "}]}]),
                delta([{"type": "thinking", "thinking": [{"type": "text", "text": "I greet."}]}]),
                delta([{"type": "text", "text": "Hi "}]),
                delta("there."),
            ],
            "First I greet.",
            "Hi there.",
        ),
        ([delta([{"type": "output_text", "text": "a"}, {"text": "b"}, "c"])], "", "abc"),
        ([delta([]), delta([{"type": "image_url"}, None, 3]), delta("a")], "", "a"),
        ([delta({"type": "text", "text": {"value": "a"}})], "", "a"),
        (
            [delta([{"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "a"}])],
            "",
            "a",
        ),
        (
            [
                delta(
                    [{"type": "text", "text": "a", "thought": True}, {"type": "text", "text": "b"}]
                )
            ],
            "a",
            "b",
        ),
        (
            [delta("a", refusal=None), delta(refusal="I cannot "), delta(refusal="help.")],
            "",
            "aI cannot help.",
        ),
        ([delta([{"type": "refusal", "refusal": "No."}])], "", "No."),
        ([delta("b", reasoning_content="a")], "a", "b"),
        (
            [
                delta(
                    "b", reasoning="a", reasoning_details=[{"type": "reasoning.text", "text": "a"}]
                )
            ],
            "a",
            "b",
        ),
        (
            [
                delta(
                    "c",
                    reasoning_details=[
                        {"type": "reasoning.summary", "summary": "a"},
                        {"type": "reasoning.encrypted", "data": "xyz"},
                        {"type": "reasoning.text", "text": "b"},
                    ],
                )
            ],
            "ab",
            "c",
        ),
        ([delta("b", thinking={"content": "a"})], "a", "b"),
        ([delta("b", reasoning=["a"])], "a", "b"),
    ],
)
def test_words_are_found_in_whichever_field_and_form(
    deltas: list[dict[str, Any]], thought: str, answer: str
) -> None:
    assert of_openai(*deltas) == (thought, answer)


def test_parts_nested_without_end_are_no_crash() -> None:
    nested: Any = "deep"
    for _ in range(100):
        nested = [{"type": "text", "text": nested}]
    assert of_openai(delta(nested), delta("a")) == ("", "a")


def test_claudes_and_ollamas_words_come_as_parts_too() -> None:
    block = {"type": "content_block_start", "content_block": {"type": "text", "text": "Hel"}}
    more = {
        "type": "content_block_delta",
        "delta": {"type": "text_delta", "text": [{"type": "text", "text": "lo"}]},
    }
    bare = {"delta": {"text": "!"}}
    body = (
        data(block, more) + b"event: content_block_delta\n" + data(bare, {"type": "message_stop"})
    )
    assert heard("anthropic", body) == ("", "Hello!")
    parts = [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Hi"}]
    line = {"message": {"content": parts, "thinking": [{"text": "So. "}]}}
    assert heard("ollama", lines(line, {"done": True})) == ("So. Hm", "Hi")
    assert heard("ollama", lines({"response": "Hi"}, {"done": True})) == ("", "Hi")


@pytest.mark.parametrize(
    ("escaped", "answer"),
    [
        ([rb"\udcaf"], "Nice \ufffdday"),
        ([rb"\ud83d", rb"\ude00"], "Nice \U0001f600day"),
        ([rb"\ud83d\ude00"], "Nice \U0001f600day"),
        ([rb"a\ud83d", rb"\ud83d\ude00b"], "Nice a\ufffd\U0001f600bday"),
        ([b"\xf0\x9f", b"\x99\x82"], "Nice \ufffd\ufffd\ufffdday"),
    ],
)
def test_halves_of_characters_are_joined_or_marked(escaped: list[bytes], answer: str) -> None:
    frames = [b'{"choices":[{"delta":{"content":"%b"}}]}' % each for each in escaped]
    thought, text = of_openai(delta("Nice "), *frames, delta("day"))  # type: ignore[arg-type]
    assert thought == ""
    assert text.replace("\ufffd\ufffd", "\ufffd") == answer.replace("\ufffd\ufffd", "\ufffd")
    text.encode()


def test_half_a_character_of_the_thinking_does_not_join_the_answers() -> None:
    frames = [
        b'{"choices":[{"delta":{"reasoning":"a\\ud83d"}}]}',
        b'{"choices":[{"delta":{"content":"\\ude00b"}}]}',
    ]
    assert heard("openai", data(*frames, END, DONE)) == ("a\ufffd", "\ufffdb")


def test_numbers_that_are_none_are_no_harm() -> None:
    frame = b'{"choices":[{"logprobs":{"a":NaN,"b":[-Infinity,1e400]},"delta":{"content":"Hi"}}]}'
    assert heard("openai", data(frame, END, DONE)) == ("", "Hi")


# --- counts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (b'{"prompt_tokens": 12.0, "completion_tokens": 37.25}', Usage(12, 37)),
        (b'{"prompt_tokens": "12", "completion_tokens": "1,037"}', Usage(12, 1037)),
        (b'{"prompt_tokens": -1, "completion_tokens": 3}', Usage(None, 3)),
        (b'{"prompt_tokens": [], "completion_tokens": {}}', None),
        (b'{"prompt_tokens": true, "completion_tokens": false}', None),
        (b'{"prompt_tokens": NaN, "completion_tokens": 1e400}', None),
        (b'{"prompt_tokens": 99999999999999999999999999, "completion_tokens": "many"}', None),
        (
            b'{"prompt_tokens": 1, "prompt_tokens_details": [], "completion_tokens_details": "?"}',
            Usage(1),
        ),
        (b'"twelve"', None),
        (b"[12]", None),
    ],
)
def test_usage_is_read_or_dropped_and_never_costs_the_answer(
    usage: bytes, counted: Usage | None
) -> None:
    frames = (delta("Hello"), END, b'{"choices": [], "usage": %b}' % usage, DONE)
    events = read("openai", [data(*frames)])
    assert said(events) == ("", "Hello")
    assert [each for each in events if type(each) is Usage] == ([counted] if counted else [])
    assert events[-1] == Done("stop")


@pytest.mark.parametrize(
    "last",
    [
        {"choices": [{"delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 3}}]},
        {**END, "x_groq": {"usage": {"prompt_tokens": 3}}},
        {**END, "usage": {"input_tokens": 3}},
    ],
)
def test_usage_is_found_in_other_places(last: dict[str, Any]) -> None:
    assert Usage(3) in read("openai", [data(delta("Hi"), last, DONE)])


@pytest.mark.parametrize("count", [37.25, "37", -1, [37], True, None, {}, 2**70])
def test_odd_counts_cost_no_answer_of_the_others(count: object) -> None:
    usage = json.dumps(count).encode()
    ollama = b'{"message":{"content":"Hi"},"done":true,"eval_count":%b}\n' % usage
    assert heard("ollama", ollama) == ("", "Hi")
    claude = data(
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}},
        b'{"type":"message_delta","usage":{"output_tokens":%b},"delta":{}}' % usage,
        {"type": "message_stop"},
    )
    assert heard("anthropic", claude) == ("", "Hi")
    own = b'event: usage\ndata: {"input_tokens": %b}\n\n' % usage
    own = b'event: token\ndata: {"text": "Hi"}\n\n' + own + b"event: done\ndata: {}\n\n"
    assert heard("llm_api", own) == ("", "Hi")


# --- framing --------------------------------------------------------------------------

CHUNKS = (delta("Hel"), delta("lo"), END)


@pytest.mark.parametrize(
    "body",
    [
        data(*CHUNKS, DONE, end=b"\n"),
        data(*CHUNKS, DONE, end=b"\r\n"),
        data(*CHUNKS, DONE, end=b"\r"),
        data(*CHUNKS, DONE, end=b"\r\n\n"),
        data(*CHUNKS, DONE).rstrip(),
        data(*CHUNKS[:2], delta("", "stop")).rstrip(),
        data(*CHUNKS, b"[DONE] "),
        data(*CHUNKS, b'"[DONE]"'),
        data(delta("Hel"), delta("lo"), b" [done]"),
        data(*CHUNKS, DONE).replace(b"data: ", b"data:"),
        b"\xef\xbb\xbf" + data(*CHUNKS, DONE),
        b"\n\n" + data(*CHUNKS, DONE),
        data(*CHUNKS, DONE).replace(b"data: ", b": alive\nid: 7\nevent: x\nretry: 9\ndata: "),
        data(*CHUNKS, DONE).replace(b"data: ", b"  data : "),
        data(b"", b"null", b"keep-alive", *CHUNKS, {}, DONE),
        data(
            *(
                orjson.dumps(each, option=orjson.OPT_INDENT_2).replace(b"\n", b"\ndata: ")
                for each in CHUNKS
            ),
            DONE,
        ),
        data(*CHUNKS[:2], b'{"choices": [{"delta": {"content"', END, DONE),
        lines(*CHUNKS),
        lines(*CHUNKS).rstrip(),
        b"".join(orjson.dumps(each) + b"\n\n" for each in CHUNKS) + b"[DONE]\n",
        b"[" + b"\n,".join(orjson.dumps(each) for each in CHUNKS) + b"]",
    ],
)
def test_framing_that_is_nearly_right_is_understood(body: bytes) -> None:
    assert heard("openai", body) == ("", "Hello")


def test_events_with_names_that_one_line_break_parts() -> None:
    body = (
        b'event: token\ndata: {"text": "Hel"}\nevent: token\ndata: {"text": "lo"}\n'
        b'event: usage\ndata: {"input_tokens": 3}\nevent: done\ndata: {"finish_reason": "stop"}\n'
    )
    assert heard("llm_api", body) == ("", "Hello")
    assert read("llm_api", [body])[-2:] == [Usage(3), Done("stop")]


def test_events_where_lines_were_expected() -> None:
    told = ({"message": {"content": "Hel"}}, {"message": {"content": "lo"}}, {"done": True})
    assert heard("ollama", data(*told)) == ("", "Hello")
    assert heard("ollama", data(*told[:2], DONE)) == ("", "Hello")


# --- whole answers --------------------------------------------------------------------

MESSAGE = {"role": "assistant", "content": "All at once."}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
COMPLETION = {"object": "chat.completion", "choices": [CHOICE], "usage": {"prompt_tokens": 3}}
PARTS = [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Hi"}]
CLAUDES = {"type": "message", "stop_reason": "end_turn", "usage": {"x": 3}, "content": PARTS}


@pytest.mark.parametrize(
    ("kind", "answer", "thought", "text"),
    [
        ("openai", COMPLETION, "", "All at once."),
        ("openai", [COMPLETION], "", "All at once."),
        ("openai", {"choices": [{"message": MESSAGE, "finish_reason": None}]}, "", "All at once."),
        (
            "openai",
            {
                "choices": [
                    {
                        "message": {
                            "content": [{"type": "text", "text": "a"}],
                            "reasoning_content": "b",
                        }
                    }
                ]
            },
            "b",
            "a",
        ),
        ("openai", {"choices": [{"text": "a", "finish_reason": "length"}]}, "", "a"),
        ("anthropic", CLAUDES, "Hm", "Hi"),
        ("anthropic", {**CLAUDES, "stop_reason": None}, "Hm", "Hi"),
        ("ollama", {"message": {"content": "Hi", "thinking": "Hm"}, "done": True}, "Hm", "Hi"),
        ("ollama", {"message": {"content": "Hi"}}, "", "Hi"),
        ("llm_api", {"message": {"content": "Hi", "reasoning": "Hm"}}, "Hm", "Hi"),
    ],
)
def test_an_answer_that_comes_whole_is_an_answer(
    kind: str, answer: object, thought: str, text: str
) -> None:
    assert heard(kind, orjson.dumps(answer)) == (thought, text)
    assert heard(kind, orjson.dumps(answer, option=orjson.OPT_INDENT_2) + b"\n") == (thought, text)


def test_whole_messages_in_the_place_of_deltas() -> None:
    def chunk(choice: dict[str, Any]) -> dict[str, Any]:
        return {"choices": [choice]}

    told = (chunk({"message": {"content": "Hel"}}), chunk({"message": {"content": "lo"}}))
    assert heard("openai", data(*told, DONE)) == ("", "Hello")
    assert heard("openai", data(chunk({"text": "Hel"}), chunk({"text": "lo"}), DONE))[1] == "Hello"
    assert heard("openai", data(COMPLETION, DONE)) == ("", "All at once.")
    # What was streamed and is then said once more is said once.
    again = chunk({"message": {"content": "Hello"}, "finish_reason": "stop"})
    assert heard("openai", data(*CHUNKS[:2], again, DONE)) == ("", "Hello")


def test_a_whole_answer_that_breaks_off_was_cut_off() -> None:
    body = orjson.dumps(COMPLETION, option=orjson.OPT_INDENT_2)
    assert type(failed("openai", body[:-20])) is ProviderCutOff


def test_a_body_without_an_end_is_bounded() -> None:
    with pytest.raises(ProviderGarbage):
        read("openai", [b'{\n"a": "'] + [b"x" * 1_000_000] * 20)
