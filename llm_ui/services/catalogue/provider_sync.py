"""Syncing providers: checking their health, listing their models and recording what has changed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, replace
from pathlib import PurePath
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.db import insert_missing, unit_of_work
from llm_ui.enums import LogLevel, ProviderStatus
from llm_ui.errors import ProviderError
from llm_ui.models import AIModel, AIProvider, AIType
from llm_ui.models.base import now
from llm_ui.providers.registry import TYPES
from llm_ui.providers.several import Answered, Several
from llm_ui.schemas.catalogue.providers import SyncReport
from llm_ui.security import names
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue.adapters import adapter_for, note_address
from llm_ui.services.catalogue.capabilities import THINKING
from llm_ui.services.catalogue.model_views import ADDED
from llm_ui.services.catalogue.models import CHAT, EMBEDDING, IMAGES
from llm_ui.services.money import prices
from llm_ui.wire.events import ModelInfo
from llm_ui.wire.failures import reason_of

# How many names of each kind are stored with the row; the counts cover all.
NAMES_KEPT = 50
NAME_LIMIT = 200
# Model lists don't say which models are for embeddings or images, so the name decides.
_EMBEDS = re.compile(r"embed", re.IGNORECASE)
_MAKES_IMAGES = re.compile(
    r"dall-e|(gpt|chatgpt|qwen)-image|\bflux[.-]?(\d|schnell|dev|pro)|stable-?diffusion"
    r"|\bsd-?(xl|[123](\.\d)?)\b|imagen-\d|grok-\d.*-image|seedream|hidream|ideogram|recraft"
    r"|kandinsky",
    re.IGNORECASE,
)


async def sync_provider(provider_id: str) -> SyncReport | None:
    """Sync a provider: record its health, and which models are new, changed or removed.

    Returns:
        what has changed; None if it didn't answer, is switched off or no longer exists. A provider
        that is still loading reports no models.
    """
    async with unit_of_work(writes=False) as session:
        row = await session.get(AIProvider, provider_id)
        if row is None or not row.is_active:
            return None
        adapter = await opened(session, row)
    if isinstance(adapter, ProviderError):
        async with unit_of_work() as session:
            await note_unopened(session, row, adapter)
        return None
    found = await adapter.ask_each()
    async with unit_of_work() as session:
        best = await note_answers(session, row, found)
        # It may have since been removed.
        if best is None or await session.get(AIProvider, row.id, with_for_update=True) is None:
            return None
        report = await _note_models(session, row, best.models)
        await session.execute(
            sa.update(AIProvider).where(col(AIProvider.id) == row.id).values(**_kept(report))
        )
    return report


async def opened(session: AsyncSession, row: AIProvider) -> Several | ProviderError:
    """A provider's adapter, or the error that prevents opening it."""
    try:
        return await adapter_for(session, row)
    except ProviderError as error:
        return error


async def sync_all() -> bool:
    """Sync all active providers concurrently.

    Returns whether there are any and all of them offer models.
    """
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(AIProvider.id)).where(col(AIProvider.is_active).is_(True))
        ids = list(await session.scalars(query))
    reports = await asyncio.gather(*(sync_provider(each) for each in ids))
    return bool(reports) and all(each is not None and each.models for each in reports)


# --- health -------------------------------------------------------------------------------


async def note_unopened(session: AsyncSession, row: AIProvider, error: ProviderError) -> None:
    """Record that a provider's adapter cannot be opened."""
    await note_address(session, row.id, "", error)
    await note_status(session, row, error)


async def note_answers(
    session: AsyncSession, row: AIProvider, found: list[Answered]
) -> Answered | None:
    """Record how each address responded, and whether the provider is up.

    Returns:
        the first successful response in the order of the addresses.
    """
    for each in found:
        await note_address(session, row.id, each.route.key, each.error, each.latency_ms)
    best = next((each for each in found if each.error is None), None)
    await note_status(session, row, None if best else found[0].error)
    return best


async def note_status(session: AsyncSession, row: AIProvider, error: ProviderError | None) -> None:
    """Record whether a provider is up (`error` is None); a change is logged."""
    status = col(AIProvider.status)
    own, down = col(AIProvider.id) == row.id, ProviderStatus.DOWN
    # Several workers sync the same provider; only the first to record a change logs it.
    changed = await session.execute(
        sa.update(AIProvider)
        .where(own, status != down if error else status == down)
        .values(status=down if error else ProviderStatus.OK, status_since=now())
    )
    if cast("CursorResult[Any]", changed).rowcount:
        if error is None:
            record(session, "provider.up", row.name, provider=row.name)
        else:
            text = f"{row.name}: {error.detail or error.code}"
            record(
                session,
                "provider.down",
                text,
                level=LogLevel.ERROR,
                provider=row.name,
                reason=reason_of(error),
            )
    elif error is None:
        await session.execute(
            sa.update(AIProvider)
            .where(own, status == ProviderStatus.UNKNOWN)
            .values(status=ProviderStatus.OK, status_since=now())
        )


