"""The chunks of /v1/chat/completions as stream events.

Source: OpenAI's API reference, "chat.completion.chunk". `reasoning_content` is how
DeepSeek, llama.cpp and vLLM send thinking, `reasoning` how OpenRouter does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from llm_ui.wire.answers import ending
from llm_ui.wire.events import (
    Done,
    ModelInfo,
    Reasoning,
    StreamEvent,
    Token,
    Usage,
)
from llm_ui.wire.failures import error_in_stream
from llm_ui.wire.fields import child, count, items, json_object, text
from llm_ui.wire.finish import FinishReason, finish_of
from llm_ui.wire.sse import WireEvent

_THINKING_NAMES = re.compile(r"(?:openai/)?(?:o[134](?:-|$)|gpt-5(?!.*chat)|gpt-oss)")


def parse_usage(value: object) -> Usage | None:
    """The `usage` object; None where there is none.

    DeepSeek has a name of its own for what its cache gave. xAI counts reasoning beside the
    completion, which shows by the total: it becomes part of the output.
    """
    if value is None:
        return None
    usage = child(value, "usage")
    prompt = child(usage.get("prompt_tokens_details"), "prompt_tokens_details")
    completion = child(usage.get("completion_tokens_details"), "completion_tokens_details")
    read = count(usage.get("prompt_tokens"), "prompt_tokens")
    written = count(usage.get("completion_tokens"), "completion_tokens")
    total = count(usage.get("total_tokens"), "total_tokens")
    cached = count(prompt.get("cached_tokens"), "cached_tokens")
    if cached is None:
        cached = count(usage.get("prompt_cache_hit_tokens"), "prompt_cache_hit_tokens")
    thought = count(completion.get("reasoning_tokens"), "reasoning_tokens")
    if thought and read is not None and written is not None and total == read + written + thought:
        written += thought
    return Usage(
        input_tokens=read, output_tokens=written, cached_tokens=cached, reasoning_tokens=thought
    )


def parse_delta(choice: dict[str, Any]) -> list[StreamEvent]:
    """The text in one choice of a chunk: thinking first, then answer."""
    delta = child(choice.get("delta"), "delta")
    found: list[StreamEvent] = []
    thinking = delta.get("reasoning_content") or delta.get("reasoning")
    if thinking is not None and (piece := text(thinking, "reasoning")):
        found.append(Reasoning(piece))
    if piece := text(delta.get("content"), "content"):
        found.append(Token(piece))
    return found


def _thinks(name: str, parameters: object) -> bool:
    # OpenRouter says it; of OpenAI's own models only the names do.
    if isinstance(parameters, list):
        return "reasoning" in parameters or "reasoning_effort" in parameters
    return _THINKING_NAMES.match(name) is not None


# What Together lists beside the models that chat.
_OTHER_TYPES = frozenset({
    "embedding", "image", "audio", "transcribe", "video", "moderation", "rerank",
})  # fmt: skip


def listed(body: bytes) -> dict[str, Any]:
    """The list of /v1/models, which Together sends without an object around it."""
    if body.lstrip()[:1] != b"[":
        return json_object(body)
    return json_object(b'{"data":' + body + b"}")


def parse_models(found: dict[str, Any]) -> list[ModelInfo]:
    """The list of /v1/models. The size of the context is no part of OpenAI's form;
    OpenRouter, vLLM and llama.cpp each have their own field for it."""
    models = []
    for item in items(found.get("data"), "data"):
        if not (name := text(item.get("id"), "id")) or item.get("type") in _OTHER_TYPES:
            continue
        meta = child(item.get("meta"), "meta")
        window = item.get("context_length") or item.get("max_model_len")
        window = window or item.get("context_window") or meta.get("n_ctx_train")
        top = child(item.get("top_provider"), "top_provider")
        models.append(
            ModelInfo(
                name=name,
                display_name=text(item.get("name") or item.get("display_name"), "name"),
                context_window=count(window, "context_length"),
                max_output_tokens=count(top.get("max_completion_tokens"), "max_completion_tokens"),
                thinks=_thinks(name, item.get("supported_parameters")),
            )
        )
    return models


class StreamParser:
    """wire.answers.Parser for one answer. Usage comes after the finish reason, in a
    chunk without choices; some servers send it again and again, so the last counts."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._finish: FinishReason | None = None

    @property
    def finished(self) -> bool:
        """See Parser."""
        return self._finish is not None

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """See Parser."""
        if event.data == b"[DONE]":
            return self.end()
        chunk = json_object(event.data)
        if chunk.get("error"):
            raise error_in_stream(chunk)
        if (usage := parse_usage(chunk.get("usage"))) is not None:
            self._usage = usage
        choices = items(chunk.get("choices"), "choices")
        if not choices:
            return ()
        choice = choices[0]
        if reason := text(choice.get("finish_reason"), "finish_reason"):
            self._finish = finish_of(reason)
        return parse_delta(choice)

    def end(self) -> Iterable[StreamEvent]:
        """See Parser. A [DONE] without a reason is taken at its word."""
        return ending(self._usage, Done(self._finish or "stop"))
