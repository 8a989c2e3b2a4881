"""Managing the models on an Ollama server's disk: list, pull, delete.

Source: Ollama, docs/api.md ("Pull a Model", "Delete a Model", "List Local Models").
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from llm_ui.errors import ModelUnavailable, ProviderCutOff
from llm_ui.providers.base import Endpoint
from llm_ui.providers.ollama.adapter import OllamaProvider
from llm_ui.wire.chunks import named
from llm_ui.wire.events import Timeouts
from llm_ui.wire.failures import error_in_stream
from llm_ui.wire.fields import count, json_object, text
from llm_ui.wire.http import open_stream
from llm_ui.wire.sse import LineSplitter

# Enough for a large model over a slow line; silence has a limit of its own.
PULL_SECONDS = 7 * 24 * 3600.0
# Ollama verifies gigabytes without sending anything.
SILENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A model on disk; `size` is in bytes."""

    name: str
    size: int


@dataclass(slots=True)
class Pulling:
    """The progress of a pull: bytes received, and bytes known to be needed."""

    done: int = 0
    total: int = 0
    is_over: bool = False
    _layers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, line: dict[str, Any]) -> None:
        """Update from one line of the response. Raises ProviderError if it reports a failure."""
        if line.get("error"):
            error = error_in_stream(line)
            # Ollama says so only in the message.
            if "not exist" in error.detail or "not found" in error.detail:
                raise ModelUnavailable(error.detail, status=404)
            raise error
        digest = text(line.get("digest"))
        total = count(line.get("total"))
        if digest and total:
            done = count(line.get("completed")) or 0
            self._layers[digest] = (min(done, total), total)
            self.done = sum(each for each, _ in self._layers.values())
            self.total = sum(each for _, each in self._layers.values())
        self.is_over = text(line.get("status")) == "success"


class OllamaLibrary(OllamaProvider):
    """The adapter plus the model library; see the module."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        connect = endpoint.timeouts.connect
        self._slow = Timeouts(connect, SILENCE_SECONDS, SILENCE_SECONDS, PULL_SECONDS)

    async def stored(self) -> list[Stored]:
        """The models on disk, by name. Raises ProviderError."""
        listed = [
            Stored(name, count(each.get("size")) or 0)
            for each, name in named(await self._get("/api/tags"), "name", "model", "id")
        ]
        return sorted(listed, key=lambda each: each.name)

    async def pull(self, name: str) -> AsyncGenerator[Pulling]:
        """Download a model, resuming an earlier attempt. Yields the progress as the same object
        each time; closing the iterator closes the upstream's socket.

        Raises:
            ModelUnavailable: there is no such model.
            ProviderError: any other failure.
        """
        call = self._call("POST", "/api/pull", {"model": name, "stream": True})
        state, splitter = Pulling(), LineSplitter()
        async with open_stream(self._client, call, self._slow, self._endpoint.retry) as upstream:
            while chunk := await upstream.read():
                upstream.progress()
                for line in splitter.feed(chunk):
                    state.take(json_object(line.data))
                yield state
        for line in splitter.flush():
            state.take(json_object(line.data))
        if not state.is_over:
            raise ProviderCutOff

    async def delete(self, name: str) -> None:
        """Delete a model from disk. Raises ProviderError; ModelUnavailable if it does not exist."""
        call = self._call("DELETE", "/api/delete", {"model": name})
        async with open_stream(self._client, call, self._brief(), self._endpoint.retry) as done:
            while await done.read():
                pass
