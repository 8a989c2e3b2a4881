"""The Provider implementation for Anthropic."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from llm_ui.enums import MessageRole
from llm_ui.errors import ProviderRefused
from llm_ui.providers.anthropic.parse import StreamParser, parse_models
from llm_ui.providers.base import CONTINUE
from llm_ui.providers.http import HttpAdapter
from llm_ui.wire.events import ChatRequest, ModelInfo, PromptMessage, StreamEvent

DEFAULT_BASE_URL = "https://api.anthropic.com"
API_VERSION = "2023-06-01"
# The API requires a limit; this one is within every model's maximum.
DEFAULT_MAX_TOKENS = 4096
# The thinking budget on top of the answer; the API requires at least 1024.
THINKING_TOKENS = 4096


def body_json(request: ChatRequest) -> dict[str, Any]:
    """The body of a request. System text is separate from the turns, and empty turns, which the API
    rejects, are left out. Newer models accept temperature or top_p, not both; the maximum
    temperature is 1; there is no seed."""
    sampling = request.sampling
    system = "\n\n".join(
        m.content for m in request.messages if m.role == MessageRole.SYSTEM and m.content
    )
    turns = [
        {"role": m.role, "content": _content(m)}
        for m in request.messages
        if m.role != MessageRole.SYSTEM and (m.content.strip() or m.images)
    ]
    if turns and turns[-1]["role"] == MessageRole.ASSISTANT:
        # The API rejects a prefill that ends in whitespace.
        turns[-1]["content"] = request.messages[-1].content.rstrip()
    body: dict[str, Any] = {
        "model": request.model,
        "messages": turns,
        "max_tokens": sampling.max_tokens or DEFAULT_MAX_TOKENS,
        "stream": True,
    }
    if system:
        body["system"] = system
    if sampling.temperature is not None:
        body["temperature"] = min(1.0, sampling.temperature)
    elif sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.stop:
        body["stop_sequences"] = list(sampling.stop)
    # A model that continues a prefill cannot think first.
    if request.thinking and turns and turns[-1]["role"] == MessageRole.USER:
        body["thinking"] = {"type": "enabled", "budget_tokens": THINKING_TOKENS}
        body["max_tokens"] += THINKING_TOKENS
        # Neither may be combined with thinking.
        body.pop("temperature", None)
        body.pop("top_p", None)
    return body


def _content(message: PromptMessage) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.content
    # Images first, as Anthropic recommends.
    return [
        *(
            {
                "type": "image",
                "source": {"type": "base64", "media_type": i.media_type, "data": i.base64},
            }
            for i in message.images
        ),
        *([{"type": "text", "text": message.content}] if message.content.strip() else []),
    ]


class AnthropicProvider(HttpAdapter):
    """See providers.base.Provider."""

    @staticmethod
    def normalise(api_url: str) -> str:
        """The API's root URL, without `/v1`."""
        return api_url.rstrip("/").removesuffix("/v1")

    @staticmethod
    def auth_headers(api_key: str | None) -> dict[str, str]:
        """See HttpAdapter; the version is required with or without a key."""
        version = {"anthropic-version": API_VERSION}
        return {**version, "x-api-key": api_key} if api_key else version

    async def models(self) -> list[ModelInfo]:
        """See Provider."""
        return parse_models(await self._get("/v1/models?limit=1000"))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """See Provider."""
        body = body_json(request)
        ways, complaint = [body], ""
        if "thinking" in body:
            # Newer models choose their own budget and reject a given one.
            ways, complaint = [body, {**body, "thinking": {"type": "adaptive"}}], "thinking"
        elif body["messages"] and body["messages"][-1]["role"] == MessageRole.ASSISTANT:
            # Newer models reject a prefill.
            asked = [*body["messages"], {"role": MessageRole.USER, "content": CONTINUE}]
            ways, complaint = [body, {**body, "messages": asked}], "prefill"
        for last, way in zip((len(ways) == 1, True), ways, strict=False):
            call = self._call("POST", "/v1/messages", way)
            started = False
            try:
                async with aclosing(self._read(call, StreamParser())) as events:
                    async for event in events:
                        started = True
                        yield event
                return
            except ProviderRefused as error:
                if started or last or complaint not in error.detail:
                    raise
