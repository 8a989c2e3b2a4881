"""Which adapters for images there are, and how one is opened."""

from __future__ import annotations

import httpx

from llm_ui.errors import InvalidInput
from llm_ui.providers.base import Endpoint
from llm_ui.providers.images.base import ImageProvider
from llm_ui.providers.images.openai import OpenAIImages

ADAPTERS = {"openai": OpenAIImages}


def open_images(
    type: str, endpoint: Endpoint, client: httpx.AsyncClient | None = None
) -> ImageProvider:
    """An adapter of that type. Raises InvalidInput: there is no such type."""
    if type not in ADAPTERS:
        raise InvalidInput("error.provider_type", field="type", accepted=", ".join(ADAPTERS))
    return ADAPTERS[type](endpoint, client)
