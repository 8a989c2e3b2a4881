"""Describing a provider type: one object, defined in the type's own package."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from llm_ui.config import Settings
from llm_ui.providers.base import Endpoint, Provider

# The chat settings that nearly every API accepts.
COMMON_SETTINGS = ("temperature", "top_p", "max_tokens", "stop")
# Model lists rarely say so; these families are known to have vision.
_SEEING = re.compile(
    r"gpt-4o|gpt-4\.\d|gpt-4-turbo|gpt-5|chatgpt|\bo[134]\b|claude|gemini|gemma-?3|llava|pixtral"
    r"|mistral-(small-3|medium-3)|llama-?4|llama-?3\.2-\d+b-vision|vision|moondream|minicpm-v"
    r"|qwen.*-?(vl|omni)|internvl|grok-4|-vl\b",
    re.IGNORECASE,
)


class Adapter(Protocol):
    """The constructor of an adapter class."""

    def __call__(self, endpoint: Endpoint, client: httpx.AsyncClient | None = None) -> Provider: ...


@dataclass(frozen=True, slots=True)
class Preset:
    """A well-known service, which prefills the form. `is_local`: it runs on the user's own machine.
    `rank` is its position among all presets."""

    rank: int
    key: str
    name: str
    api_url: str
    needs_key: bool = True

    @property
    def is_local(self) -> bool:
        return "//127.0.0.1:" in self.api_url


@dataclass(frozen=True, slots=True)
class Found:
    """A provider found in the environment. `api_key` is plain text and must never be shown."""

    type: str
    name: str
    api_url: str
    api_key: str | None = field(default=None, repr=False)


def of_known_family(model: str) -> bool:
    """Whether the model's name belongs to a family known to have vision."""
    return _SEEING.search(model) is not None


async def _nowhere(_settings: Settings, _client: httpx.AsyncClient | None) -> Found | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderType:
    """A provider type: the `TYPE` of a package in `providers` (see registry.py).

    Args:
        key: its name in rows, in the REST API and as a package.
        rank: its position among the types.
        adapter: creates a Provider for an endpoint.
        default_base_url: the address used if none is given.
        needs_key: whether a provider without a key is rejected.
        variables: the environment variables with its address and key, read at startup.
        presets: well-known services with this API.
        settings: the chat settings it accepts, besides instructions, which all types accept.
        image_settings: the image settings it accepts. If there are any, its adapter is an
            ImageProvider; otherwise, it can't generate images.
        writes_on: whether its models continue a last turn of their own ("prefill"); the others
            would start a new answer.
        sees: whether a model with that name has vision, for models whose list entry does not say.
        library: opens the model library on its disk, if models can be listed, pulled and deleted
            there.
        find: returns the environment's provider of this type, if it is currently there.
        is_named: whether the environment configures one; if so, a removed row comes back.
    """

    key: str
    rank: int
    label: str
    adapter: Adapter
    default_base_url: str
    needs_key: bool = False
    variables: tuple[str, ...] = ()
    presets: tuple[Preset, ...] = ()
    settings: tuple[str, ...] = COMMON_SETTINGS
    image_settings: tuple[str, ...] = ()
    writes_on: bool = False
    sees: Callable[[str], bool] = of_known_family
    library: Callable[[Endpoint], Any] | None = None
    find: Callable[[Settings, httpx.AsyncClient | None], Awaitable[Found | None]] = _nowhere
    is_named: Callable[[Settings], bool] = lambda _settings: False
