"""OpenAI's chat completions, and compatible services.

Among those are llama.cpp's server, vLLM, LM Studio, OpenRouter and most others.
"""

from __future__ import annotations

import httpx

from llm_ui.config import Settings, clear
from llm_ui.providers.openai.adapter import DEFAULT_BASE_URL, OpenAIProvider
from llm_ui.providers.openai.images import SETTINGS as IMAGE_SETTINGS
from llm_ui.providers.types import COMMON_SETTINGS, Found, Preset, ProviderType


def _is_elsewhere(settings: Settings) -> bool:
    return settings.openai_base_url.rstrip("/") != DEFAULT_BASE_URL


def _is_named(settings: Settings) -> bool:
    return _is_elsewhere(settings) or clear(settings.openai_api_key) is not None


async def _find(settings: Settings, _client: httpx.AsyncClient | None) -> Found | None:
    if not _is_named(settings):
        return None
    name = "OpenAI-compatible" if _is_elsewhere(settings) else "OpenAI"
    return Found("openai", name, settings.openai_base_url, clear(settings.openai_api_key))


TYPE = ProviderType(
    key="openai",
    rank=3,
    label="OpenAI-compatible",
    adapter=OpenAIProvider,
    default_base_url=DEFAULT_BASE_URL,
    variables=("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    # Addresses as their vendors document them; ports of local servers are the defaults.
    presets=(
        Preset(1, "openai", "OpenAI", DEFAULT_BASE_URL),
        Preset(3, "openrouter", "OpenRouter", "https://openrouter.ai/api/v1"),
        Preset(4, "groq", "Groq", "https://api.groq.com/openai/v1"),
        Preset(5, "mistral", "Mistral", "https://api.mistral.ai/v1"),
        Preset(6, "deepseek", "DeepSeek", "https://api.deepseek.com/v1"),
        Preset(7, "together", "Together AI", "https://api.together.xyz/v1"),
        Preset(9, "lm_studio", "LM Studio", "http://127.0.0.1:1234/v1", needs_key=False),
        Preset(10, "vllm", "vLLM", "http://127.0.0.1:8000/v1", needs_key=False),
        Preset(11, "llama_cpp", "llama.cpp", "http://127.0.0.1:8080/v1", needs_key=False),
    ),
    settings=(*COMMON_SETTINGS, "seed", "reasoning_effort"),
    image_settings=IMAGE_SETTINGS,
    find=_find,
    is_named=_is_named,
)
