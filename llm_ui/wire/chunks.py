"""What the parsers of all protocols share: JSON that may be anything, errors in the place
of an answer, the word at a stream's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llm_ui.wire.answers import ending
from llm_ui.wire.complaints import complains, words_in
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token, Usage
from llm_ui.wire.failures import error_in_stream
from llm_ui.wire.fields import child, items, json_chunk, listed, name_of, text
from llm_ui.wire.finish import FinishReason, finish_of
from llm_ui.wire.sse import LONGEST_FAREWELL, WireEvent, is_farewell

# How deep the parts of a text may lie in each other.
_DEEPEST = 6
_THINKING_PARTS = frozenset({
    "thinking", "thinking_delta", "thought", "reasoning", "reasoning_delta", "reasoning_text",
    "reasoning_content", "reasoning.text", "reasoning.summary", "summary_text", "summary",
})  # fmt: skip
_TEXT_PARTS = frozenset({"text", "output_text", "text_delta", "refusal", "input_text", "markdown"})
# Each has the same words as the others where a server fills several.
_THINKING_FIELDS = (
    "reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks",
)  # fmt: skip
_IN_PARTS = ("text", "thinking", "reasoning", "summary", "refusal", "content", "value", "parts")


class ChunkParser:
    """Base of the parsers: see wire.answers.Parser. `read` is a protocol's own."""

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
        """The events in one object; `name` is the event's. Raises ProviderError."""
        raise NotImplementedError

    def end(self) -> Iterable[StreamEvent]:
        """See Parser. A farewell without a reason is taken at its word."""
        return ending(self.usage, Done(self.finish or "stop"))

    @staticmethod
    def thoughts_in(message: dict[str, Any]) -> list[Token | Reasoning]:
        """The thinking that stands in a field of its own."""
        for name in _THINKING_FIELDS:
            if (value := message.get(name)) and (found := parts_in(value, Reasoning)):
                return found
        return []

    def take_reason(self, reason: object) -> None:
        """Why the model has stopped, as the provider says it; nothing, if it says nothing."""
        if type(reason) is str and reason and reason != "null":
            self.finish = finish_of(reason)

    def complain(self, chunk: dict[str, Any], name: str) -> None:
        """Raise the error that an object without a piece of the answer stands for, if it is
        one; remember a sentence that may be one."""
        if name == "error" or complains(chunk):
            raise error_in_stream(chunk)
        self.words = self.words or words_in(chunk)[0]


def named(found: object, *fields: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The entries of a provider's list of models that have a name, each name once.

    Args:
        fields: where the name stands; without any it is `id`, or in a list that is called
            `models` also `model` or `name`.

    Raises:
        ProviderError: there is no list, but perhaps words that say why.
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
    """A text that may come as parts, whatever they are of."""
    return value if type(value) is str else "".join(each.text for each in parts_in(value))


def parts_in(value: object, kind: type[Token | Reasoning] = Token) -> list[Token | Reasoning]:
    """The thinking and the text of a content: a text, or parts in whatever nesting. Parts
    of other kinds (images, calls) are left out."""
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
