"""The events of /v1/messages as stream events.

Source: Anthropic's API reference, "Streaming messages". The type stands in the data
as well as in the event's name; the data's is used. New types may appear at any time
and are to be ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
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

# The API's list says nothing of it; every model since Claude 3.7 can.
_BEFORE_THINKING = re.compile(r"claude-(?:1|2|instant|3-(?!7)|3\.[0-6])")


def parse_delta(delta: dict[str, Any]) -> StreamEvent | None:
    """The delta of a content block: text, thinking, or something else (None)."""
    kind = delta.get("type")
    if kind == "text_delta":
        piece = text(delta.get("text"), "text")
        return Token(piece) if piece else None
    if kind == "thinking_delta":
        piece = text(delta.get("thinking"), "thinking")
        return Reasoning(piece) if piece else None
    return None


def merge_usage(known: Usage, usage: dict[str, Any]) -> Usage:
    """The counts so far with those of one event. What was read from or written to the
    cache is not part of `input_tokens` there; it is here."""
    fresh = count(usage.get("input_tokens"), "input_tokens")
    cached = count(usage.get("cache_read_input_tokens"), "cache_read_input_tokens")
    written = count(usage.get("cache_creation_input_tokens"), "cache_creation_input_tokens")
    output = count(usage.get("output_tokens"), "output_tokens")
    if fresh is not None:
        known = replace(known, input_tokens=fresh + (cached or 0) + (written or 0))
    if cached is not None:
        known = replace(known, cached_tokens=cached)
    return known if output is None else replace(known, output_tokens=output)


def parse_models(found: dict[str, Any]) -> list[ModelInfo]:
    """The list of /v1/models."""
    return [
        ModelInfo(
            name=name,
            display_name=text(item.get("display_name"), "display_name"),
            context_window=count(item.get("max_input_tokens"), "max_input_tokens"),
            max_output_tokens=count(item.get("max_tokens"), "max_tokens"),
            thinks=not _BEFORE_THINKING.match(name),
        )
        for item in items(found.get("data"), "data")
        if (name := text(item.get("id"), "id"))
    ]


class StreamParser:
    """wire.answers.Parser for one answer: usage comes in two parts, at the beginning
    and with the stop reason."""

    def __init__(self) -> None:
        self._usage = Usage()
        self._finish: FinishReason | None = None

    @property
    def finished(self) -> bool:
        """See Parser."""
        return self._finish is not None

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """See Parser."""
        data = json_object(event.data)
        kind = data.get("type")
        if kind == "content_block_delta":
            piece = parse_delta(child(data.get("delta"), "delta"))
            return () if piece is None else (piece,)
        if kind == "message_start":
            message = child(data.get("message"), "message")
            self._usage = merge_usage(self._usage, child(message.get("usage"), "usage"))
        elif kind == "message_delta":
            self._usage = merge_usage(self._usage, child(data.get("usage"), "usage"))
            reason = text(child(data.get("delta"), "delta").get("stop_reason"), "stop_reason")
            if reason:
                self._finish = finish_of(reason)
        elif kind == "message_stop":
            return self.end()
        elif kind == "error":
            raise error_in_stream(data)
        return ()

    def end(self) -> Iterable[StreamEvent]:
        """See Parser."""
        return ending(self._usage, Done(self._finish or "stop"))
