"""Providers in the hands of an admin: create, change, remove.

Keys and headers' values are written here and never given out again, not even to another host
than the one they were entered for: whoever changes the host has to enter them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import after_commit, unit_of_work
from llm_ui.errors import Conflict, InvalidInput
from llm_ui.generation import current_engine
from llm_ui.models import AIProvider, ProviderEndpoint
from llm_ui.models.base import now
from llm_ui.providers.registry import INFO
from llm_ui.schemas.providers import ProviderDraft, ProviderItem
from llm_ui.security.urls import same_origin
from llm_ui.services import provider_checks as checks
from llm_ui.services.adapters import encrypted, encrypted_headers, forget_adapter
from llm_ui.services.monitoring import record
from llm_ui.services.provider_views import (
    OWN,
    active_runs,
    get_provider,
    is_deletable,
    load,
    stored_headers,
)

# How long removing waits for running answers to end, in tenths of a second.
RUNS_END_WITHIN = 100


async def create_provider(
    session: AsyncSession, actor: Actor, type: str, draft: ProviderDraft
) -> ProviderItem:
    """Add a provider. Raises InvalidInput, which names the field."""
    require(actor, "administer")
    if type not in INFO:
        raise InvalidInput("error.provider_type", field="type", accepted=", ".join(INFO))
    key = checks.clean_key(draft.api_key or "")
    if INFO[type].needs_key and not key:
        raise InvalidInput("error.provider_key_needed", field="api_key")
    row = AIProvider(
        name=checks.clean_name(draft.name or ""),
        type=type,
        base_url=checks.clean_address(
            INFO[type].default_base_url if draft.base_url is None else draft.base_url
        ),
        api_key_encrypted=encrypted(key) if key else None,
        headers_encrypted=encrypted_headers(checks.clean_headers(draft.headers or {})),
        concurrency_limit=checks.clean_limit(draft.limit or 0),
        timeouts=checks.clean_timeouts(draft.timeouts or {}),
        is_active=draft.is_active is not False,
    )
    session.add(row)
    await session.flush()
    record(
        session,
        "admin.provider_created",
        f"{row.name} ({row.base_url})",
        user_id=actor.user_id,
        provider=row.name,
        type=type,
        base_url=row.base_url,
    )
    return await get_provider(session, actor, row.id)


async def get_for_change(session: AsyncSession, actor: Actor, provider_id: str) -> ProviderItem:
    """One provider, kept from other writers until the commit. Raises NotFound."""
    require(actor, "administer")
    await load(session, provider_id, lock=True)
    return await get_provider(session, actor, provider_id)


async def update_provider(
    session: AsyncSession, actor: Actor, provider_id: str, draft: ProviderDraft
) -> ProviderItem:
    """Change a provider; what the draft leaves out stays.

    Raises:
        NotFound: there is none.
        InvalidInput: names the field; also for an address elsewhere to which a stored key or
            header would go along.
        Conflict: the address or the key of one that the environment names.
    """
    require(actor, "administer")
    row = await load(session, provider_id, lock=True)
    before, secrets = _told(row), (row.api_key_encrypted, row.headers_encrypted)
    _apply(row, draft)
    after = _told(row)
    differs = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if row.api_key_encrypted and row.api_key_encrypted != secrets[0]:
        differs["api_key"] = [before["api_key"], "replaced"]
    if row.headers_encrypted != secrets[1]:
        differs["headers"] = [before["headers"], after["headers"]]
    if differs:
        row.updated_at = now()
        if differs.keys() & {"base_url", "api_key", "headers"}:
            row.status, row.status_reason, row.status_detail = "unknown", "", ""
            row.latency_ms = row.status_since = None
        await session.flush()
        record_change(session, actor, row, differs)
    return await get_provider(session, actor, row.id)


def record_change(
    session: AsyncSession, actor: Actor, row: AIProvider, changes: dict[str, Any]
) -> None:
    """A row of the log with what was before and after; never a key or a header's value."""
    record(
        session,
        "admin.provider_changed",
        f"{row.name}: {', '.join(changes)}",
        user_id=actor.user_id,
        provider=row.name,
        changes=changes,
    )


