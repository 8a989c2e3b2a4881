"""The one protocol behind which every model provider stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from llm_ui.wire.events import ChatRequest, ModelInfo, StreamEvent, Timeouts, Via
from llm_ui.wire.http import Retry

# What a model that cannot go on from its own last words is asked to do instead.
CONTINUE = "Continue exactly where you stopped, without repeating anything."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is and how it is asked.

    `base_url` has no slash at its end; `api_key` is in clear, in memory only, and
    left out of the representation so that no log can show it.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    retry: Retry = field(default_factory=Retry)


class Source(Protocol):
    """What an answer is read from: a Provider, or several addresses of one."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent | Via]:
        """See Provider."""
        ...


class Provider(Protocol):
    """An adapter. One instance serves many requests at once; `aclose` ends it."""

    async def models(self) -> list[ModelInfo]:
        """The models the upstream offers now. Raises ProviderError."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """The answer, piece by piece; the last event is Done.

        Closing the iterator (or cancelling the task that reads it) closes the
        upstream's socket at once. Raises ProviderError.
        """
        ...

    async def aclose(self) -> None:
        """Close kept connections."""
        ...
