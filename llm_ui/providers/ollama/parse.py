"""Parsing the lines of Ollama's /api/chat into stream events. Source: Ollama, docs/api.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llm_ui.wire.chunks import ChunkParser, named, parts_in
from llm_ui.wire.events import ModelInfo, StreamEvent, Token, Usage
from llm_ui.wire.fields import child, size, text, tokens
from llm_ui.wire.finish import finish_of
from llm_ui.wire.framing import WHOLE


def parse_models(found: object) -> list[ModelInfo]:
    """Parse the list of /api/tags, which has no context windows. Raises ProviderError if there is
    no list."""
    return [ModelInfo(name=name) for _, name in named(found, "name", "model", "id")]


def parse_show(found: dict[str, Any]) -> tuple[int | None, bool, bool]:
    """Parse /api/show: the context window in tokens, whether the model can chat, and whether it can
    be asked to think."""
    window = None
    for key, value in child(found.get("model_info")).items():
        if key.endswith(".context_length"):
            window = size(value) or window
    capabilities = found.get("capabilities")
    if not isinstance(capabilities, list):
        return window, True, False
    return window, "completion" in capabilities, "thinking" in capabilities


def parse_abilities(found: dict[str, Any]) -> tuple[str, ...]:
    """Parse /api/show: the model's capabilities that this application knows."""
    capabilities = found.get("capabilities")
    given = capabilities if isinstance(capabilities, list) else []
    return tuple(each for each in ("vision",) if each in given)


class StreamParser(ChunkParser):
    """A `wire.answers.Parser` for one answer: each line holds thinking, then text, and with `done`
    the usage and the finish reason."""

    def read(self, chunk: dict[str, Any], name: str) -> Iterable[StreamEvent]:
        """See ChunkParser."""
        message = chunk.get("message")
        if type(message) is not dict:
            message = {"content": chunk.get("response")}
        if (
            chunk.get("error")
            or name == "error"
            or not (chunk.get("done") or any(message.values()))
        ):
            self.complain(chunk, name)
        found: list[StreamEvent] = [*self.thoughts_in(message)]
        content = message.get("content")
        if type(content) is str and content:
            found.append(Token(content))
        elif content:
            found.extend(parts_in(content))
        if message.get("tool_calls"):
            self.called_tool = True
        if chunk.get("done") in (True, "true") or (name == WHOLE and "done" not in chunk):
            found.extend(self._finish(chunk))
        return found

    def _finish(self, line: dict[str, Any]) -> Iterable[StreamEvent]:
        self.usage = Usage(
            input_tokens=tokens(line.get("prompt_eval_count")),
            output_tokens=tokens(line.get("eval_count")),
        )
        self.finish = finish_of(text(line.get("done_reason")) or "stop")
        return self.end()
