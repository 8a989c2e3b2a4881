"""Fallback addresses of a provider, tried in order when the ones before them fail."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.enums import ProviderStatus
from llm_ui.errors import Conflict, NotFound
from llm_ui.models import AIProvider, ProviderEndpoint
from llm_ui.models.base import now
from llm_ui.schemas.catalogue.providers import AddressDraft, ProviderItem
from llm_ui.services.catalogue import provider_checks as checks
from llm_ui.services.catalogue.adapters import encrypted, encrypted_headers
from llm_ui.services.catalogue.provider_admin import put_address, record_change
from llm_ui.services.catalogue.provider_views import get_provider, load

ADDRESSES_LIMIT = 10


async def _all(session: AsyncSession, provider_id: str) -> list[ProviderEndpoint]:
    query = (
        sa.select(ProviderEndpoint)
        .where(col(ProviderEndpoint.provider_id) == provider_id)
        .order_by(col(ProviderEndpoint.position), col(ProviderEndpoint.id))
    )
    return list(await session.scalars(query))


async def _one(
    session: AsyncSession, provider_id: str, address_id: str
) -> tuple[AIProvider, ProviderEndpoint]:
    provider = await load(session, provider_id, lock=True)
    row = await session.get(ProviderEndpoint, address_id)
    if row is None or row.provider_id != provider.id:
        raise NotFound
    return provider, row


def _refuse_known(provider: AIProvider, rows: list[ProviderEndpoint], api_url: str) -> None:
    if api_url in (provider.api_url, *(row.api_url for row in rows)):
        raise Conflict("error.provider_address_known")


async def add_address(
    session: AsyncSession, actor: Actor, provider_id: str, draft: AddressDraft
) -> ProviderItem:
    """Add an address after the others.

    Raises:
        NotFound: there is no such provider.
        InvalidInput: names the field.
        Conflict: the provider already has this address, or too many.
    """
    require(actor, "administer")
    provider = await load(session, provider_id, lock=True)
    rows = await _all(session, provider_id)
    api_url = checks.clean_address(draft.api_url or "")
    _refuse_known(provider, rows, api_url)
    if len(rows) >= ADDRESSES_LIMIT:
        raise Conflict("error.provider_addresses_many", limit=ADDRESSES_LIMIT)
    key = checks.clean_key(draft.api_key or "")
    row = ProviderEndpoint(
        provider_id=provider.id,
        api_url=api_url,
        position=rows[-1].position + 1 if rows else 1,
        api_key=encrypted(key) if key else None,
        headers_encrypted=encrypted_headers(checks.clean_headers(draft.headers or {})),
        is_active=draft.is_active is not False,
    )
    session.add(row)
    return await _noted(session, actor, provider, [None, api_url])


async def update_address(
    session: AsyncSession, actor: Actor, provider_id: str, address_id: str, draft: AddressDraft
) -> ProviderItem:
    """Change the fields of an address that the draft sets.

    Raises:
        NotFound: there is no such provider or address.
        InvalidInput: names the field; this includes a change to another host, to which a stored key
            would be sent.
        Conflict: the provider already has this address.
    """
    require(actor, "administer")
    provider, row = await _one(session, provider_id, address_id)
    before = row.api_url
    api_url = before if draft.api_url is None else checks.clean_address(draft.api_url)
    if api_url != before:
        _refuse_known(provider, await _all(session, provider_id), api_url)
    secrets = row.api_key, row.headers_encrypted
    put_address(row, api_url, draft.api_key, draft.headers)
    if api_url != before or secrets != (row.api_key, row.headers_encrypted):
        row.status, row.status_reason, row.status_detail = ProviderStatus.UNKNOWN, "", ""
        row.latency_ms = row.status_since = None
    if draft.is_active is not None:
        row.is_active = draft.is_active
    return await _noted(session, actor, provider, [before, api_url], is_active=row.is_active)


async def move_address(
    session: AsyncSession, actor: Actor, provider_id: str, address_id: str, place: int
) -> ProviderItem:
    """Move an address to a place (from 0) among the further ones. Raises NotFound."""
    require(actor, "administer")
    provider, row = await _one(session, provider_id, address_id)
    others = [each for each in await _all(session, provider_id) if each.id != row.id]
    at = max(0, min(place, len(others)))
    for position, each in enumerate([*others[:at], row, *others[at:]], 1):
        each.position = position
    return await _noted(session, actor, provider, [row.api_url, row.api_url], place=at + 1)


async def delete_address(
    session: AsyncSession, actor: Actor, provider_id: str, address_id: str
) -> ProviderItem:
    """Remove an address. Raises NotFound."""
    require(actor, "administer")
    provider, row = await _one(session, provider_id, address_id)
    await session.delete(row)
    return await _noted(session, actor, provider, [row.api_url, None])


async def _noted(
    session: AsyncSession,
    actor: Actor,
    provider: AIProvider,
    address: list[str | None],
    **also: int,
) -> ProviderItem:
    """Finish a change: reopen adapters, add a log row, and return the provider."""
    provider.updated_at = now()
    await session.flush()
    changes = {"address": address, **{name: [None, value] for name, value in also.items()}}
    record_change(session, actor, provider, changes)
    return await get_provider(session, actor, provider.id)
