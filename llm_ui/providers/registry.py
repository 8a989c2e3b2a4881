"""Which adapters there are, and how one is opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import httpx

from llm_ui.errors import InvalidInput
from llm_ui.providers.anthropic import adapter as anthropic
from llm_ui.providers.base import Endpoint, Provider
from llm_ui.providers.llm_api import adapter as llm_api
from llm_ui.providers.ollama import adapter as ollama
from llm_ui.providers.openai import adapter as openai


class Adapter(Protocol):
    """How an adapter's class is called."""

    def __call__(self, endpoint: Endpoint, client: httpx.AsyncClient | None = None) -> Provider: ...


@dataclass(frozen=True, slots=True)
class AdapterInfo:
    """What a form needs to know of an adapter."""

    label: str
    default_base_url: str
    needs_key: bool


ADAPTERS: dict[str, Adapter] = {
    "llm_api": llm_api.LLMApiProvider,
    "ollama": ollama.OllamaProvider,
    "openai": openai.OpenAIProvider,
    "anthropic": anthropic.AnthropicProvider,
}
INFO: dict[str, AdapterInfo] = {
    "llm_api": AdapterInfo("LLM API", llm_api.DEFAULT_BASE_URL, needs_key=False),
    "ollama": AdapterInfo("Ollama", ollama.DEFAULT_BASE_URL, needs_key=False),
    "openai": AdapterInfo("OpenAI-compatible", openai.DEFAULT_BASE_URL, needs_key=False),
    "anthropic": AdapterInfo("Anthropic", anthropic.DEFAULT_BASE_URL, needs_key=True),
}


def open_provider(
    type: str,
    endpoint: Endpoint,
    client: httpx.AsyncClient | None = None,
) -> Provider:
    """An adapter of that type; an endpoint without an address gets the type's own.

    Args:
        client: an HTTP client to share between providers; it is not closed by
            `aclose`. None makes one.

    Raises:
        InvalidInput: there is no such type.
    """
    if type not in ADAPTERS:
        raise InvalidInput("error.provider_type", field="type", accepted=", ".join(ADAPTERS))
    if not endpoint.base_url:
        endpoint = replace(endpoint, base_url=INFO[type].default_base_url)
    return ADAPTERS[type](endpoint, client)
