"""Which providers the environment offers by itself: the bundled model always, an
Ollama that answers, OpenAI and Anthropic where there is a key."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr

from llm_ui.config import Settings
from llm_ui.errors import ProviderError
from llm_ui.llm_api.key import known_key
from llm_ui.providers.llm_api.adapter import DEFAULT_BASE_URL as LLM_API_URL
from llm_ui.providers.openai.adapter import DEFAULT_BASE_URL as OPENAI_URL
from llm_ui.wire.events import Timeouts
from llm_ui.wire.http import Call, Retry, fetch_json, make_client

OLLAMA_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """A provider of the environment. `api_key` is in clear and never shown."""

    type: str
    name: str
    base_url: str
    api_key: str | None = field(default=None, repr=False)


async def discover(settings: Settings, client: httpx.AsyncClient | None = None) -> list[Found]:
    """The providers of the environment, the bundled one first.

    Takes at most OLLAMA_SECONDS; raises nothing for one that is not there. The
    bundled one's address is the configured one, or the service's usual one: whoever
    runs the supervisor knows better.
    """
    bundled = settings.llm_api_url or LLM_API_URL
    found = [Found("llm_api", "Built-in", bundled, known_key(settings))]
    if await answers(settings.ollama_host, client):
        found.append(Found("ollama", "Ollama", settings.ollama_host))
    if is_named(settings, "openai"):
        elsewhere = settings.openai_base_url.rstrip("/") != OPENAI_URL
        name = "OpenAI-compatible" if elsewhere else "OpenAI"
        key = _clear(settings.openai_api_key)
        found.append(Found("openai", name, settings.openai_base_url, key))
    if key := _clear(settings.anthropic_api_key):
        found.append(Found("anthropic", "Anthropic", settings.anthropic_base_url, key))
    return found


def is_named(settings: Settings, type: str) -> bool:
    """Whether the environment names a provider of that type: one that is removed comes back.

    Whether there is one is another thing: Ollama's address is always named.
    """
    if type == "openai":
        elsewhere = settings.openai_base_url.rstrip("/") != OPENAI_URL
        return elsewhere or _clear(settings.openai_api_key) is not None
    if type == "anthropic":
        return _clear(settings.anthropic_api_key) is not None
    return True


async def answers(ollama_host: str, client: httpx.AsyncClient | None = None) -> bool:
    """Whether an Ollama answers at that address within OLLAMA_SECONDS."""
    seconds = OLLAMA_SECONDS
    http = client or make_client()
    try:
        call = Call("GET", f"{ollama_host.rstrip('/')}/api/version")
        limits = Timeouts(seconds, seconds, seconds, seconds)
        return "version" in await fetch_json(http, call, limits, Retry(attempts=1))
    except ProviderError:
        return False
    finally:
        if client is None:
            await http.aclose()


def _clear(secret: SecretStr | None) -> str | None:
    return (secret.get_secret_value().strip() or None) if secret else None
