"""Having images made: what a run in the image mode asks, and what becomes of the answer.

It goes through the engine like any answer: a `Source` that asks the provider, checks what
came, keeps it as files of the person's and ties those to the answer.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import ModelUnavailable, ProviderGarbage, TooLarge
from llm_ui.generation import Plan
from llm_ui.models import ChatMessage, Generation, MediaModel, MediaProvider
from llm_ui.providers.base import Endpoint
from llm_ui.providers.images.base import ImageProvider, ImageRequest, Made
from llm_ui.providers.images.registry import open_images
from llm_ui.security import encryption
from llm_ui.services import made_images
from llm_ui.services.adapters import ONCE
from llm_ui.services.files import MEGABYTE, used_by
from llm_ui.wire.events import ChatRequest, Done, PromptMessage, StreamEvent, Timeouts
from llm_ui.wire.web import IMAGES, Fetcher, Unreadable

logger = logging.getLogger(__name__)


def key_of(row: MediaProvider) -> str | None:
    """A provider's key in clear, if it has one. Raises UndecryptableError."""
    stored = row.api_key_encrypted
    return encryption.decrypt(get_settings().secret_keys, stored) if stored else None


def limits() -> Timeouts:
    """How long a provider of images may take: to connect, and for the whole."""
    settings = get_settings()
    whole = settings.image_timeout
    return Timeouts(settings.connect_timeout, whole, whole, whole)


async def plan(session: AsyncSession, run: Generation) -> Plan:
    """What a run in the image mode asks of which provider.

    Raises:
        ModelUnavailable: the model or its provider is gone or switched off, or its key cannot
            be decrypted any more.
    """
    model = await session.get(MediaModel, run.media_model_id)
    provider = await session.get(MediaProvider, model.provider_id) if model else None
    if model is None or provider is None or not (model.is_active and provider.is_active):
        raise ModelUnavailable(model=model.display_name if model else "")
    answer = await session.get(ChatMessage, run.message_id)
    question = await session.get(ChatMessage, answer.parent_id or "") if answer else None
    if answer is None or question is None:
        raise ModelUnavailable
    try:
        endpoint = Endpoint(provider.base_url, key_of(provider), limits(), (), ONCE)
    except encryption.UndecryptableError:
        raise ModelUnavailable(f"the key of {provider.name} must be entered again") from None
    turn = PromptMessage("user", question.content)
    painter = Painter(provider.type, endpoint, model.default_params, run.user_id, answer.id)
    request = ChatRequest(model.name, (turn,))
    return Plan(painter, request, None, provider.name, model.display_name, writes=False)


@dataclass(frozen=True, slots=True)
class Painter:
    """The `Source` of one run: has images made, and keeps them."""

    type: str
    endpoint: Endpoint
    params: dict[str, str | int]
    user_id: str
    message_id: str

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """The images as files of the answer; there is no text.

        Raises:
            ProviderError: the provider did not do its part.
            TooLarge: there is no room for the person's files.
        """
        prompt = request.messages[-1].content
        await self._require_room()
        async with _opened(self.type, self.endpoint) as provider:
            answer = await provider.make(ImageRequest(request.model, prompt, self.params))
        pictures = [await self._bytes(each) for each in answer.images]
        await made_images.keep(self.user_id, self.message_id, prompt, pictures)
        yield answer.usage
        yield Done()

    async def _require_room(self) -> None:
        """Nobody pays for an image that cannot be kept."""
        quota = get_settings().file_quota_mb
        async with unit_of_work(writes=False) as session:
            if await used_by(session, self.user_id) >= quota * MEGABYTE:
                raise TooLarge("error.file_quota", limit=quota)

    async def _bytes(self, made: Made) -> bytes:
        if not made.url:
            return made.data
        # Where a server says its image is, is a stranger's word: only a public address, or the
        # very server that an admin has named, is asked for it.
        own = httpx.URL(self.endpoint.base_url)
        port = own.port or {"http": 80, "https": 443}[own.scheme]
        fetcher = Fetcher((*get_settings().browse_hosts, f"{own.host}:{port}"))
        try:
            return (await fetcher.fetch(made.url, IMAGES)).body
        except Unreadable as error:
            logger.warning("an image could not be fetched: %s", error)
            raise ProviderGarbage(f"its image could not be fetched: {error.problem}") from None
        finally:
            await fetcher.aclose()


@asynccontextmanager
async def _opened(type: str, endpoint: Endpoint) -> AsyncIterator[ImageProvider]:
    provider = open_images(type, endpoint)
    try:
        yield provider
    finally:
        await provider.aclose()
