"""What a parser makes of a body, however it is cut, without a socket."""

from __future__ import annotations

import random
from collections.abc import Iterator

import orjson

from llm_ui.api_client import StreamParser as LlmApiParser
from llm_ui.errors import ProviderError
from llm_ui.providers.anthropic.parse import StreamParser as AnthropicParser
from llm_ui.providers.ollama.parse import StreamParser as OllamaParser
from llm_ui.providers.openai.parse import StreamParser as OpenAIParser
from llm_ui.wire.answers import Hearing
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token

PARSERS = {
    "openai": OpenAIParser,
    "anthropic": AnthropicParser,
    "ollama": OllamaParser,
    "llm_api": LlmApiParser,
}


def cuts(body: bytes) -> Iterator[list[bytes]]:
    """The body whole, byte by byte, and in random pieces."""
    yield [body]
    yield [body[i : i + 1] for i in range(len(body))]
    for seed in range(5):
        dice, pieces, at = random.Random(seed), [], 0
        while at < len(body):
            end = at + dice.randint(1, 12)
            pieces.append(body[at:end])
            at = end
        yield pieces


def read(kind: str, pieces: list[bytes]) -> list[StreamEvent]:
    """All events of a body. Raises ProviderError; what came before is in its `heard`."""
    hearing, events = Hearing(PARSERS[kind]()), []
    try:
        for piece in [*pieces, b""]:
            for event in hearing.take(piece):
                events.append(event)
                if type(event) is Done:
                    return events
    except ProviderError as error:
        error.heard = events  # type: ignore[attr-defined]
        raise
    raise AssertionError("neither an end nor an error")


def said(events: list[StreamEvent]) -> tuple[str, str]:
    """What was thought, and what was answered."""
    thought = "".join(each.text for each in events if type(each) is Reasoning)
    return thought, "".join(each.text for each in events if type(each) is Token)


def heard(kind: str, body: bytes) -> tuple[str, str]:
    """What was thought and answered, the same however the body is cut."""
    found = {said(read(kind, pieces)) for pieces in cuts(body)}
    assert len(found) == 1
    return found.pop()


def failed(kind: str, body: bytes) -> ProviderError:
    """How a body fails, the same however it is cut."""
    errors = []
    for pieces in cuts(body):
        try:
            events = read(kind, pieces)
        except ProviderError as error:
            errors.append(error)
        else:
            raise AssertionError(f"no failure: {events}")
    assert len({(type(each), each.detail) for each in errors}) == 1
    return errors[0]


def data(*values: object, end: bytes = b"\n\n") -> bytes:
    """Server-sent events; bytes go as they are."""
    raw = (each if isinstance(each, bytes) else orjson.dumps(each) for each in values)
    return b"".join(b"data: " + each + end for each in raw)


def lines(*values: object) -> bytes:
    """Lines of JSON."""
    return b"".join(orjson.dumps(each) + b"\n" for each in values)


def delta(content: object = None, finish: str | None = None, **more: object) -> dict[str, object]:
    """A chunk of OpenAI's."""
    fields = {**({} if content is None else {"content": content}), **more}
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


DONE = b"[DONE]"
