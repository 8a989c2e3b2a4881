"""Media models and their providers as they leave the services: never a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ImageModelItem:
    """A model that makes images, as somebody chooses it."""

    id: str
    name: str
    provider: str


@dataclass(frozen=True, slots=True)
class MediaModelItem:
    """A media model as an admin sees it. `name` is what the upstream calls it; `size`,
    `quality` and `style` are "" and `n` is 0 where the upstream decides."""

    id: str
    provider_id: str
    name: str
    display_name: str
    type: str = "image"
    icon: str = ""
    size: str = ""
    quality: str = ""
    style: str = ""
    n: int = 0
    is_active: bool = True
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class MediaProviderItem:
    """A provider of media with its models."""

    id: str
    name: str
    type: str
    base_url: str
    key_stored: bool = False
    is_active: bool = True
    models: list[MediaModelItem] = field(default_factory=list)
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class MediaTypeItem:
    """What a media model makes. `name` is fixed, the rest an admin's to write."""

    id: str
    name: str
    description: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class MediaProviderDraft:
    """What is to be written. None leaves what is there; `api_key` "" takes the key away."""

    name: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class MediaModelDraft:
    """What is to be written of a model. None leaves what is there; `params` are all of them."""

    name: str | None = None
    display_name: str | None = None
    params: Mapping[str, Any] | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class MediaHanging:
    """What hangs on a provider or a model: models, and images being made."""

    models: int = 0
    running: int = 0
