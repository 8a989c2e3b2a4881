"""The lines of Ollama's /api/chat as stream events. Source: Ollama, docs/api.md."""

from __future__ import annotations

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
from llm_ui.wire.finish import finish_of
from llm_ui.wire.sse import WireEvent


def parse_line(line: dict[str, Any]) -> list[StreamEvent]:
    """One line: thinking, then text, and with `done` the usage and the end.

    Raises:
        ProviderError: the line is an error.
    """
    if line.get("error"):
        raise error_in_stream(line)
    message = child(line.get("message"), "message")
    found: list[StreamEvent] = []
    if piece := text(message.get("thinking"), "thinking"):
        found.append(Reasoning(piece))
    if piece := text(message.get("content"), "content"):
        found.append(Token(piece))
    if line.get("done") is True:
        reason = text(line.get("done_reason"), "done_reason")
        usage = Usage(
            input_tokens=count(line.get("prompt_eval_count"), "prompt_eval_count"),
            output_tokens=count(line.get("eval_count"), "eval_count"),
        )
        found.extend(ending(usage, Done(finish_of(reason or "stop"))))
    return found


def parse_models(found: dict[str, Any]) -> list[ModelInfo]:
    """The list of /api/tags, without sizes of contexts."""
    names = [text(item.get("name"), "name") for item in items(found.get("models"), "models")]
    return [ModelInfo(name=name) for name in names if name]


def parse_show(found: dict[str, Any]) -> tuple[int | None, bool, bool]:
    """Of /api/show: the context's size in tokens, whether the model can chat, and whether
    it can be asked to think."""
    window = None
    for key, value in child(found.get("model_info"), "model_info").items():
        if key.endswith(".context_length"):
            window = count(value, key)
    capabilities = found.get("capabilities")
    if not isinstance(capabilities, list):
        return window, True, False
    return window, "completion" in capabilities, "thinking" in capabilities


def parse_abilities(found: dict[str, Any]) -> tuple[str, ...]:
    """Of /api/show: what the model can do that this application asks for."""
    capabilities = found.get("capabilities")
    given = capabilities if isinstance(capabilities, list) else []
    return tuple(each for each in ("vision",) if each in given)


class StreamParser:
    """wire.answers.Parser for one answer; lines need no memory."""

    finished = False

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """See Parser."""
        return parse_line(json_object(event.data))

    def end(self) -> Iterable[StreamEvent]:
        """Never called: only a `done` line finishes this protocol's streams."""
        return ()
