"""Providers that the application finds by itself, and the health of all of them."""

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
from llm_ui.errors import ModelUnavailable
from llm_ui.llm_api import choice
from llm_ui.llm_api.engine import bundled_model
from llm_ui.models import AIModel, AIProvider, AIType, Setting
from llm_ui.models.base import now
from llm_ui.providers.discovery import Found, discover
from llm_ui.schemas.views import UNKNOWN, ProviderHealth
from llm_ui.security import encryption
from llm_ui.services import media_views
from llm_ui.services.adapters import close_adapters, encrypted, key_of, somebody_lost
from llm_ui.services.provider_sync import sync_all, sync_provider

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
# The row of Setting that says that the types of models have been made.
TYPES_MADE = "types_made"
SYNC_EVERY_S = 60.0
SYNC_FIRST_S = 0.5
# How often to see whether the bundled service has moved, or a provider is lost.
NEWS_EVERY_S = 1.0
# While there is no model to ask, nor word that there will be none.
FIRST_LOOK_EVERY_S, FIRST_LOOK_S = 1.0, 30.0

_TYPES = {
    "chat": "message-circle",
    "reasoning": "brain",
    "vision": "eye",
    "code": "code",
    "embedding": "scan-search",
}


async def _ensure_types(session: AsyncSession) -> None:
    """Make the types of models, once: those that an admin deletes stay away."""
    if await session.get(Setting, TYPES_MADE) is not None:
        return
    rows = [
        AIType(slug=name, name=name, icon=icon, sort_order=order).model_dump()
        for order, (name, icon) in enumerate(_TYPES.items())
    ]
    await insert_missing(session, AIType, rows)
    await insert_missing(session, Setting, [Setting(key=TYPES_MADE, value=True).model_dump()])


async def ensure_providers(found: Sequence[Found]) -> None:
    """Make or update the rows of the providers that were found at start.

    What an admin has switched off stays off, what they have renamed keeps its name; keys are
    written encrypted.
    """
    async with unit_of_work() as session:
        await _ensure_types(session)
        await media_views.ensure_types(session)
        for each in found:
            await insert_missing(session, AIProvider, [_fresh_provider(each)])
            row = (
                await session.scalars(
                    sa.select(AIProvider).where(col(AIProvider.slug) == _slug(each))
                )
            ).one()
            if row.base_url != each.base_url or _known_key(row) != each.api_key:
                row.base_url = each.base_url
                row.api_key_encrypted = encrypted(each.api_key) if each.api_key else None
                row.updated_at = now()


def _slug(each: Found) -> str:
    return BUNDLED if each.type == "llm_api" else each.type


def _fresh_provider(each: Found) -> dict[str, object]:
    made = AIProvider(
        slug=_slug(each),
        name=each.name,
        type=each.type,
        base_url=each.base_url,
        origin=BUNDLED if each.type == "llm_api" else "environment",
    )
    return made.model_dump()


def _known_key(row: AIProvider) -> str | None:
    try:
        return key_of(row)
    except encryption.UndecryptableError:
        return None


class FirstLook:
    """Whether models are still awaited after a start: until all providers have been asked, the
    bundled one among them, or it takes too long."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether a model may appear any moment."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """The process has started."""
        self._until = time.monotonic() + FIRST_LOOK_S

    def end(self) -> None:
        """All have been asked."""
        self._until = 0.0


first_look = FirstLook()


def may_still_start() -> bool:
    """Whether the bundled model is there, is ours to start, and may not have got that far."""
    settings = get_settings()
    if settings.llm_api_url:
        return False
    told = choice.told(settings.data_path)
    if not first_look.is_on and told.state != "loading":
        return False
    if told.path or settings.llm_api_model:
        return True
    try:
        return bundled_model().is_file()
    except ModelUnavailable:
        return False


async def keep_in_sync(bundled_url: Callable[[], str | None]) -> None:
    """Find providers, then keep their health and models up to date, for ever.

    Args:
        bundled_url: tells where the bundled LLM service listens now; None if it does not
            (yet), or if the settings name another one.
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
            is_complete = any(each.type == "llm_api" for each in found)
            is_well = await sync_all()
            if is_well and is_complete:
                pause = SYNC_EVERY_S
            if is_complete and (is_well or get_settings().llm_api_url):
                first_look.end()
        except sa.exc.SQLAlchemyError:
            logger.exception("providers could not be synced; trying again")
        # A model that is still loading is asked again soon; after that once a minute, or as
        # soon as the bundled service is somewhere else or an answer finds a provider away.
        if await _is_news(pause, lambda at=at: bundled_url() != at or somebody_lost.is_set()):  # type: ignore[misc]
            pause = SYNC_FIRST_S


async def _is_news(pause: float, look: Callable[[], bool]) -> bool:
    """Wait; true as soon as `look` is, false when the time is over."""
    while pause > 0:
        await asyncio.sleep(min(pause, NEWS_EVERY_S))
        pause -= NEWS_EVERY_S
        if look():
            return True
    return False


def _located(found: Sequence[Found], bundled_url: str | None) -> list[Found]:
    """The providers with the bundled one at its present address; left out without one."""
    if get_settings().llm_api_url:
        return list(found)
    return [
        replace(each, base_url=bundled_url or "") if each.type == "llm_api" else each
        for each in found
        if each.type != "llm_api" or bundled_url
    ]


async def health(session: AsyncSession) -> list[ProviderHealth]:
    """Each active provider as it answered when last asked."""
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
            type=row.type,
            status=row.status,
            models=models,
            reason=row.status_reason,
            detail=row.status_detail,
            latency_ms=UNKNOWN if row.latency_ms is None else row.latency_ms,
        )
        for row, models in (await session.execute(query)).all()
    ]
