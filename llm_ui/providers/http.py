"""What the HTTP adapters have in common: a client that is theirs or shared, headers."""

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
    """Base of the adapters: an address, headers, and the HTTP client.

    Args:
        endpoint: `base_url` as a person typed it.
        client: an HTTP client to share (it is not closed here); None makes one.
    """

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient | None = None) -> None:
        self._endpoint = endpoint
        self._base = self.normalise(endpoint.base_url)
        self._client = client or make_client()
        self._owned = client is None
        self._headers = {**self.auth_headers(endpoint.api_key), **dict(endpoint.headers)}

    @staticmethod
    def normalise(base_url: str) -> str:
        """The base that paths are appended to, however it was written."""
        return base_url.rstrip("/")

    @staticmethod
    def auth_headers(api_key: str | None) -> dict[str, str]:
        """The headers that carry the key."""
        return {"authorization": f"Bearer {api_key}"} if api_key else {}

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Call:
        return Call(method, self._base + path, body, self._headers)

    async def _get(self, path: str) -> Any:
        """The JSON value at a path. Raises ProviderError."""
        call = self._call("GET", path)
        body = await fetch_body(self._client, call, self._brief(), self._endpoint.retry)
        return json_value(body)

    def _read(self, call: Call, parser: Parser) -> AsyncGenerator[StreamEvent]:
        endpoint = self._endpoint
        return read_answer(self._client, call, endpoint.timeouts, parser, endpoint.retry)

    def _brief(self) -> Timeouts:
        """Limits for requests that no model has to think about."""
        given = self._endpoint.timeouts
        seconds = min(LIST_SECONDS, given.first_token)
        return Timeouts(given.connect, seconds, seconds, seconds)

    async def aclose(self) -> None:
        """Close kept connections, if the HTTP client is this object's own."""
        if self._owned:
            await self._client.aclose()


def messages_json(request: ChatRequest) -> list[dict[str, Any]]:
    """The turns in the form that OpenAI, Ollama and the LLM API share; without images."""
    return [{"role": message.role, "content": message.content} for message in request.messages]
