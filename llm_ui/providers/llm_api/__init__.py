"""The LLM API service: the bundled model, or another service with the same protocol."""

from __future__ import annotations

import httpx

from llm_ui.config import Settings
from llm_ui.llm_api.key import known_key
from llm_ui.providers.llm_api.adapter import DEFAULT_BASE_URL, LLMApiProvider
from llm_ui.providers.types import COMMON_SETTINGS, Found, Preset, ProviderType

KEY = "llm_api"


async def _find(settings: Settings, _client: httpx.AsyncClient | None) -> Found | None:
    # The configured address, or the default one; in a server process the supervisor knows the
    # actual one.
    return Found(KEY, "Built-in", settings.llm_api_url or DEFAULT_BASE_URL, known_key(settings))


TYPE = ProviderType(
    key=KEY,
    rank=1,
    label="LLM API",
    adapter=LLMApiProvider,
    default_base_url=DEFAULT_BASE_URL,
    variables=("LLM_API_URL",),
    presets=(Preset(12, "llm_api", "LLM API", DEFAULT_BASE_URL, needs_key=False),),
    settings=(*COMMON_SETTINGS, "seed"),
    writes_on=True,
    sees=lambda _model: False,
    find=_find,
    is_named=lambda _settings: True,
)
