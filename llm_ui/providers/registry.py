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
    """What a form needs to know of an adapter. `variables` are those of the environment
    that name its address and its key at the start."""

    label: str
    default_base_url: str
    needs_key: bool
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """A well-known service: what its form begins with. `is_local`: it runs at one's own."""

    key: str
    name: str
    type: str
    base_url: str
    needs_key: bool = True

    @property
    def is_local(self) -> bool:
        return "//127.0.0.1:" in self.base_url


ADAPTERS: dict[str, Adapter] = {
    "llm_api": llm_api.LLMApiProvider,
    "ollama": ollama.OllamaProvider,
    "openai": openai.OpenAIProvider,
    "anthropic": anthropic.AnthropicProvider,
}
INFO: dict[str, AdapterInfo] = {
    "llm_api": AdapterInfo(
        "LLM API", llm_api.DEFAULT_BASE_URL, needs_key=False, variables=("LLM_API_URL",)
    ),
    "ollama": AdapterInfo(
        "Ollama", ollama.DEFAULT_BASE_URL, needs_key=False, variables=("OLLAMA_HOST",)
    ),
    "openai": AdapterInfo(
        "OpenAI-compatible",
        openai.DEFAULT_BASE_URL,
        needs_key=False,
        variables=("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    ),
    "anthropic": AdapterInfo(
        "Anthropic",
        anthropic.DEFAULT_BASE_URL,
        needs_key=True,
        variables=("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
    ),
}
# Addresses as their makers document them; ports of local servers are their defaults.
PRESETS: tuple[Preset, ...] = (
    Preset("openai", "OpenAI", "openai", openai.DEFAULT_BASE_URL),
    Preset("anthropic", "Anthropic", "anthropic", anthropic.DEFAULT_BASE_URL),
    Preset("openrouter", "OpenRouter", "openai", "https://openrouter.ai/api/v1"),
    Preset("groq", "Groq", "openai", "https://api.groq.com/openai/v1"),
    Preset("mistral", "Mistral", "openai", "https://api.mistral.ai/v1"),
    Preset("deepseek", "DeepSeek", "openai", "https://api.deepseek.com/v1"),
    Preset("together", "Together AI", "openai", "https://api.together.xyz/v1"),
    Preset("ollama", "Ollama", "ollama", ollama.DEFAULT_BASE_URL, needs_key=False),
    Preset("lm_studio", "LM Studio", "openai", "http://127.0.0.1:1234/v1", needs_key=False),
    Preset("vllm", "vLLM", "openai", "http://127.0.0.1:8000/v1", needs_key=False),
    Preset("llama_cpp", "llama.cpp", "openai", "http://127.0.0.1:8080/v1", needs_key=False),
    Preset("llm_api", "LLM API", "llm_api", llm_api.DEFAULT_BASE_URL, needs_key=False),
)


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
