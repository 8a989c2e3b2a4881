"""The Provider implementation for OpenAI-compatible servers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import httpx

from llm_ui.errors import ModelUnavailable, ProviderError, ProviderRefused
from llm_ui.providers.base import Endpoint
from llm_ui.providers.http import messages_json
from llm_ui.providers.openai.images import PATH as IMAGES
from llm_ui.providers.openai.images import OpenAIImages
from llm_ui.providers.openai.parse import StreamParser, parse_models
from llm_ui.wire.events import ChatRequest, ModelInfo, StreamEvent

DEFAULT_BASE_URL = "https://api.openai.com/v1"
THINKING_EFFORT = "medium"

Body = dict[str, Any]
Change = Callable[[Body], Body]


def _rename_limit(body: Body) -> Body:
    if "max_tokens" not in body:
        return body
    return {**_without("max_tokens")(body), "max_completion_tokens": body["max_tokens"]}


def _without(name: str) -> Change:
    return lambda body: {key: value for key, value in body.items() if key != name}


# What some servers and models reject with a 400: (the error's wording, the field it is about, how
# to change the body). If the message is unspecific, `stream_options` is the likely culprit.
_CONCESSIONS: tuple[tuple[re.Pattern[str], str, Change], ...] = (
    (re.compile("max_completion_tokens"), "max_tokens", _rename_limit),
    (re.compile("reasoning", re.I), "reasoning_effort", _without("reasoning_effort")),
    (re.compile("unsupported.*temperature", re.I), "temperature", _without("temperature")),
    (re.compile("unsupported.*top_p", re.I), "top_p", _without("top_p")),
    (re.compile("reasoning", re.I), "reasoning_effort", _without("reasoning_effort")),
    (re.compile(""), "stream_options", _without("stream_options")),
)


def turns_json(request: ChatRequest) -> list[Body]:
    """The turns; those with images have parts instead of a string."""
    turns = messages_json(request)
    for turn, message in zip(turns, request.messages, strict=True):
        if message.images:
            # Some servers reject an empty text part.
            words = [{"type": "text", "text": message.content}] if message.content else []
            turn["content"] = [
                *words,
                *({"type": "image_url", "image_url": {"url": i.data_uri}} for i in message.images),
            ]
    return turns


class OpenAIProvider(OpenAIImages):
    """See providers.base.ImageProvider. Remembers for each model which fields to leave out."""

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient | None = None) -> None:
        super().__init__(endpoint, client)
        self._conceded: dict[str, list[Change]] = {}

    @staticmethod
    def normalise(api_url: str) -> str:
        """Append `/v1` to a bare host; any other path is kept."""
        base = api_url.rstrip("/").removesuffix("/chat/completions").removesuffix(IMAGES)
        return base if urlsplit(base).path.strip("/") else f"{base}/v1"

    def _body(self, request: ChatRequest) -> Body:
        body = {
            "model": request.model,
            "messages": turns_json(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            **request.sampling.as_json(),
        }
        if request.thinking:
            body.setdefault("reasoning_effort", THINKING_EFFORT)
        return body

    async def models(self) -> list[ModelInfo]:
        """See Provider. A server without a model list also counts as available if it generates
        images."""
        try:
            return parse_models(await self._get("/models"))
        except ModelUnavailable as error:
            if error.params.get("status") != 404:
                raise
            try:
                await self.probe_images()
            except ProviderError:
                raise error from None
        return []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """See Provider."""
        changes = list(self._conceded.get(request.model, ()))
        body = self._body(request)
        for change in changes:
            body = change(body)
        while True:
            started = False
            try:
                async with aclosing(self._answer(body)) as events:
                    async for event in events:
                        started = True
                        if changes:
                            self._conceded[request.model] = changes
                        yield event
                return
            except ProviderRefused as error:
                concession = _concession(error, body)
                if started or concession is None:
                    raise
                body = concession(body)
                changes.append(concession)

    def _answer(self, body: Body) -> AsyncGenerator[StreamEvent]:
        call = self._call("POST", "/chat/completions", body)
        return self._read(call, StreamParser())


def _concession(error: ProviderRefused, body: Body) -> Change | None:
    """The change to retry with after a 400, if there is one."""
    if error.params.get("status") not in (400, 422):
        return None
    for complaint, field, change in _CONCESSIONS:
        if field in body and complaint.search(error.detail):
            return change
    return None
