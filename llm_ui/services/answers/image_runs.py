"""Image generation: what a run in image mode requests, and how the answer is stored.

It goes through the engine like any answer: a `Source` asks the provider, checks the images, stores
them as the user's files and attaches them to the answer.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import MessageRole
from llm_ui.errors import ProviderGarbage, TooLarge
from llm_ui.generation import Plan
from llm_ui.models import AIModel, AIProvider, Generation
from llm_ui.providers.several import Several
from llm_ui.services.catalogue import image_settings
from llm_ui.services.catalogue.adapters import adapter_for
from llm_ui.services.files import generated_images
from llm_ui.services.files.files import MEGABYTE, used_by
from llm_ui.wire.events import (
    ChatRequest,
    Done,
    ImageRequest,
    Picture,
    PromptMessage,
    StreamEvent,
    Usage,
    Via,
)
from llm_ui.wire.web import IMAGES, Fetcher, Unreadable

logger = logging.getLogger(__name__)


async def plan(
    session: AsyncSession, run: Generation, model: AIModel, provider: AIProvider, prompt: str
) -> Plan:
    """What a run in image mode requests, and from which provider.

    Raises:
        ModelUnavailable: the provider's key can no longer be decrypted.
    """
    settings = image_settings.for_provider(model.default_params, provider.provider_type)
    adapter = await adapter_for(session, provider)
    painter = Painter(adapter, settings, run.user_id, run.message_id)
    request = ChatRequest(model.name, (PromptMessage(MessageRole.USER, prompt),))
    return Plan(painter, request, None, provider.name, model.display_name, writes=False)


@dataclass(frozen=True, slots=True)
class Painter:
    """The `Source` of one run: generates images and stores them."""

    adapter: Several
    settings: dict[str, str | int]
    user_id: str
    message_id: str

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent | Via]:
        """Generate the images and store them as the answer's files; yields no text.

        Raises:
            ProviderError: the provider failed.
            TooLarge: the user's file quota is used up.
        """
        prompt = request.messages[-1].content
        await self._require_room()
        limit = get_settings().image_timeout
        asked = ImageRequest(request.model, prompt, self.settings, limit)
        pictures, usage = list[Picture](), Usage()
        async with aclosing(self.adapter.make_images(asked)) as events:
            async for event in events:
                match event:
                    case Picture():
                        pictures.append(event)
                    case Usage():
                        usage = event
                    case Via():
                        yield event
        found = [await self._bytes(each) for each in pictures]
        await generated_images.keep(self.user_id, self.message_id, prompt, found)
        yield usage
        yield Done()

    async def _require_room(self) -> None:
        """Check the quota first, so that nobody pays for an image that cannot be stored."""
        quota = get_settings().file_quota_mb
        async with unit_of_work(writes=False) as session:
            if await used_by(session, self.user_id) >= quota * MEGABYTE:
                raise TooLarge("error.file_quota", limit=quota)

    async def _bytes(self, picture: Picture) -> bytes:
        if not picture.url:
            return picture.data
        # The URL of an image is untrusted input: only public addresses, and the hosts that an
        # administrator has configured, are fetched.
        own = [_place(route.address) for route in self.adapter.routes]
        fetcher = Fetcher((*get_settings().browse_hosts, *own))
        try:
            return (await fetcher.fetch(picture.url, IMAGES)).body
        except Unreadable as error:
            logger.warning("could not download an image: %s", error)
            raise ProviderGarbage(f"its image could not be downloaded: {error.problem}") from None
        finally:
            await fetcher.aclose()


def _place(address: str) -> str:
    """Host and port of a URL."""
    url = httpx.URL(address)
    return f"{url.host}:{url.port or {'http': 80, 'https': 443}[url.scheme]}"
