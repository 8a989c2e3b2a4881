"""Whatever a server sends ends in an answer or in a ProviderError, never in a crash."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from llm_ui.errors import ProviderError
from llm_ui.wire.chunks import named
from llm_ui.wire.events import Done, Usage
from llm_ui.wire.fields import json_value
from tests.unit.providers.heard import PARSERS, read

NAMES = [
    "choices",
    "delta",
    "message",
    "content",
    "text",
    "type",
    "error",
    "errors",
    "detail",
    "code",
    "status",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "prompt_tokens_details",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "thinking",
    "refusal",
    "finish_reason",
    "tool_calls",
    "done",
    "done_reason",
    "eval_count",
    "response",
    "content_block",
    "stop_reason",
    "input_tokens",
    "output_tokens",
    "base_resp",
    "success",
    "metadata",
    "raw",
    "loc",
    "msg",
    "data",
    "models",
    "id",
    "name",
    "meta",
    "context_length",
    "x_groq",
    "object",
    "thought",
    "summary",
    "parts",
    "value",
]
WORDS = [
    "text",
    "thinking",
    "text_delta",
    "thinking_delta",
    "content_block_delta",
    "content_block_start",
    "message_start",
    "message_delta",
    "message_stop",
    "message",
    "error",
    "stop",
    "length",
    "ping",
    "token",
    "usage",
    "done",
    "tool_use",
    "refusal",
    "reasoning.text",
    "12",
    "12.5",
    "-3",
    "1e9",
    "null",
    "[DONE]",
    "{}",
    '{"error":"x"}',
    "\ud83d",
    "\x00",
    "\ude00b",
    "Hi",
]


def value(dice: random.Random, depth: int = 0) -> Any:
    what = dice.random()
    if depth < 5 and what < 0.45:
        return {dice.choice(NAMES): value(dice, depth + 1) for _ in range(dice.randint(0, 4))}
    if depth < 5 and what < 0.6:
        return [value(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    if what < 0.8:
        return dice.choice(WORDS)
    return dice.choice([None, True, False, 0, 1, -1, 400, 2.5, 1e300, float("nan"), 10**30])


def framed(dice: random.Random, values: list[Any]) -> bytes:
    end = dice.choice([b"\n", b"\n\n", b"\r\n\r\n", b"\r"])
    head = dice.choice([b"", b"data: ", b"data:", b"event: error\ndata: ", b": x\ndata: "])
    body = b"".join(head + json.dumps(each).encode() + end for each in values)
    return body[: dice.randint(0, len(body))] if dice.random() < 0.3 else body


@pytest.mark.parametrize("kind", PARSERS)
@pytest.mark.parametrize("seed", range(5))
def test_any_stream_has_an_end(kind: str, seed: int) -> None:
    dice = random.Random(f"{kind} {seed}")
    for _ in range(300):
        values = [value(dice) for _ in range(dice.randint(1, 5))]
        if dice.random() < 0.5:
            values = [{"choices": [{"delta": each, "message": each}]} for each in values]
        body = framed(dice, values)
        cut = dice.randint(0, len(body))
        try:
            events = read(kind, [each for each in (body[:cut], body[cut:]) if each])
        except ProviderError as error:
            error.detail.encode()
            json.dumps(error.params)
            continue
        assert type(events[-1]) is Done
        for event in events:
            if type(event) is Usage:
                counts = (event.input_tokens, event.output_tokens, event.cached_tokens)
                assert all(each is None or 0 <= each < 2**31 for each in counts)
            elif type(event) is not Done:
                assert event.text  # type: ignore[union-attr]
                event.text.encode()  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(5))
def test_any_list_is_a_list_or_none(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        held = value(dice)
        body = held if dice.random() < 0.3 else {dice.choice(["data", "models"]): held}
        try:
            found = [name for _, name in named(json_value(json.dumps(body).encode()))]
        except ProviderError:
            continue
        assert len(set(found)) == len(found)
        assert all(name == name.strip() != "" for name in found)
        json.dumps(found).encode()
