"""Base class of the protocols' parsers: lenient JSON, errors in place of answers, end markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llm_ui.enums import FinishReason
from llm_ui.wire.answers import ending
from llm_ui.wire.complaints import complains, words_in
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token, Usage
from llm_ui.wire.failures import error_in_stream
from llm_ui.wire.fields import child, items, json_chunk, listed, name_of, text
from llm_ui.wire.finish import finish_of
from llm_ui.wire.sse import LONGEST_FAREWELL, WireEvent, is_farewell

# How deeply the parts of a text may be nested.
_DEEPEST = 6
_THINKING_PARTS = frozenset(
    {
        "thinking",
        "thinking_delta",
        "thought",
        "reasoning",
        "reasoning_delta",
        "reasoning_text",
        "reasoning_content",
        "reasoning.text",
        "reasoning.summary",
        "summary_text",
        "summary",
    }
)
_TEXT_PARTS = frozenset({"text", "output_text", "text_delta", "refusal", "input_text", "markdown"})
# Where a server fills several of these, they all hold the same text.
_THINKING_FIELDS = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_details",
    "thinking_blocks",
)
_IN_PARTS = ("text", "thinking", "reasoning", "summary", "refusal", "content", "value", "parts")


class ChunkParser:
    """Base class of the parsers (see wire.answers.Parser). Each protocol implements `read`."""

    def __init__(self) -> None:
        self.words = ""
        self.called_tool = False
        self.usage: Usage | None = None
        self.finish: FinishReason | None = None

    @property
    def finished(self) -> bool:
        """See Parser."""
        return self.finish is not None

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """See Parser."""
        data = event.data
        if len(data) < LONGEST_FAREWELL and is_farewell(data):
            return self.end()
        value = json_chunk(data)
        if type(value) is dict:
            return self.read(value, event.name)
        if type(value) is list:
            return [found for each in items(value) for found in self.read(each, event.name)]
        return ()

    def read(self, chunk: dict[str, Any], name: str) -> Iterable[StreamEvent]:
        """The events in one object; `name` is the SSE event's name. Raises ProviderError."""
        raise NotImplementedError

    def end(self) -> Iterable[StreamEvent]:
        """See Parser. An end-of-stream marker without a finish reason counts as a normal end."""
        return ending(self.usage, Done(self.finish or FinishReason.STOP))

    @staticmethod
    def thoughts_in(message: dict[str, Any]) -> list[Token | Reasoning]:
        """The thinking in a field of its own."""
        for name in _THINKING_FIELDS:
            if (value := message.get(name)) and (found := parts_in(value, Reasoning)):
                return found
        return []

    def take_reason(self, reason: object) -> None:
        """Record the provider's finish reason, if there is one."""
        if type(reason) is str and reason and reason != "null":
            self.finish = finish_of(reason)

    def complain(self, chunk: dict[str, Any], name: str) -> None:
        """Raise the error in an object that is not a piece of the answer, if it is one; otherwise
        remember a message that may be one."""
        if name == "error" or complains(chunk):
            raise error_in_stream(chunk)
        self.words = self.words or words_in(chunk)[0]


def named(found: object, *fields: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The entries of a provider's model list that have a name, each name once.

    Args:
        fields: the fields that may hold the name; by default `id`, or in a list named `models` also
            `model` or `name`.

    Raises:
        ProviderError: there is no list; it has the server's message, if there is one.
    """
    holder = child(found)
    if complains(holder) and not (holder.get("data") or holder.get("models")):
        raise error_in_stream(holder)
    if not fields and "models" in holder and not holder.get("data"):
        fields = ("id", "model", "name")
    known: set[str] = set()
    for each in listed(found):
        name = name_of(each, *(fields or ("id",)))
        if name and name not in known:
            known.add(name)
            yield each, name


def text_in(value: object) -> str:
    """The text of a value that is a string or consists of parts of any kind."""
    return value if type(value) is str else "".join(each.text for each in parts_in(value))


def parts_in(value: object, kind: type[Token | Reasoning] = Token) -> list[Token | Reasoning]:
    """The thinking and the text in a message's content: a string, or parts nested in any way. Parts
    of other kinds (images, tool calls) are left out."""
    found: list[Token | Reasoning] = []
    _gather(value, kind, found, 0)
    return found


def _gather(
    value: object, kind: type[Token | Reasoning], found: list[Token | Reasoning], depth: int
) -> None:
    if type(value) is str:
        if value:
            found.append(kind(value))
    elif depth > _DEEPEST:
        return
    elif type(value) is list:
        for each in value:
            _gather(each, kind, found, depth + 1)
    elif type(value) is dict:
        part = text(value.get("type"))
        if part in _THINKING_PARTS or value.get("thought") is True:
            kind = Reasoning
        elif part and part not in _TEXT_PARTS:
            return
        for name in _IN_PARTS:
            if value.get(name):
                _gather(value[name], kind, found, depth + 1)
                return
