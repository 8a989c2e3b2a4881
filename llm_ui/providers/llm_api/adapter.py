"""The Provider implementation for the LLM API; its parser is in llm_ui.api_client."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx

from llm_ui.api_client import LLMApiClient
from llm_ui.providers.base import Endpoint
from llm_ui.wire.events import ChatRequest, ModelInfo, StreamEvent

DEFAULT_BASE_URL = "http://127.0.0.1:8100"


def normalise(api_url: str) -> str:
    """The service's root URL, without `/v1`."""
    return api_url.rstrip("/").removesuffix("/v1")


class LLMApiProvider:
    """See providers.base.Provider."""

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient | None = None) -> None:
        self._api = LLMApiClient(
            normalise(endpoint.api_url),
            client=client,
            timeouts=endpoint.timeouts,
            api_key=endpoint.api_key,
            headers=endpoint.headers,
            retry=endpoint.retry,
        )

    async def models(self) -> list[ModelInfo]:
        """See Provider."""
        return await self._api.models()

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """See Provider."""
        return self._api.stream(request)

    async def aclose(self) -> None:
        """See Provider."""
        await self._api.aclose()