def _told(row: AIProvider) -> dict[str, Any]:
    return {
        "name": row.name,
        "base_url": row.base_url,
        "api_key": "stored" if row.api_key_encrypted else "none",
        "headers": sorted(stored_headers(row)),
        "limit": row.concurrency_limit,
        "timeouts": dict(row.timeouts),
        "is_active": row.is_active,
    }


def _apply(row: AIProvider, draft: ProviderDraft) -> None:
    if draft.name is not None:
        row.name = checks.clean_name(draft.name)
    if draft.limit is not None:
        row.concurrency_limit = checks.clean_limit(draft.limit)
    if draft.timeouts is not None:
        row.timeouts = checks.clean_timeouts(draft.timeouts)
    if draft.is_active is not None:
        row.is_active = draft.is_active
    base_url = row.base_url if draft.base_url is None else checks.clean_address(draft.base_url)
    if row.origin != OWN and (base_url != row.base_url or draft.api_key is not None):
        names = " · ".join(INFO[row.type].variables)
        raise Conflict("error.provider_environment", variables=names)
    put_address(row, base_url, draft.api_key, draft.headers)
    if INFO[row.type].needs_key and not row.api_key_encrypted and row.origin == OWN:
        raise InvalidInput("error.provider_key_needed", field="api_key")


def put_address(
    row: AIProvider | ProviderEndpoint,
    base_url: str,
    api_key: str | None,
    headers: Mapping[str, str | None] | None,
) -> None:
    """Write an address with its secrets; those that are stored do not go elsewhere with it.

    Raises:
        InvalidInput: names the field.
    """
    stored = stored_headers(row)
    if not same_origin(base_url, row.base_url):
        if row.api_key_encrypted and api_key is None:
            raise InvalidInput("error.provider_key_again", field="api_key")
        kept = stored if headers is None else [name for name, v in headers.items() if v is None]
        if stored and kept:
            raise InvalidInput("error.provider_headers_again", field="headers")
    row.base_url = base_url
    if api_key is not None:
        key = checks.clean_key(api_key)
        row.api_key_encrypted = encrypted(key) if key else None
    if headers is not None:
        cleaned = checks.clean_headers(headers, stored)
        if cleaned != stored:
            row.headers_encrypted = encrypted_headers(cleaned)


async def delete_provider(actor: Actor, provider_id: str) -> None:
    """Remove a provider with its models; chats keep their answers, running ones end with an
    error that says why.

    Raises:
        NotFound: there is none.
        Conflict: the environment names it, so it would come back.
    """
    require(actor, "administer")
    async with unit_of_work() as session:
        row = await load(session, provider_id, lock=True)
        if not is_deletable(row):
            names = " · ".join(INFO[row.type].variables)
            raise Conflict("error.provider_comes_back", variables=names)
        # From here on nothing new begins.
        row.is_active, row.updated_at = False, now()
    # Usage rows name their model: it goes after the answers' ends have been written.
    for _ in range(RUNS_END_WITHIN):
        async with unit_of_work(writes=False) as session:
            running = await active_runs(session, provider_id)
        if not running:
            break
        await _withdraw(running)
        await asyncio.sleep(0.1)
    async with unit_of_work() as session:
        row = await load(session, provider_id, lock=True)
        record(
            session,
            "admin.provider_deleted",
            f"{row.name} ({row.base_url})",
            user_id=actor.user_id,
            provider=row.name,
            type=row.type,
            base_url=row.base_url,
        )
        await session.execute(sa.delete(AIProvider).where(col(AIProvider.id) == provider_id))
        after_commit(session, lambda: forget_adapter(provider_id))


async def _withdraw(run_ids: Sequence[str]) -> None:
    engine = current_engine()
    if engine is not None:
        for run_id in run_ids:
            await engine.withdraw(run_id)
