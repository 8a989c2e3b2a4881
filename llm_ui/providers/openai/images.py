"""The images API of OpenAI and compatible services: LocalAI, Together, vLLM's Omni, and others.

Source: OpenAI's API reference, "Create image". A response may be 25 MB of base64: it is bounded,
and parsed in a thread.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncGenerator
from typing import Any

from llm_ui.errors import ProviderGarbage, ProviderRefused, ProviderTimeout
from llm_ui.providers.base import MOST_IMAGES
from llm_ui.providers.http import HttpAdapter
from llm_ui.wire.events import ImageRequest, Picture, Timeouts, Usage
from llm_ui.wire.fields import child, items, json_object, text, tokens
from llm_ui.wire.http import Retry, fetch_body

PATH = "/images/generations"
# The image settings it accepts.
SETTINGS = ("size", "quality", "style", "n")
MOST_BYTES = 48 * 1024 * 1024
# Images cost money: a broken connection is not silently retried.
ONCE = Retry(attempts=1)
_DATA_URI = re.compile(r"data:image/[a-z+.-]+;base64,")
# Newer models always answer in base64, and reject this parameter.
_FORMAT = "response_format"


class OpenAIImages(HttpAdapter):
    """The part of the adapter that makes images; see providers.base.ImageProvider."""

    async def probe_images(self) -> None:
        """Send an empty request: a server that generates images rejects it as incomplete. Raises
        ProviderError for any other response."""
        call = self._call("POST", PATH, {})
        try:
            await fetch_body(self._client, call, self._brief(), ONCE)
        except ProviderRefused as error:
            if error.params.get("status") not in (400, 422):
                raise

    async def make_images(self, request: ImageRequest) -> AsyncGenerator[Picture | Usage]:
        """See ImageProvider."""
        body: dict[str, Any] = {
            "model": request.model,
            "prompt": request.prompt,
            **request.settings,
            _FORMAT: "b64_json",
        }
        try:
            answer = await self._asked(body, request.timeout)
        except ProviderRefused as error:
            if error.params.get("status") not in (400, 422) or _FORMAT not in error.detail:
                raise
            del body[_FORMAT]
            answer = await self._asked(body, request.timeout)
        for each in answer:
            yield each

    async def _asked(self, body: dict[str, Any], seconds: float) -> list[Picture | Usage]:
        call = self._call("POST", PATH, body)
        limits = Timeouts(self._endpoint.timeouts.connect, seconds, seconds, seconds)
        try:
            answer = await fetch_body(self._client, call, limits, ONCE, MOST_BYTES)
        except ProviderTimeout as error:
            if error.phase == "connect":
                raise
            raise ProviderTimeout("image", seconds) from error
        return await asyncio.to_thread(parse_images, answer)


def parse_images(body: bytes) -> list[Picture | Usage]:
    """Parse the images and the usage in a response. Raises ProviderGarbage if there is no image."""
    found = json_object(body)
    pictures = [_picture(each) for each in items(found.get("data"))[:MOST_IMAGES]]
    if not pictures:
        raise ProviderGarbage("the response contains no image")
    usage = child(found.get("usage"))
    counted = Usage(
        input_tokens=tokens(usage.get("input_tokens")),
        output_tokens=tokens(usage.get("output_tokens")),
    )
    return [*pictures, counted]


def _picture(item: dict[str, Any]) -> Picture:
    encoded, url = text(item.get("b64_json")), text(item.get("url"))
    if not encoded and not (_DATA_URI.match(url)):
        if not url:
            raise ProviderGarbage("the image contains no data")
        return Picture(url=url)
    encoded = _DATA_URI.sub("", encoded or url, count=1)
    try:
        return Picture(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise ProviderGarbage("the image is not valid base64") from None
