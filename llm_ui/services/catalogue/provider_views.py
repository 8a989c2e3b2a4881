"""Providers as administrators see them, without keys and header values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.config import get_settings
from llm_ui.enums import ProviderOrigin
from llm_ui.errors import NotFound
from llm_ui.models import ACTIVE, AIModel, AIProvider, ChatHistory, Generation, ProviderEndpoint
from llm_ui.providers import registry
from llm_ui.providers.discovery import is_named
from llm_ui.providers.registry import TYPES
from llm_ui.schemas.catalogue.providers import (
    AddressItem,
    Dependents,
    PresetItem,
    ProviderItem,
    SyncReport,
    TypeItem,
)
from llm_ui.schemas.chats.views import UNKNOWN, Page
from llm_ui.security import encryption
from llm_ui.services.catalogue.adapters import headers_of, timeouts_of
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
TYPE_NAMES = tuple(TYPES)


def types(actor: Actor) -> list[TypeItem]:
    """The provider types."""
    require(actor, "administer")
    return [
        TypeItem(each.key, each.label, each.default_base_url, each.needs_key)
        for each in TYPES.values()
    ]


def presets(actor: Actor) -> list[PresetItem]:
    """Presets of well-known services for the form."""
    require(actor, "administer")
    return [
        PresetItem(each.key, each.name, kind.key, each.api_url, each.needs_key, each.is_local)
        for kind, each in registry.presets()
    ]


def timeouts(actor: Actor) -> dict[str, float]:
    """The installation's timeouts in seconds, which apply unless a provider has its own."""
    require(actor, "administer")
    return asdict(timeouts_of({}))


async def list_providers(
    session: AsyncSession, actor: Actor, cursor: str | None = None, limit: int = PAGE
) -> Page[ProviderItem]:
    """All providers, oldest first."""
    require(actor, "administer")
    at = col(AIProvider.created_at)
    query = sa.select(AIProvider).order_by(at, col(AIProvider.id)).limit(limit + 1)
    if cursor:
        moment, provider_id = position_of(cursor)
        query = query.where(
            sa.tuple_(at, col(AIProvider.id))
            > sa.tuple_(sa.literal(moment, AIProvider.__table__.c.created_at.type), provider_id)  # type: ignore[attr-defined]
        )
    rows = list(await session.scalars(query))
    more = rows[limit - 1] if len(rows) > limit else None
    return Page(
        await _items(session, rows[:limit]), cursor_of(more.created_at, more.id) if more else None
    )


async def get_provider(session: AsyncSession, actor: Actor, provider_id: str) -> ProviderItem:
    """One provider. Raises NotFound."""
    require(actor, "administer")
    return (await _items(session, [await load(session, provider_id)]))[0]


async def load(session: AsyncSession, provider_id: str, *, lock: bool = False) -> AIProvider:
    """A provider's row, for callers that have checked the actor's role. Raises NotFound."""
    row = await session.get(AIProvider, provider_id, with_for_update=lock, populate_existing=True)
    if row is None:
        raise NotFound
    return row


async def _items(session: AsyncSession, rows: Sequence[AIProvider]) -> list[ProviderItem]:
    ids = [row.id for row in rows]
    counted = await session.execute(
        sa.select(col(AIModel.provider_id), sa.func.count())
        .where(col(AIModel.provider_id).in_(ids), col(AIModel.is_available).is_(True))
        .group_by(col(AIModel.provider_id))
    )
    models = {row[0]: row[1] for row in counted.all()}
    further: dict[str, list[AddressItem]] = {}
    query = (
        sa.select(ProviderEndpoint)
        .where(col(ProviderEndpoint.provider_id).in_(ids))
        .order_by(col(ProviderEndpoint.position), col(ProviderEndpoint.id))
    )
    for each in await session.scalars(query):
        further.setdefault(each.provider_id, []).append(address_item(each))
    return [_item(row, models.get(row.id, 0), further.get(row.id, [])) for row in rows]


def _item(row: AIProvider, models: int, further: list[AddressItem]) -> ProviderItem:
    return ProviderItem(
        id=row.id,
        name=row.name,
        type=row.provider_type,
        origin=row.origin,
        offers_new_models=row.offers_new_models,
        limit=row.concurrency_limit or 0,
        timeouts={name: float(seconds) for name, seconds in row.timeouts.items()},
        models=models,
        synced_at=row.synced_at.isoformat() if row.synced_at else "",
        sync=SyncReport(**row.sync_result),
        addresses=further,
        variables=[]
        if row.origin == ProviderOrigin.ADMIN
        else list(TYPES[row.provider_type].variables),
        is_deletable=is_deletable(row),
        keeps_models=TYPES[row.provider_type].library is not None,
        takes_files=row.origin == ProviderOrigin.BUNDLED and not get_settings().llm_api_url,
        created_at=row.created_at.isoformat(),
        **_shared(row),
    )


def address_item(row: ProviderEndpoint) -> AddressItem:
    """A fallback address as shown to administrators."""
    return AddressItem(id=row.id, **_shared(row))


def _shared(row: AIProvider | ProviderEndpoint) -> dict[str, Any]:
    return {
        "api_url": row.api_url,
        "is_active": row.is_active,
        "key_stored": bool(row.api_key),
        "headers": list(stored_headers(row)),
        "status": row.status,
        "reason": row.status_reason,
        "detail": row.status_detail,
        "latency_ms": UNKNOWN if row.latency_ms is None else row.latency_ms,
        "checked_at": row.checked_at.isoformat() if row.checked_at else "",
        "since": row.status_since.isoformat() if row.status_since else "",
    }


def stored_headers(row: AIProvider | ProviderEndpoint) -> dict[str, str]:
    """A row's extra headers; none if they can no longer be decrypted."""
    try:
        return headers_of(row)
    except encryption.UndecryptableError:
        return {}


def is_deletable(row: AIProvider) -> bool:
    """Whether the provider stays removed, because it isn't configured in the environment."""
    return row.origin == ProviderOrigin.ADMIN or not is_named(get_settings(), row.provider_type)


async def dependents(session: AsyncSession, actor: Actor, provider_id: str) -> Dependents:
    """The dependents of a provider. Raises NotFound."""
    require(actor, "administer")
    row = await load(session, provider_id)
    own = sa.select(col(AIModel.id)).where(col(AIModel.provider_id) == row.id)
    count = sa.func.count()
    return Dependents(
        models=await session.scalar(sa.select(count).where(col(AIModel.provider_id) == row.id))
        or 0,
        chats=await session.scalar(
            sa.select(count).where(
                col(ChatHistory.model_id).in_(own), col(ChatHistory.deleted_at).is_(None)
            )
        )
        or 0,
        running=len(await active_runs(session, col(AIModel.provider_id) == row.id)),
    )


async def active_runs(session: AsyncSession, which: sa.ColumnElement[bool]) -> list[str]:
    """The queued and running runs of these models."""
    query = (
        sa.select(col(Generation.id))
        .join(AIModel, col(AIModel.id) == Generation.model_id)
        .where(which, col(Generation.state).in_(ACTIVE))
    )
    return list(await session.scalars(query))
