"""Parsing the chunks of /v1/chat/completions into stream events.

Source: OpenAI's API reference, "chat.completion.chunk". DeepSeek, llama.cpp and vLLM send thinking
as `reasoning_content`, OpenRouter as `reasoning`, Mistral as parts of the content. A server that
does not stream sends `message` in place of `delta`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from llm_ui.enums import FinishReason
from llm_ui.wire.chunks import ChunkParser, named, parts_in
from llm_ui.wire.events import ModelInfo, StreamEvent, Token, Usage
from llm_ui.wire.failures import error_in_stream
from llm_ui.wire.fields import child, items, name_of, size, text, tokens
from llm_ui.wire.framing import WHOLE

_THINKING_NAMES = re.compile(r"(?:openai/)?(?:o[134](?:-|$)|gpt-5(?!.*chat)|gpt-oss)")


def parse_usage(value: object) -> Usage | None:
    """Parse the `usage` object; None if there is none.

    DeepSeek has its own field for cached tokens. xAI does not include reasoning in the completion
    tokens, which shows in the total: it is then added to the output.
    """
    if type(value) is not dict:
        return None
    prompt = child(value.get("prompt_tokens_details"))
    completion = child(value.get("completion_tokens_details"))
    read = _first(value, "prompt_tokens", "input_tokens")
    written = _first(value, "completion_tokens", "output_tokens")
    total = tokens(value.get("total_tokens"))
    cached = tokens(prompt.get("cached_tokens"))
    if cached is None:
        cached = tokens(value.get("prompt_cache_hit_tokens"))
    thought = tokens(completion.get("reasoning_tokens"))
    if thought and read is not None and written is not None and total == read + written + thought:
        written += thought
    return Usage(
        input_tokens=read, output_tokens=written, cached_tokens=cached, reasoning_tokens=thought
    )


def _first(counts: dict[str, Any], *names: str) -> int | None:
    found = (tokens(counts.get(name)) for name in names)
    return next((each for each in found if each is not None), None)


def parse_delta(delta: dict[str, Any]) -> list[StreamEvent]:
    """The text in a choice's `delta` or `message`: thinking first, then the answer. A refusal
    counts as the answer."""
    content = delta.get("content")
    if len(delta) == 1 and type(content) is str:
        # Fast path for nearly every chunk.
        return [Token(content)] if content else []
    found: list[StreamEvent] = [*ChunkParser.thoughts_in(delta)]
    if type(content) is str:
        if content:
            found.append(Token(content))
    elif content:
        found.extend(parts_in(content))
    if refusal := delta.get("refusal"):
        found.extend(parts_in(refusal))
    return found


def _thinks(name: str, parameters: object) -> bool:
    # OpenRouter lists it; for OpenAI's own models only the names tell.
    if isinstance(parameters, list):
        return "reasoning" in parameters or "reasoning_effort" in parameters
    return _THINKING_NAMES.match(name) is not None


# What Together lists besides chat models.
_OTHER_TYPES = frozenset(
    {
        "embedding",
        "image",
        "audio",
        "transcribe",
        "video",
        "moderation",
        "rerank",
    }
)
_WINDOWS = ("context_length", "max_model_len", "context_window", "max_context_length")


def parse_models(found: object) -> list[ModelInfo]:
    """Parse the list of /v1/models, or a bare list as Together sends it. The context window is not
    part of OpenAI's format; OpenRouter, vLLM and llama.cpp each have their own field for it. An
    invalid entry does not affect the others.

    Raises:
        ProviderError: there is no list; it has the server's message, if there is one.
    """
    models = []
    for item, name in named(found):
        if text(item.get("type")) in _OTHER_TYPES:
            continue
        windows = [size(item.get(field)) for field in _WINDOWS]
        windows.append(size(child(item.get("meta")).get("n_ctx_train")))
        top = child(item.get("top_provider"))
        models.append(
            ModelInfo(
                name=name,
                display_name=name_of(item, "name", "display_name"),
                context_window=next(filter(None, windows), None),
                max_output_tokens=size(top.get("max_completion_tokens")),
                thinks=_thinks(name, item.get("supported_parameters")),
            )
        )
    return models


class StreamParser(ChunkParser):
    """A `wire.answers.Parser` for one answer. Usage follows the finish reason, in a chunk without
    choices; some servers send it repeatedly, and the last one counts."""

    _has_deltas = False

    def read(self, chunk: dict[str, Any], name: str) -> Iterable[StreamEvent]:
        """See ChunkParser."""
        if (counts := chunk.get("usage")) and (usage := parse_usage(counts)) is not None:
            self.usage = usage
        choices = chunk.get("choices")
        if chunk.get("error") or name == "error" or not choices:
            self.complain(chunk, name)
        if type(choices) is not list or not choices or type(choices[0]) is not dict:
            choices = items(choices)
            if not choices:
                return ()
        choice = choices[0]
        if choice.get("error"):
            raise error_in_stream(choice["error"])
        if reason := choice.get("finish_reason"):
            self._stop(reason, choice, chunk)
        delta = choice.get("delta")
        if type(delta) is dict:
            self._has_deltas = True
        elif self._has_deltas:
            # Some servers repeat the whole answer at the end.
            delta = {}
        else:
            delta = child(choice.get("message")) or {"content": choice.get("text", delta)}
        if delta.get("tool_calls") or delta.get("function_call"):
            self.called_tool = True
        if name == WHOLE and self.finish is None:
            self.finish = FinishReason.STOP
        return parse_delta(delta)

    def _stop(self, reason: object, choice: dict[str, Any], chunk: dict[str, Any]) -> None:
        if reason == "error":
            # OpenRouter sends the error next to it.
            raise error_in_stream(choice.get("message") or chunk)
        self.take_reason(reason)
        # Moonshot and Groq put usage elsewhere.
        for holder in (choice, child(chunk.get("x_groq"))):
            self.usage = self.usage or parse_usage(holder.get("usage"))