# --- models -------------------------------------------------------------------------------


def shown_name(name: str) -> str:
    """A model's display name, without invisible characters.

    If the name is a file path, as llama.cpp reports it, the display name is the path's stem.
    """
    stem = PurePath(name).stem if name.endswith(".gguf") else name
    return names.visible(stem) or stem


def _kept(report: SyncReport) -> dict[str, Any]:
    values: dict[str, Any] = {"synced_at": now()}
    if report.is_news:
        short = replace(
            report,
            at=now().isoformat(),
            new=report.new[:NAMES_KEPT],
            changed=report.changed[:NAMES_KEPT],
            gone=report.gone[:NAMES_KEPT],
        )
        values["sync_result"] = asdict(short)
    return values


def slug_of(name: str, provider_type: str) -> str:
    """The slug of the built-in type for a model with this name."""
    if TYPES[provider_type].image_settings and _MAKES_IMAGES.search(name):
        return IMAGES
    return EMBEDDING if _EMBEDS.search(name) else CHAT


async def types_by_slug(session: AsyncSession) -> dict[str, str]:
    """The IDs of the built-in types that exist, by slug."""
    slugged = await session.execute(sa.select(col(AIType.slug), col(AIType.id)))
    return {slug: type_id for slug, type_id in slugged.all() if slug}


async def _note_models(
    session: AsyncSession, provider: AIProvider, models: list[ModelInfo]
) -> SyncReport:
    types = await types_by_slug(session)
    query = sa.select(AIModel).where(col(AIModel.provider_id) == provider.id)
    known = {row.name: row for row in await session.scalars(query)}
    last = max((row.sort_order for row in known.values()), default=0)
    new: list[str] = []
    added: list[str] = []
    changed: list[str] = []
    gone: list[str] = []
    for info in models:
        name = info.name[:NAME_LIMIT]
        row = known.pop(name, None)
        if row is None:
            fresh = AIModel(
                provider_id=provider.id,
                model_type=types.get(slug_of(name, provider.provider_type)),
                # After the models that an administrator has ordered.
                sort_order=last + 1 if last else 0,
                name=name,
                display_name=shown_name(info.display_name or info.name)[:NAME_LIMIT],
                context_window=info.context_window,
                max_tokens=info.max_output_tokens,
                capabilities=[*info.capabilities, *([THINKING] if info.thinks else [])],
                is_active=provider.offers_new_models,
            )
            await insert_missing(session, AIModel, [fresh.model_dump()])
            new.append(name)
            added.append(name)
        elif not row.is_available:
            _take_over(row, info)
            new.append(name)
        elif _differs(row, info):
            _take_over(row, info)
            changed.append(name)
    for row in known.values():
        if row.is_available and ADDED not in row.fixed:
            row.is_available, row.updated_at = False, now()
            gone.append(row.name)
    await prices.give_listed(session, provider, added)
    return SyncReport(
        models=len(models),
        new=new,
        changed=changed,
        gone=gone,
        new_count=len(new),
        changed_count=len(changed),
        gone_count=len(gone),
    )


def _able(info: ModelInfo) -> set[str]:
    return {*info.capabilities, *((THINKING,) if info.thinks else ())}


def _told(row: AIModel, info: ModelInfo) -> dict[str, Any]:
    """What the provider reports about a model, except for fields that an administrator has set."""
    told: dict[str, Any] = {"capabilities": sorted({*row.capabilities, *_able(info)})}
    if info.context_window:
        told["context_window"] = info.context_window
    if info.max_output_tokens:
        told["max_tokens"] = info.max_output_tokens
    return {name: value for name, value in told.items() if name not in row.fixed}


def _differs(row: AIModel, info: ModelInfo) -> bool:
    told = _told(row, info)
    able = told.pop("capabilities", ())
    return not set(able) <= set(row.capabilities) or any(
        getattr(row, name) != value for name, value in told.items()
    )


def _take_over(row: AIModel, info: ModelInfo) -> None:
    row.is_available = True
    for name, value in _told(row, info).items():
        setattr(row, name, value)
    row.updated_at = now()
