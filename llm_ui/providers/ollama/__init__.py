"""Ollama's native API."""

from __future__ import annotations

import httpx

from llm_ui.config import Settings
from llm_ui.errors import ProviderError
from llm_ui.providers.ollama.adapter import DEFAULT_BASE_URL, OllamaProvider
from llm_ui.providers.ollama.library import OllamaLibrary
from llm_ui.providers.types import COMMON_SETTINGS, Found, Preset, ProviderType
from llm_ui.wire.events import Timeouts
from llm_ui.wire.http import Call, Retry, fetch_json, make_client

ANSWERS_WITHIN_S = 1.0


async def _find(settings: Settings, client: httpx.AsyncClient | None) -> Found | None:
    host = settings.ollama_host
    return Found("ollama", "Ollama", host) if await answers(host, client) else None


async def answers(host: str, client: httpx.AsyncClient | None = None) -> bool:
    """Whether an Ollama answers at this address within ANSWERS_WITHIN_S."""
    seconds = ANSWERS_WITHIN_S
    http = client or make_client()
    try:
        call = Call("GET", f"{host.rstrip('/')}/api/version")
        limits = Timeouts(seconds, seconds, seconds, seconds)
        return "version" in await fetch_json(http, call, limits, Retry(attempts=1))
    except ProviderError:
        return False
    finally:
        if client is None:
            await http.aclose()


TYPE = ProviderType(
    key="ollama",
    rank=2,
    label="Ollama",
    adapter=OllamaProvider,
    default_base_url=DEFAULT_BASE_URL,
    variables=("OLLAMA_HOST",),
    presets=(Preset(8, "ollama", "Ollama", DEFAULT_BASE_URL, needs_key=False),),
    settings=(*COMMON_SETTINGS, "seed"),
    library=OllamaLibrary,
    find=_find,
    is_named=lambda _settings: True,
)
