"""Providers: the ones found at start, their health, their models, their adapters."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import insert_missing, unit_of_work
from llm_ui.errors import ModelUnavailable, ProviderError
from llm_ui.models import AIModel, AIProvider, AIType
from llm_ui.models.base import new_id, now
from llm_ui.providers.base import Endpoint, Provider
from llm_ui.providers.discovery import Found, discover
from llm_ui.providers.registry import open_provider
from llm_ui.schemas.views import UNKNOWN, ProviderHealth
from llm_ui.security import encryption
from llm_ui.services.modes import THINKING
from llm_ui.services.monitoring import record
from llm_ui.wire.events import ModelInfo, Timeouts

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
SYNC_EVERY_S = 60.0
SYNC_FIRST_S = 0.5

_TYPES = {
    "chat": "message-circle",
    "reasoning": "brain",
    "vision": "eye",
    "code": "code",
    "embedding": "scan-search",
}


# --- adapters: one per provider row, kept as long as the row is the same -------------

_adapters: dict[str, tuple[tuple[str, ...], Provider]] = {}


def adapter_for(row: AIProvider) -> Provider:
    """The open adapter of a provider; its connections are kept alive between runs.

    Raises:
        ModelUnavailable: its key cannot be decrypted any more.
    """
    version = (row.type, row.base_url, row.api_key_encrypted or "", row.updated_at.isoformat())
    kept = _adapters.get(row.id)
    if kept and kept[0] == version:
        return kept[1]
    settings = get_settings()
    key = None
    if row.api_key_encrypted:
        try:
            key = encryption.decrypt(settings.secret_keys, row.api_key_encrypted)
        except encryption.UndecryptableError:
            raise ModelUnavailable(f"the key of {row.name} must be entered again") from None
    timeouts = Timeouts(
        connect=settings.connect_timeout,
        first_token=settings.first_token_timeout,
        silence=settings.silence_timeout,
        total=settings.run_timeout,
    )
    adapter = open_provider(row.type, Endpoint(row.base_url, key, timeouts))
    _adapters[row.id] = (version, adapter)
    return adapter


async def close_adapters() -> None:
    """Close every kept connection."""
    kept = [adapter for _, adapter in _adapters.values()]
    _adapters.clear()
    for adapter in kept:
        await adapter.aclose()


# --- rows ----------------------------------------------------------------------------


async def _ensure_types(session: AsyncSession) -> None:
    rows = [
        {"id": new_id(), "name": name, "description": "", "icon": icon, "sort_order": order}
        for order, (name, icon) in enumerate(_TYPES.items())
    ]
    await insert_missing(session, AIType, rows)


async def ensure_providers(found: Sequence[Found]) -> None:
    """Make or update the rows of the providers that were found at start.

    What an admin has switched off stays off; keys are written encrypted.
    """
    settings = get_settings()
    async with unit_of_work() as session:
        await _ensure_types(session)
        for each in found:
            await insert_missing(session, AIProvider, [_fresh_provider(each)])
            row = (
                await session.scalars(
                    sa.select(AIProvider).where(col(AIProvider.slug) == _slug(each))
                )
            ).one()
            key_now = _decrypted(row)
            if row.base_url != each.base_url or key_now != each.api_key:
                row.base_url = each.base_url
                row.api_key_encrypted = (
                    encryption.encrypt(settings.secret_keys, each.api_key) if each.api_key else None
                )
                row.updated_at = now()


def _slug(each: Found) -> str:
    return BUNDLED if each.type == "llm_api" else each.type


def _fresh_provider(each: Found) -> dict[str, object]:
    moment = now()
    return {
        "id": new_id(),
        "slug": _slug(each),
        "name": each.name,
        "type": each.type,
        "base_url": each.base_url,
        "origin": BUNDLED if each.type == "llm_api" else "environment",
        "is_active": True,
        "timeouts": {},
        "status": "unknown",
        "status_detail": "",
        "created_at": moment,
        "updated_at": moment,
    }


def _decrypted(row: AIProvider) -> str | None:
    if not row.api_key_encrypted:
        return None
    try:
        return encryption.decrypt(get_settings().secret_keys, row.api_key_encrypted)
    except encryption.UndecryptableError:
        return None


# --- health and models -----------------------------------------------------------------


async def sync_provider(provider_id: str) -> bool:
    """Ask a provider for its models; note its health, and what is new, changed or gone.

    Returns:
        whether it offers a model; one that is still loading answers with none.
    """
    async with unit_of_work(writes=False) as session:
        row = await session.get(AIProvider, provider_id)
    if row is None or not row.is_active:
        return False
    began = time.monotonic()
    models: list[ModelInfo] | None = None
    detail = ""
    try:
        models = await adapter_for(row).models()
    except ProviderError as error:
        detail = error.detail or error.code
    latency = int((time.monotonic() - began) * 1000)
    async with unit_of_work() as session:
        await _note_health(session, row, models is not None, detail, latency)
        if models is not None:
            await _note_models(session, provider_id, models)
    return bool(models)


async def _note_health(
    session: AsyncSession, row: AIProvider, is_ok: bool, detail: str, latency: int
) -> None:
    status = col(AIProvider.status)
    # Several workers ask the same provider: whoever notes a change first records it.
    changed = await session.execute(
        sa.update(AIProvider)
        .where(col(AIProvider.id) == row.id, status == "down" if is_ok else status != "down")
        .values(status="ok" if is_ok else "down")
    )
    if cast("CursorResult[Any]", changed).rowcount:
        if is_ok:
            record(session, "provider.up", row.name, provider=row.name)
        else:
            text = f"{row.name}: {detail}"
            record(session, "provider.down", text, level="error", provider=row.name)
    await session.execute(
        sa.update(AIProvider)
        .where(col(AIProvider.id) == row.id)
        .values(
            status="ok" if is_ok else "down",
            status_detail=detail[:500],
            latency_ms=latency if is_ok else None,
            checked_at=now(),
        )
    )


def shown_name(name: str) -> str:
    """A model's name as people see it: of a file's path (llama.cpp tells one) its stem."""
    return PurePath(name).stem if name.endswith(".gguf") else name


async def _note_models(session: AsyncSession, provider_id: str, models: list[ModelInfo]) -> None:
    chat_type = await session.scalar(sa.select(col(AIType.id)).where(col(AIType.name) == "chat"))
    query = sa.select(AIModel).where(col(AIModel.provider_id) == provider_id)
    known = {row.name: row for row in await session.scalars(query)}
    for info in models:
        row = known.pop(info.name, None)
        if row is None:
            fresh = AIModel(
                provider_id=provider_id,
                type_id=chat_type,
                name=info.name[:200],
                display_name=(info.display_name or shown_name(info.name))[:200],
                context_window=info.context_window,
                max_tokens=info.max_output_tokens,
                capabilities=[*info.capabilities, *([THINKING] if info.thinks else [])],
            )
            await insert_missing(session, AIModel, [fresh.model_dump()])
        elif (
            not row.is_available
            or (info.context_window and row.context_window != info.context_window)
            or not set(info.capabilities) <= set(row.capabilities)
        ):
            row.is_available = True
            row.capabilities = sorted({*row.capabilities, *info.capabilities})
            row.context_window = info.context_window or row.context_window
            row.updated_at = now()
        if row is not None and info.thinks and THINKING not in row.capabilities:
            row.capabilities = [*row.capabilities, THINKING]
    for gone in known.values():
        if gone.is_available:
            gone.is_available, gone.updated_at = False, now()


async def sync_all() -> bool:
    """Sync every active provider, all at once; whether there are some and all offer models."""
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(AIProvider.id)).where(col(AIProvider.is_active).is_(True))
        ids = list(await session.scalars(query))
    answers = await asyncio.gather(*(sync_provider(each) for each in ids))
    return bool(answers) and all(answers)


async def keep_in_sync(bundled_url: Callable[[], str | None]) -> None:
    """Find providers, then keep their health and models up to date, for ever.

    Args:
        bundled_url: tells where the bundled LLM service listens now; None if it does not
            (yet), or if the settings name another one.
    """
    pause = SYNC_FIRST_S
    while True:
        pause = min(pause * 1.5, SYNC_EVERY_S)
        try:
            found = _located(await discover(get_settings()), bundled_url())
            await ensure_providers(found)
            is_complete = any(each.type == "llm_api" for each in found)
            if await sync_all() and is_complete:
                pause = SYNC_EVERY_S
        except sa.exc.SQLAlchemyError:
            logger.exception("providers could not be synced; trying again")
        # A model that is still loading is asked again soon; after that once a minute.
        await asyncio.sleep(pause)


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
            detail=row.status_detail,
            latency_ms=UNKNOWN if row.latency_ms is None else row.latency_ms,
        )
        for row, models in (await session.execute(query)).all()
    ]
