"""The protocol that every model provider implements."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from llm_ui.wire.events import (
    ChatRequest,
    ImageRequest,
    ModelInfo,
    Picture,
    StreamEvent,
    Timeouts,
    Usage,
    Via,
)
from llm_ui.wire.http import Retry

# The most images per question.
MOST_IMAGES = 4
# Asked of models that cannot continue from their own last words.
CONTINUE = "Continue exactly where you stopped, without repeating anything."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider's address and how to connect to it.

    `api_url` has no trailing slash; `api_key` is plain text, kept only in memory and left out of
    the repr so that it cannot be logged.
    """

    api_url: str
    api_key: str | None = field(default=None, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    retry: Retry = field(default_factory=Retry)


class Source(Protocol):
    """Where an answer comes from: a Provider, or several addresses of one."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent | Via]:
        """See Provider."""
        ...


class Provider(Protocol):
    """An adapter. One instance serves many requests concurrently; `aclose` ends it."""

    async def models(self) -> list[ModelInfo]:
        """List the models that the upstream currently offers. Raises ProviderError."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Stream the answer; the last event is Done.

        Closing the iterator, or canceling the task that reads it, immediately closes the upstream's
        socket. Raises ProviderError.
        """
        ...

    async def aclose(self) -> None:
        """Close pooled connections."""
        ...


class ImageProvider(Provider, Protocol):
    """The adapter of a provider type with image settings: it can also make images."""

    def make_images(self, request: ImageRequest) -> AsyncGenerator[Picture | Usage]:
        """Generate images; yields at least one.

        Canceling the task that reads it immediately closes the upstream's socket. Raises
        ProviderError.
        """
        ...
