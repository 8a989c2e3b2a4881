"""What the HTTP adapters share: an HTTP client, owned or shared, and headers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx

from llm_ui.providers.base import Endpoint
from llm_ui.wire.answers import Parser, read_answer
from llm_ui.wire.events import ChatRequest, StreamEvent, Timeouts
from llm_ui.wire.fields import json_value
from llm_ui.wire.http import Call, fetch_body, make_client

LIST_SECONDS = 15.0


class HttpAdapter:
    """Base class of the adapters: the address, the headers and the HTTP client.

    Args:
        endpoint: `api_url` as the user entered it.
        client: a shared HTTP client, which `aclose` leaves open; None creates one.
    """

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient | None = None) -> None:
        self._endpoint = endpoint
        self._base = self.normalise(endpoint.api_url)
        self._client = client or make_client()
        self._owned = client is None
        self._headers = {**self.auth_headers(endpoint.api_key), **dict(endpoint.headers)}

    @staticmethod
    def normalise(api_url: str) -> str:
        """The base URL that paths are appended to, regardless of how it was entered."""
        return api_url.rstrip("/")

    @staticmethod
    def auth_headers(api_key: str | None) -> dict[str, str]:
        """The headers that authenticate with the key."""
        return {"authorization": f"Bearer {api_key}"} if api_key else {}

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Call:
        return Call(method, self._base + path, body, self._headers)

    async def _get(self, path: str) -> Any:
        """Fetch the JSON value at a path. Raises ProviderError."""
        call = self._call("GET", path)
        body = await fetch_body(self._client, call, self._brief(), self._endpoint.retry)
        return json_value(body)

    def _read(self, call: Call, parser: Parser) -> AsyncGenerator[StreamEvent]:
        endpoint = self._endpoint
        return read_answer(self._client, call, endpoint.timeouts, parser, endpoint.retry)

    def _brief(self) -> Timeouts:
        """Timeouts for requests that involve no model."""
        given = self._endpoint.timeouts
        seconds = min(LIST_SECONDS, given.first_token)
        return Timeouts(given.connect, seconds, seconds, seconds)

    async def aclose(self) -> None:
        """Close pooled connections, unless the HTTP client is shared."""
        if self._owned:
            await self._client.aclose()


def messages_json(request: ChatRequest) -> list[dict[str, Any]]:
    """The turns in the format that OpenAI, Ollama and the LLM API share, without images."""
    return [{"role": message.role, "content": message.content} for message in request.messages]
