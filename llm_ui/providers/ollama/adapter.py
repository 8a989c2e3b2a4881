"""The Provider implementation for Ollama."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from llm_ui.errors import ProviderError
from llm_ui.providers.http import HttpAdapter, messages_json
from llm_ui.providers.ollama.parse import (
    StreamParser,
    parse_abilities,
    parse_models,
    parse_show,
)
from llm_ui.wire.events import ChatRequest, ModelInfo, Sampling, StreamEvent
from llm_ui.wire.http import fetch_json

DEFAULT_BASE_URL = "http://127.0.0.1:11434"
SHOWN_AT_ONCE = 4


def options_json(sampling: Sampling) -> dict[str, Any]:
    """The sampling parameters under Ollama's names."""
    given = sampling.as_json()
    if "max_tokens" in given:
        given["num_predict"] = given.pop("max_tokens")
    return given


def turns_json(request: ChatRequest) -> list[dict[str, Any]]:
    """The turns, with images next to their text."""
    turns = messages_json(request)
    for turn, message in zip(turns, request.messages, strict=True):
        if message.images:
            turn["images"] = [image.base64 for image in message.images]
    return turns


class OllamaProvider(HttpAdapter):
    """See providers.base.Provider."""

    @staticmethod
    def normalise(api_url: str) -> str:
        """The server's root, without `/v1` or `/api`."""
        return api_url.rstrip("/").removesuffix("/v1").removesuffix("/api")

    async def models(self) -> list[ModelInfo]:
        """See Provider. Models that can only embed are left out."""
        listed = parse_models(await self._get("/api/tags"))
        limit = asyncio.Semaphore(SHOWN_AT_ONCE)

        async def shown(model: ModelInfo) -> ModelInfo | None:
            call = self._call("POST", "/api/show", {"model": model.name})
            try:
                async with limit:
                    found = await fetch_json(self._client, call, self._brief())
                window, chats, thinks = parse_show(found)
                able = parse_abilities(found)
            except ProviderError:
                return model  # list the model even without its details
            if not chats:
                return None
            return replace(model, context_window=window, thinks=thinks, capabilities=able)

        return [m for m in await asyncio.gather(*map(shown, listed)) if m is not None]

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """See Provider."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": turns_json(request),
            "stream": True,
            "options": options_json(request.sampling),
        }
        if request.thinking is not None:
            body["think"] = request.thinking
        call = self._call("POST", "/api/chat", body)
        return self._read(call, StreamParser())
