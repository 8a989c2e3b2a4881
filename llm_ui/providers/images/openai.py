"""OpenAI's images, and whoever speaks like it: LocalAI, Together, vLLM's Omni, and others.

Source: OpenAI's API reference, "Create image". An answer may be 25 MB of base64: it is
bounded, and read in a thread.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from typing import Any

from llm_ui.errors import ModelUnavailable, ProviderGarbage, ProviderRefused, ProviderTimeout
from llm_ui.providers.http import HttpAdapter
from llm_ui.providers.images.base import ImageAnswer, ImageRequest, Made
from llm_ui.providers.openai.adapter import DEFAULT_BASE_URL, OpenAIProvider
from llm_ui.wire.chunks import named
from llm_ui.wire.events import Usage
from llm_ui.wire.fields import child, items, json_object, text, tokens
from llm_ui.wire.http import Retry, fetch_body

__all__ = ["DEFAULT_BASE_URL", "OpenAIImages"]

MOST_BYTES = 48 * 1024 * 1024
MOST_IMAGES = 4
# An image costs: a connection that broke is not tried again behind somebody's back.
ONCE = Retry(attempts=1)
_DATA_URI = re.compile(r"data:image/[a-z+.-]+;base64,")
# Newer models always answer with base64, and refuse to be asked for it.
_FORMAT = "response_format"


class OpenAIImages(HttpAdapter):
    """See ImageProvider."""

    @staticmethod
    def normalise(base_url: str) -> str:
        """As for chats: `/v1` is added to a bare host."""
        return OpenAIProvider.normalise(base_url.rstrip("/").removesuffix("/images/generations"))

    async def models(self) -> list[str]:
        """See ImageProvider. A server without a list has answered all the same if it knows
        the path of images."""
        try:
            found = await self._get("/models")
        except ModelUnavailable as error:
            if error.params.get("status") != 404:
                raise
            await self._probe()
            return []
        return [name for _, name in named(found)]

    async def _probe(self) -> None:
        """Ask for nothing: whoever makes images says that this is too little."""
        call = self._call("POST", "/images/generations", {})
        try:
            await fetch_body(self._client, call, self._brief(), ONCE)
        except ProviderRefused as error:
            if error.params.get("status") not in (400, 422):
                raise

    async def make(self, request: ImageRequest) -> ImageAnswer:
        """See ImageProvider."""
        body: dict[str, Any] = {
            "model": request.model,
            "prompt": request.prompt,
            **request.params,
            _FORMAT: "b64_json",
        }
        try:
            return await self._asked(body)
        except ProviderRefused as error:
            if error.params.get("status") not in (400, 422) or _FORMAT not in error.detail:
                raise
        del body[_FORMAT]
        return await self._asked(body)

    async def _asked(self, body: dict[str, Any]) -> ImageAnswer:
        call = self._call("POST", "/images/generations", body)
        limits = self._endpoint.timeouts
        try:
            answer = await fetch_body(self._client, call, limits, ONCE, MOST_BYTES)
        except ProviderTimeout as error:
            if error.phase == "connect":
                raise
            raise ProviderTimeout("image", limits.first_token) from error
        return await asyncio.to_thread(parse, answer)


def parse(body: bytes) -> ImageAnswer:
    """An answer's images. Raises ProviderGarbage if there is none."""
    found = json_object(body)
    images = [_made(each) for each in items(found.get("data"))[:MOST_IMAGES]]
    if not images:
        raise ProviderGarbage("an answer without an image")
    usage = child(found.get("usage"))
    return ImageAnswer(
        tuple(images),
        Usage(
            input_tokens=tokens(usage.get("input_tokens")),
            output_tokens=tokens(usage.get("output_tokens")),
        ),
    )


def _made(item: dict[str, Any]) -> Made:
    encoded, url = text(item.get("b64_json")), text(item.get("url"))
    if not encoded and not (_DATA_URI.match(url)):
        if not url:
            raise ProviderGarbage("an image without its bytes")
        return Made(url=url)
    encoded = _DATA_URI.sub("", encoded or url, count=1)
    try:
        return Made(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise ProviderGarbage("an image that is no base64") from None
