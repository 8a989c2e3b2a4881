"""The parsers on payloads as the servers send them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from llm_ui.errors import (
    ContextTooLong,
    ModelUnavailable,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
)
from llm_ui.providers.anthropic import parse as anthropic
from llm_ui.providers.ollama import parse as ollama
from llm_ui.providers.openai import parse as openai
from llm_ui.wire.answers import Parser
from llm_ui.wire.events import Done, ModelInfo, Reasoning, StreamEvent, Token, Usage
from llm_ui.wire.sse import WireEvent


def feed(parser: Parser, *payloads: dict[str, Any] | bytes, name: str = "") -> list[StreamEvent]:
    found: list[StreamEvent] = []
    for payload in payloads:
        data = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        found.extend(parser.feed(WireEvent(name, data)))
    return found


def chunk(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **extra}


def test_openai_chunks_become_events() -> None:
    found = feed(
        openai.StreamParser(),
        chunk({"role": "assistant", "content": "", "refusal": None}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}, usage=None),
        chunk({}, "length"),
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        },
        b"[DONE]",
    )
    assert found == [Token("Hel"), Token("lo"), Usage(9, 2, 4, 1), Done("length")]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_openai_thinking_in_either_field(field: str) -> None:
    found = feed(openai.StreamParser(), chunk({field: "Hm", "content": None}))
    assert found == [Reasoning("Hm")]


def test_openai_usage_sent_with_every_chunk_counts_once_and_last() -> None:
    found = feed(
        openai.StreamParser(),
        chunk({"content": "a"}, usage={"prompt_tokens": 1, "completion_tokens": 1}),
        chunk({"content": "b"}, "stop", usage={"prompt_tokens": 1, "completion_tokens": 2}),
        b"[DONE]",
    )
    assert found == [Token("a"), Token("b"), Usage(1, 2), Done("stop")]


def test_openai_a_stream_with_a_reason_and_no_farewell_is_finished() -> None:
    parser = openai.StreamParser()
    assert not parser.finished
    feed(parser, chunk({"content": "a"}, "tool_calls"))
    assert parser.finished
    assert list(parser.end()) == [Done("tool")]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "slow down", "type": "rate_limit_exceeded"}, ProviderOverloaded),
        ({"message": "gone", "code": "model_not_found"}, ModelUnavailable),
        ({"message": "Provider returned error", "code": 429}, ProviderOverloaded),
        ({"message": "too long", "code": "context_length_exceeded"}, ContextTooLong),
        ({"message": "oops", "type": "server_error"}, ProviderError),
        ("a bare sentence", ProviderError),
    ],
)
def test_openai_an_error_in_the_stream_is_typed(error: object, kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        feed(openai.StreamParser(), {"error": error})
    assert type(caught.value) is kind


def test_openai_what_is_no_json_is_garbage() -> None:
    for payload in (b"{", b"oops", b'{"choices": [', b""):
        with pytest.raises(ProviderGarbage):
            feed(openai.StreamParser(), payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"null",
        b"42",
        b'"text"',
        b'{"choices": 3}',
        b'{"choices": [3, null]}',
        b'{"choices": [{"delta": {"content": 3}}]}',
        b'{"choices": [{"delta": {"content": true, "reasoning": 7}}]}',
        b'{"choices": [{"delta": {"content": [3, [null]]}}]}',
        b'{"choices": [{"delta": [], "finish_reason": null}]}',
        b'{"choices": [{"delta": {"reasoning": {"a": 1}}}]}',
        b'{"choices": [{"delta": {}, "finish_reason": 3}]}',
        b'{"choices": [{"message": 3, "text": null}], "usage": 7}',
        b'{"choices": [], "usage": []}',
    ],
)
def test_openai_fields_of_the_wrong_type_count_as_missing(payload: bytes) -> None:
    parser = openai.StreamParser()
    assert feed(parser, payload, chunk({"content": "Hi"}), b"[DONE]") == [Token("Hi"), Done("stop")]


def test_openai_lists_models_with_each_dialects_context_size() -> None:
    found = openai.parse_models(
        {
            "data": [
                {"id": "gpt-4o", "object": "model"},
                {"id": "vllm", "max_model_len": 4096},
                {"id": "llama.cpp", "meta": {"n_ctx_train": 8192}},
                {
                    "id": "meta/llama",
                    "name": "Llama",
                    "context_length": 131072,
                    "top_provider": {"max_completion_tokens": 1000},
                },
            ]
        }
    )
    assert found == [
        ModelInfo("gpt-4o"),
        ModelInfo("vllm", context_window=4096),
        ModelInfo("llama.cpp", context_window=8192),
        ModelInfo("meta/llama", "Llama", 131072, 1000),
    ]


def test_ollama_lines_become_events() -> None:
    found = feed(
        ollama.StreamParser(),
        {"message": {"role": "assistant", "content": "", "thinking": "Hm"}, "done": False},
        {"message": {"role": "assistant", "content": "Hi"}, "done": False},
        {"status": "something new"},
        {
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "length",
            "prompt_eval_count": 26,
            "eval_count": 2,
            "total_duration": 1,
        },
    )
    assert found == [Reasoning("Hm"), Token("Hi"), Usage(26, 2), Done("length")]


@pytest.mark.parametrize("line", [{"message": 3}, {"message": {"content": 3}}, {"message": None}])
def test_ollama_fields_of_the_wrong_type_count_as_missing(line: dict[str, Any]) -> None:
    last = {"done": True, "eval_count": [2], "prompt_eval_count": "3"}
    assert feed(ollama.StreamParser(), line, last) == [Usage(3), Done("stop")]


def test_ollama_an_error_line_is_an_error() -> None:
    with pytest.raises(ProviderError) as caught:
        feed(ollama.StreamParser(), {"error": "an error was encountered while running the model"})
    assert "while running" in caught.value.detail


def test_ollama_details_tell_the_context_size_and_whether_it_chats() -> None:
    shown = {"model_info": {"llama.context_length": 8192, "llama.block_count": 30}}
    assert ollama.parse_show(shown) == (8192, True, False)
    assert ollama.parse_show({"capabilities": ["embedding"]}) == (None, False, False)
    assert ollama.parse_show({"capabilities": ["completion", "tools"]}) == (None, True, False)
    assert ollama.parse_show({"capabilities": ["completion", "thinking"]}) == (None, True, True)


@pytest.mark.parametrize(
    ("name", "thinks"),
    [
        ("o3-mini", True),
        ("gpt-5.2", True),
        ("openai/gpt-oss-20b", True),
        ("gpt-4o", False),
        ("gpt-5-chat-latest", False),
        ("llama-3", False),
        ("o365-helper", False),
    ],
)
def test_openai_models_that_think_are_known_by_their_names(name: str, thinks: bool) -> None:
    assert openai.parse_models({"data": [{"id": name}]})[0].thinks is thinks


def test_a_list_of_parameters_says_more_than_a_name() -> None:
    told = {"id": "x/y", "supported_parameters": ["reasoning", "seed"]}
    silent = {"id": "o3", "supported_parameters": ["seed"]}
    assert [each.thinks for each in openai.parse_models({"data": [told, silent]})] == [True, False]


def test_claude_models_before_3_7_cannot_be_asked_to_think() -> None:
    names = [
        "claude-2.1",
        "claude-3-5-sonnet-1",
        "claude-3-haiku-1",
        "claude-3-7-sonnet-1",
        "claude-sonnet-4-5",
        "claude-opus-9",
    ]
    found = anthropic.parse_models({"data": [{"id": name} for name in names]})
    assert [each.thinks for each in found] == [False, False, False, True, True, True]


ANTHROPIC_START = {
    "type": "message_start",
    "message": {
        "usage": {
            "input_tokens": 10,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 2,
            "output_tokens": 1,
        }
    },
}


def test_anthropic_events_become_events() -> None:
    delta = {"type": "content_block_delta", "index": 0}
    found = feed(
        anthropic.StreamParser(),
        ANTHROPIC_START,
        {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "ping"},
        {**delta, "delta": {"type": "thinking_delta", "thinking": "Hm"}},
        {**delta, "delta": {"type": "signature_delta", "signature": "abc"}},
        {**delta, "delta": {"type": "text_delta", "text": "Hi"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "max_tokens"},
            "usage": {"output_tokens": 7},
        },
        {"type": "message_stop"},
    )
    assert found == [Reasoning("Hm"), Token("Hi"), Usage(17, 7, 5), Done("length")]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", ProviderOverloaded),
        ("rate_limit_error", ProviderOverloaded),
        ("authentication_error", ProviderRefused),
        ("not_found_error", ModelUnavailable),
        ("api_error", ProviderError),
    ],
)
def test_anthropic_an_error_in_the_stream_is_typed(kind: str, error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        feed(anthropic.StreamParser(), {"type": "error", "error": {"type": kind, "message": "m"}})
    assert type(caught.value) is error
    assert caught.value.detail == "m"


def test_anthropic_fields_of_the_wrong_type_count_as_missing() -> None:
    kind = "content_block_delta"
    found = feed(
        anthropic.StreamParser(),
        {"type": "message_start", "message": {"usage": {"input_tokens": "x"}, "content": 3}},
        {"type": kind, "delta": {"type": "text_delta", "text": 3}},
        {"type": kind, "delta": [{"type": "text_delta"}]},
        {"type": "message_delta", "delta": 7, "usage": [1]},
        {"type": "message_stop"},
    )
    assert found == [Done("stop")]


def test_anthropic_lists_models() -> None:
    found = anthropic.parse_models(
        {
            "data": [{"type": "model", "id": "claude-x", "display_name": "Claude X"}],
            "has_more": False,
        }
    )
    assert found == [ModelInfo("claude-x", "Claude X", thinks=True)]
