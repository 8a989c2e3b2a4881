"""Providers as an admin sees them; nothing of a key or of a header's value is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.config import get_settings
from llm_ui.errors import NotFound
from llm_ui.models import ACTIVE, AIModel, AIProvider, ChatHistory, Generation, ProviderEndpoint
from llm_ui.providers.discovery import is_named
from llm_ui.providers.registry import INFO, PRESETS
from llm_ui.schemas.providers import (
    AddressItem,
    Hanging,
    PresetItem,
    ProviderItem,
    SyncReport,
    TypeItem,
)
from llm_ui.schemas.views import UNKNOWN, Page
from llm_ui.security import encryption
from llm_ui.services.adapters import headers_of, timeouts_of
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
# The origin of those that an admin has made.
OWN = "admin"


def types(actor: Actor) -> list[TypeItem]:
    """The types of providers there are."""
    require(actor, "administer")
    return [
        TypeItem(type, info.label, info.default_base_url, info.needs_key)
        for type, info in INFO.items()
    ]


def presets(actor: Actor) -> list[PresetItem]:
    """Well-known services, to begin a form with."""
    require(actor, "administer")
    return [
        PresetItem(each.key, each.name, each.type, each.base_url, each.needs_key, each.is_local)
        for each in PRESETS
    ]


def timeouts(actor: Actor) -> dict[str, float]:
    """The installation's time-outs in seconds, which hold where a provider has none."""
    require(actor, "administer")
    return asdict(timeouts_of({}))


async def list_providers(
    session: AsyncSession, actor: Actor, cursor: str | None = None, limit: int = PAGE
) -> Page[ProviderItem]:
    """All providers, the oldest first."""
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
    """A provider's row, for services that have made sure of an admin. Raises NotFound."""
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
        type=row.type,
        origin=row.origin,
        limit=row.concurrency_limit or 0,
        timeouts={name: float(seconds) for name, seconds in row.timeouts.items()},
        models=models,
        synced_at=row.synced_at.isoformat() if row.synced_at else "",
        sync=SyncReport(**row.sync_result),
        addresses=further,
        variables=[] if row.origin == OWN else list(INFO[row.type].variables),
        is_deletable=is_deletable(row),
        takes_files=row.origin == "bundled" and not get_settings().llm_api_url,
        created_at=row.created_at.isoformat(),
        **_shared(row),
    )


def address_item(row: ProviderEndpoint) -> AddressItem:
    """A further address as it is shown."""
    return AddressItem(id=row.id, **_shared(row))


def _shared(row: AIProvider | ProviderEndpoint) -> dict[str, Any]:
    return {
        "base_url": row.base_url,
        "is_active": row.is_active,
        "key_stored": bool(row.api_key_encrypted),
        "headers": list(stored_headers(row)),
        "status": row.status,
        "reason": row.status_reason,
        "detail": row.status_detail,
        "latency_ms": UNKNOWN if row.latency_ms is None else row.latency_ms,
        "checked_at": row.checked_at.isoformat() if row.checked_at else "",
        "since": row.status_since.isoformat() if row.status_since else "",
    }


def stored_headers(row: AIProvider | ProviderEndpoint) -> dict[str, str]:
    """A row's headers; none if they cannot be decrypted any more."""
    try:
        return headers_of(row)
    except encryption.UndecryptableError:
        return {}


def is_deletable(row: AIProvider) -> bool:
    """Whether it stays away once it is removed: the environment does not name it."""
    return row.origin == OWN or not is_named(get_settings(), row.type)


async def hanging(session: AsyncSession, actor: Actor, provider_id: str) -> Hanging:
    """What hangs on a provider. Raises NotFound."""
    require(actor, "administer")
    row = await load(session, provider_id)
    own = sa.select(col(AIModel.id)).where(col(AIModel.provider_id) == row.id)
    count = sa.func.count()
    return Hanging(
        models=await session.scalar(
            sa.select(count).where(col(AIModel.provider_id) == row.id)
        ) or 0,
        chats=await session.scalar(
            sa.select(count).where(
                col(ChatHistory.model_id).in_(own), col(ChatHistory.deleted_at).is_(None)
            )
        ) or 0,
        running=len(await active_runs(session, row.id)),
    )  # fmt: skip


async def active_runs(session: AsyncSession, provider_id: str) -> list[str]:
    """The answers of a provider's models that are waiting or being written."""
    query = (
        sa.select(col(Generation.id))
        .join(AIModel, col(AIModel.id) == Generation.model_id)
        .where(col(AIModel.provider_id) == provider_id, col(Generation.state).in_(ACTIVE))
    )
    return list(await session.scalars(query))
