"""Discovery of the providers that the environment offers.

These are the bundled model always, a running Ollama, and OpenAI and Anthropic if there is a key.
"""

from __future__ import annotations

import httpx

from llm_ui.config import Settings
from llm_ui.providers.registry import TYPES
from llm_ui.providers.types import Found


async def discover(settings: Settings, client: httpx.AsyncClient | None = None) -> list[Found]:
    """Find the environment's providers, the bundled one first.

    Never raises for a missing one; each type bounds how long it searches.
    """
    found = [await each.find(settings, client) for each in TYPES.values()]
    return [each for each in found if each is not None]


def is_named(settings: Settings, type: str) -> bool:
    """Whether the environment configures a provider of this type; if so, a removed one comes back.

    That does not mean that the provider is running: Ollama's address is always configured.
    """
    return TYPES[type].is_named(settings)
