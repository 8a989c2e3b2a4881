"""Anthropic's messages API."""

from __future__ import annotations

import re

import httpx

from llm_ui.config import Settings, clear
from llm_ui.providers.anthropic.adapter import DEFAULT_BASE_URL, AnthropicProvider
from llm_ui.providers.types import Found, Preset, ProviderType

_BLIND = re.compile(r"claude-(2|instant)", re.IGNORECASE)


async def _find(settings: Settings, _client: httpx.AsyncClient | None) -> Found | None:
    key = clear(settings.anthropic_api_key)
    return Found("anthropic", "Anthropic", settings.anthropic_base_url, key) if key else None


TYPE = ProviderType(
    key="anthropic",
    rank=4,
    label="Anthropic",
    adapter=AnthropicProvider,
    default_base_url=DEFAULT_BASE_URL,
    needs_key=True,
    variables=("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
    presets=(Preset(2, "anthropic", "Anthropic", DEFAULT_BASE_URL),),
    writes_on=True,
    sees=lambda model: not _BLIND.search(model),
    find=_find,
    is_named=lambda settings: clear(settings.anthropic_api_key) is not None,
)
