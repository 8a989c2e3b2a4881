"""Discovered providers, and the health of all providers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import insert_missing, unit_of_work
from llm_ui.enums import LoadState, ProviderOrigin
from llm_ui.errors import ModelUnavailable
from llm_ui.llm_api import chosen_model
from llm_ui.llm_api.engine import bundled_model
from llm_ui.models import AIModel, AIProvider, AIType, Setting
from llm_ui.models.base import now
from llm_ui.providers.discovery import discover
from llm_ui.providers.llm_api import KEY as LLM_API
from llm_ui.providers.types import Found
from llm_ui.schemas.chats.views import UNKNOWN, ProviderHealth
from llm_ui.security import encryption
from llm_ui.services.catalogue.adapters import close_adapters, encrypted, key_of, somebody_lost
from llm_ui.services.catalogue.models import IMAGES
from llm_ui.services.catalogue.provider_sync import sync_all, sync_provider, types_by_slug

__all__ = [
    "close_adapters",
    "ensure_providers",
    "first_look",
    "health",
    "keep_in_sync",
    "may_still_start",
    "sync_all",
    "sync_provider",
]

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
# The key of the setting that records that the built-in types were created.
TYPES_MADE = "types_made"
SYNC_EVERY_S = 60.0
SYNC_FIRST_S = 0.5
# How often to check whether the built-in service has moved or a provider went down.
NEWS_EVERY_S = 1.0
# While no model is available and it isn't yet known that there will be none.
FIRST_LOOK_EVERY_S, FIRST_LOOK_S = 1.0, 30.0

_TYPES = {
    "chat": "message-circle",
    "reasoning": "brain",
    "vision": "eye",
    "code": "code",
    "embedding": "scan-search",
    "image": "image",
}


async def _ensure_types(session: AsyncSession) -> None:
    """Create the built-in model types, but only once: types that an administrator deletes stay
    deleted.

    The image type cannot be deleted, but may be missing after an upgrade from an older version.
    """
    is_first = await session.get(Setting, TYPES_MADE) is None
    there = await types_by_slug(session)
    if not is_first and IMAGES in there:
        return
    rows = [
        AIType(slug=slug, name=slug, icon=icon, sort_order=order).model_dump()
        for order, (slug, icon) in enumerate(_TYPES.items())
        if is_first or slug == IMAGES
    ]
    await insert_missing(session, AIType, rows)
    await insert_missing(session, Setting, [Setting(key=TYPES_MADE, value=True).model_dump()])


async def ensure_providers(found: Sequence[Found]) -> None:
    """Create or update the rows of the providers discovered at startup.

    Providers that an administrator has switched off or renamed stay that way; keys are stored
    encrypted.
    """
    async with unit_of_work() as session:
        await _ensure_types(session)
        for each in found:
            await insert_missing(session, AIProvider, [_fresh_provider(each)])
            row = (
                await session.scalars(
                    sa.select(AIProvider).where(col(AIProvider.slug) == _slug(each))
                )
            ).one()
            if row.api_url != each.api_url or _known_key(row) != each.api_key:
                row.api_url = each.api_url
                row.api_key = encrypted(each.api_key) if each.api_key else None
                row.updated_at = now()


def _slug(each: Found) -> str:
    return BUNDLED if each.type == LLM_API else each.type


def _fresh_provider(each: Found) -> dict[str, object]:
    made = AIProvider(
        slug=_slug(each),
        name=each.name,
        provider_type=each.type,
        api_url=each.api_url,
        origin=ProviderOrigin.BUNDLED if each.type == LLM_API else ProviderOrigin.ENVIRONMENT,
    )
    return made.model_dump()


def _known_key(row: AIProvider) -> str | None:
    try:
        return key_of(row)
    except encryption.UndecryptableError:
        return None


class FirstLook:
    """Whether models may still appear after startup.

    This ends once all providers, including the built-in one, have been asked, or after a timeout.
    """

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether models may appear at any moment."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """Start waiting, when the process starts."""
        self._until = time.monotonic() + FIRST_LOOK_S

    def end(self) -> None:
        """Stop waiting: all providers have been asked."""
        self._until = 0.0


first_look = FirstLook()


def may_still_start() -> bool:
    """Whether the built-in model exists, is run by this application and may still be starting."""
    settings = get_settings()
    if settings.llm_api_url:
        return False
    told = chosen_model.told(settings.data_path)
    if not first_look.is_on and told.state != LoadState.LOADING:
        return False
    if told.path or settings.llm_api_model:
        return True
    try:
        return bundled_model().is_file()
    except ModelUnavailable:
        return False


async def keep_in_sync(bundled_url: Callable[[], str | None]) -> None:
    """Discover providers, then keep their health and models up to date, forever.

    Args:
        bundled_url: returns the current URL of the built-in service; None if there is none (yet),
            or if the settings name another one.
    """
    first_look.begin()
    pause = SYNC_FIRST_S
    while True:
        pause = min(pause * 1.5, FIRST_LOOK_EVERY_S if first_look.is_on else SYNC_EVERY_S)
        at = bundled_url()
        somebody_lost.clear()
        try:
            found = _located(await discover(get_settings()), at)
            await ensure_providers(found)
            is_complete = any(each.type == LLM_API for each in found)
            is_well = await sync_all()
            if is_well and is_complete:
                pause = SYNC_EVERY_S
            if is_complete and (is_well or get_settings().llm_api_url):
                first_look.end()
        except sa.exc.SQLAlchemyError:
            logger.exception("could not sync providers; trying again")
        # While a model is loading, its provider is asked again soon. After that, providers are
        # asked once a minute, and as soon as the address of the built-in service changes or an
        # answer finds that a provider is down.
        if await _is_news(pause, lambda at=at: bundled_url() != at or somebody_lost.is_set()):  # type: ignore[misc]
            pause = SYNC_FIRST_S


async def _is_news(pause: float, look: Callable[[], bool]) -> bool:
    """Wait; returns True as soon as `look` does, False on timeout."""
    while pause > 0:
        await asyncio.sleep(min(pause, NEWS_EVERY_S))
        pause -= NEWS_EVERY_S
        if look():
            return True
    return False


def _located(found: Sequence[Found], bundled_url: str | None) -> list[Found]:
    """The providers, with the built-in one at its current URL, or without it if it has none."""
    if get_settings().llm_api_url:
        return list(found)
    return [
        replace(each, api_url=bundled_url or "") if each.type == LLM_API else each
        for each in found
        if each.type != LLM_API or bundled_url
    ]


async def health(session: AsyncSession) -> list[ProviderHealth]:
    """The last known health of each active provider."""
    count = (
        sa.select(sa.func.count(col(AIModel.id)))
        .where(col(AIModel.provider_id) == AIProvider.id, col(AIModel.is_available).is_(True))
        .scalar_subquery()
    )
    query = (
        sa.select(AIProvider, count)
        .where(col(AIProvider.is_active).is_(True))
        .order_by(col(AIProvider.created_at))
    )
    return [
        ProviderHealth(
            name=row.name,
            type=row.provider_type,
            status=row.status,
            models=models,
            reason=row.status_reason,
            detail=row.status_detail,
            latency_ms=UNKNOWN if row.latency_ms is None else row.latency_ms,
        )
        for row, models in (await session.execute(query)).all()
    ]
