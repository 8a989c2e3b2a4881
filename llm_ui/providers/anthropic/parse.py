"""Parsing the events of /v1/messages into stream events.

Source: Anthropic's API reference, "Streaming messages". The type is given both in the data and as
the name of the event; the one in the data is used. New types may be added at any time and must be
ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from llm_ui.enums import FinishReason
from llm_ui.wire.chunks import ChunkParser, named, parts_in
from llm_ui.wire.events import ModelInfo, Reasoning, StreamEvent, Token, Usage
from llm_ui.wire.fields import child, items, name_of, size, text, tokens

# The API's model list does not say; every model since Claude 3.7 can think.
_BEFORE_THINKING = re.compile(r"claude-(?:1|2|instant|3-(?!7)|3\.[0-6])")


def parse_delta(delta: dict[str, Any]) -> Iterable[StreamEvent]:
    """The delta of a content block: text, thinking, or anything else (ignored)."""
    kind = delta.get("type")
    if kind == "text_delta" and type(piece := delta.get("text")) is str:
        return (Token(piece),) if piece else ()
    if kind == "thinking_delta" and type(piece := delta.get("thinking")) is str:
        return (Reasoning(piece),) if piece else ()
    return parts_in(delta)


def merge_usage(known: Usage, usage: dict[str, Any]) -> Usage:
    """Merge one event's counts into the counts so far. The API does not include cache reads and
    writes in `input_tokens`; we do."""
    fresh = tokens(usage.get("input_tokens"))
    cached = tokens(usage.get("cache_read_input_tokens"))
    written = tokens(usage.get("cache_creation_input_tokens"))
    output = tokens(usage.get("output_tokens"))
    if fresh is not None:
        known = replace(known, input_tokens=fresh + (cached or 0) + (written or 0))
    if cached is not None:
        known = replace(known, cached_tokens=cached)
    return known if output is None else replace(known, output_tokens=output)


def parse_models(found: object) -> list[ModelInfo]:
    """Parse the list of /v1/models; an invalid entry does not affect the others. Raises
    ProviderError if there is no list."""
    return [
        ModelInfo(
            name=name,
            display_name=name_of(item, "display_name"),
            context_window=size(item.get("max_input_tokens")),
            max_output_tokens=size(item.get("max_tokens")),
            thinks=not _BEFORE_THINKING.match(name),
        )
        for item, name in named(found)
    ]


class StreamParser(ChunkParser):
    """A `wire.answers.Parser` for one answer: usage arrives in two parts, at the start and with the
    stop reason."""

    def read(self, chunk: dict[str, Any], name: str) -> Iterable[StreamEvent]:
        """See ChunkParser."""
        kind = text(chunk.get("type")) or name
        if kind == "content_block_delta":
            return parse_delta(child(chunk.get("delta")))
        if kind == "content_block_start":
            return self._take_content(chunk.get("content_block"))
        if kind == "message_start":
            return self._take_message(child(chunk.get("message")))
        if kind == "message_delta":
            self._take_end(chunk, child(chunk.get("delta")))
        elif kind == "message_stop":
            return self.end()
        elif kind == "message":
            # A server that did not stream although asked to.
            found = self._take_message(chunk)
            self.finish = self.finish or FinishReason.STOP
            return found
        elif kind == "error" or chunk.get("error"):
            self.complain(chunk, "error")
        elif kind not in ("ping", "content_block_stop"):
            self.complain(chunk, name)
        return ()

    def _take_message(self, message: dict[str, Any]) -> Iterable[StreamEvent]:
        self._take_end(message, message)
        return self._take_content(message.get("content"))

    def _take_content(self, content: object) -> Iterable[StreamEvent]:
        if any(text(each.get("type")) == "tool_use" for each in items(content)):
            self.called_tool = True
        return parts_in(content)

    def _take_end(self, holder: dict[str, Any], reason: dict[str, Any]) -> None:
        usage = child(holder.get("usage"))
        if usage:
            self.usage = merge_usage(self.usage or Usage(), usage)
        self.take_reason(reason.get("stop_reason"))
