"""The registry of provider types: every package here that defines `TYPE`.

To add a type, add a package; usually, it is best to start with a copy of the most similar one.
Nothing else needs to change.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace

import httpx

from llm_ui import providers
from llm_ui.errors import InvalidInput
from llm_ui.providers.base import Endpoint, Provider
from llm_ui.providers.types import Preset, ProviderType


def find_types() -> dict[str, ProviderType]:
    """The types defined by the packages in `llm_ui.providers`, keyed by `key`, ordered by rank."""
    folders = (each.name for each in pkgutil.iter_modules(providers.__path__) if each.ispkg)
    modules = [importlib.import_module(f"{providers.__name__}.{name}") for name in folders]
    found = [module.TYPE for module in modules if hasattr(module, "TYPE")]
    return {each.key: each for each in sorted(found, key=lambda each: each.rank)}


TYPES: dict[str, ProviderType] = find_types()


def type_named(key: str) -> ProviderType:
    """The type with this key. Raises InvalidInput if there is none."""
    if key not in TYPES:
        raise InvalidInput("error.provider_type", field="type", accepted=", ".join(TYPES))
    return TYPES[key]


def presets() -> list[tuple[ProviderType, Preset]]:
    """All presets, each with its type."""
    found = [(kind, preset) for kind in TYPES.values() for preset in kind.presets]
    return sorted(found, key=lambda each: each[1].rank)


def open_provider(
    type: str,
    endpoint: Endpoint,
    client: httpx.AsyncClient | None = None,
) -> Provider:
    """Create an adapter of this type; if the endpoint has no address, the type's default is used.

    Args:
        client: an HTTP client shared between providers, which `aclose` leaves open. None creates
            one.

    Raises:
        InvalidInput: there is no such type.
    """
    kind = type_named(type)
    if not endpoint.api_url:
        endpoint = replace(endpoint, api_url=kind.default_base_url)
    return kind.adapter(endpoint, client)
