"""The one protocol behind which every provider of images stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llm_ui.wire.events import Usage


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What is asked of a model: its upstream name, the words, and what is set (size, …)."""

    model: str
    prompt: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """One image as it was answered: its bytes, or the address to fetch them from. Neither
    has been looked at."""

    data: bytes = field(default=b"", repr=False)
    url: str = ""


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """What came: one image at least. Counts are None where the upstream gave none."""

    images: tuple[Made, ...]
    usage: Usage = field(default_factory=Usage)


class ImageProvider(Protocol):
    """An adapter. `aclose` ends it."""

    async def models(self) -> list[str]:
        """The names that the upstream lists; some list none. Raises ProviderError."""
        ...

    async def make(self, request: ImageRequest) -> ImageAnswer:
        """Have images made. Cancelling the task closes the upstream's socket at once.
        Raises ProviderError."""
        ...

    async def aclose(self) -> None:
        """Close kept connections."""
        ...
