"""Provider administration: create, change, remove.

Keys and header values are write-only. They are never sent to a host other than the one they were
entered for: changing the host requires entering them again.
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
from llm_ui.enums import ProviderOrigin, ProviderStatus
from llm_ui.errors import Conflict, InvalidInput, Refusals
from llm_ui.generation import current_engine
from llm_ui.models import AIModel, AIProvider, ProviderEndpoint
from llm_ui.models.base import now
from llm_ui.providers.registry import TYPES, type_named
from llm_ui.schemas.catalogue.providers import ProviderDraft, ProviderItem
from llm_ui.security.ssrf import same_origin
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue import provider_checks as checks
from llm_ui.services.catalogue.adapters import encrypted, encrypted_headers, forget_adapter
from llm_ui.services.catalogue.provider_views import (
    active_runs,
    get_provider,
    is_deletable,
    load,
    stored_headers,
)

# How long removal waits for running answers to end, in tenths of a second.
RUNS_END_WITHIN = 100


async def create_provider(
    session: AsyncSession, actor: Actor, type: str, draft: ProviderDraft
) -> ProviderItem:
    """Add a provider. Raises InvalidInput, which names the field."""
    require(actor, "administer")
    kind = type_named(type)
    row = AIProvider(
        name="",
        provider_type=type,
        api_url="",
        is_active=draft.is_active is not False,
        offers_new_models=draft.offers_new_models is not False,
    )
    refusals = Refusals()
    with refusals:
        row.name = checks.clean_name(draft.name or "")
    with refusals:
        default = kind.default_base_url
        row.api_url = checks.clean_address(default if draft.api_url is None else draft.api_url)
    with refusals:
        key = checks.clean_key(draft.api_key or "")
        if kind.needs_key and not key:
            raise InvalidInput("error.provider_key_needed", field="api_key")
        row.api_key = encrypted(key) if key else None
    with refusals:
        row.headers_encrypted = encrypted_headers(checks.clean_headers(draft.headers or {}))
    with refusals:
        row.concurrency_limit = checks.clean_limit(draft.limit or 0)
    with refusals:
        row.timeouts = checks.clean_timeouts(draft.timeouts or {})
    refusals.done()
    session.add(row)
    await session.flush()
    record(
        session,
        "admin.provider_created",
        f"{row.name} ({row.api_url})",
        user_id=actor.user_id,
        provider=row.name,
        type=type,
        api_url=row.api_url,
    )
    return await get_provider(session, actor, row.id)


async def get_for_change(session: AsyncSession, actor: Actor, provider_id: str) -> ProviderItem:
    """One provider, locked until the commit. Raises NotFound."""
    require(actor, "administer")
    await load(session, provider_id, lock=True)
    return await get_provider(session, actor, provider_id)


async def update_provider(
    session: AsyncSession, actor: Actor, provider_id: str, draft: ProviderDraft
) -> ProviderItem:
    """Change the fields of a provider that the draft sets.

    Raises:
        NotFound: there is no such provider.
        InvalidInput: names the field; also for another host, to which a stored key or header would
            be sent.
        Conflict: the address or key of a provider that is configured in the environment.
    """
    require(actor, "administer")
    row = await load(session, provider_id, lock=True)
    before, secrets = _told(row), (row.api_key, row.headers_encrypted)
    _apply(row, draft)
    after = _told(row)
    differs = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if row.api_key and row.api_key != secrets[0]:
        differs["api_key"] = [before["api_key"], "replaced"]
    if row.headers_encrypted != secrets[1]:
        differs["headers"] = [before["headers"], after["headers"]]
    if differs:
        row.updated_at = now()
        if differs.keys() & {"api_url", "api_key", "headers"}:
            row.status, row.status_reason, row.status_detail = ProviderStatus.UNKNOWN, "", ""
            row.latency_ms = row.status_since = None
        await session.flush()
        record_change(session, actor, row, differs)
    return await get_provider(session, actor, row.id)


def record_change(
    session: AsyncSession, actor: Actor, row: AIProvider, changes: dict[str, Any]
) -> None:
    """Log a change with the values before and after, without keys and header values."""
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
        "api_url": row.api_url,
        "api_key": "stored" if row.api_key else "none",
        "headers": sorted(stored_headers(row)),
        "limit": row.concurrency_limit,
        "timeouts": dict(row.timeouts),
        "is_active": row.is_active,
        "offers_new_models": row.offers_new_models,
    }


def _apply(row: AIProvider, draft: ProviderDraft) -> None:
    refusals = Refusals()
    if draft.name is not None:
        with refusals:
            row.name = checks.clean_name(draft.name)
    if draft.limit is not None:
        with refusals:
            row.concurrency_limit = checks.clean_limit(draft.limit)
    if draft.timeouts is not None:
        with refusals:
            row.timeouts = checks.clean_timeouts(draft.timeouts)
    if draft.is_active is not None:
        row.is_active = draft.is_active
    if draft.offers_new_models is not None:
        row.offers_new_models = draft.offers_new_models
    with refusals:
        api_url = row.api_url if draft.api_url is None else checks.clean_address(draft.api_url)
        if row.origin != ProviderOrigin.ADMIN and (
            api_url != row.api_url or draft.api_key is not None
        ):
            names = " · ".join(TYPES[row.provider_type].variables)
            raise Conflict("error.provider_environment", variables=names)
        put_address(row, api_url, draft.api_key, draft.headers)
        if (
            TYPES[row.provider_type].needs_key
            and not row.api_key
            and row.origin == ProviderOrigin.ADMIN
        ):
            raise InvalidInput("error.provider_key_needed", field="api_key")
    refusals.done()


def put_address(
    row: AIProvider | ProviderEndpoint,
    api_url: str,
    api_key: str | None,
    headers: Mapping[str, str | None] | None,
) -> None:
    """Set an address and its secrets; stored secrets are not carried over to another host.

    Raises:
        InvalidInput: names the field.
    """
    stored = stored_headers(row)
    if not same_origin(api_url, row.api_url):
        if row.api_key and api_key is None:
            raise InvalidInput("error.provider_key_again", field="api_key")
        kept = stored if headers is None else [name for name, v in headers.items() if v is None]
        if stored and kept:
            raise InvalidInput("error.provider_headers_again", field="headers")
    row.api_url = api_url
    if api_key is not None:
        key = checks.clean_key(api_key)
        row.api_key = encrypted(key) if key else None
    if headers is not None:
        cleaned = checks.clean_headers(headers, stored)
        if cleaned != stored:
            row.headers_encrypted = encrypted_headers(cleaned)


async def delete_provider(actor: Actor, provider_id: str) -> None:
    """Remove a provider with its models.

    Chats keep their answers; running ones fail with an error that says why.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is configured in the environment, so it would come back.
    """
    require(actor, "administer")
    async with unit_of_work() as session:
        row = await load(session, provider_id, lock=True)
        if not is_deletable(row):
            names = " · ".join(TYPES[row.provider_type].variables)
            raise Conflict("error.provider_comes_back", variables=names)
        # Prevents new runs from starting.
        row.is_active, row.updated_at = False, now()
    await end_runs(col(AIModel.provider_id) == provider_id)
    async with unit_of_work() as session:
        row = await load(session, provider_id, lock=True)
        record(
            session,
            "admin.provider_deleted",
            f"{row.name} ({row.api_url})",
            user_id=actor.user_id,
            provider=row.name,
            type=row.provider_type,
            api_url=row.api_url,
        )
        await session.execute(sa.delete(AIProvider).where(col(AIProvider.id) == provider_id))
        after_commit(session, lambda: forget_adapter(provider_id))


async def end_runs(which: sa.ColumnElement[bool]) -> None:
    """End the running answers of models that are about to be deleted.

    Their usage rows refer to the models, so these must be deleted only afterwards.
    """
    for _ in range(RUNS_END_WITHIN):
        async with unit_of_work(writes=False) as session:
            running = await active_runs(session, which)
        if not running:
            return
        await _withdraw(running)
        await asyncio.sleep(0.1)


async def _withdraw(run_ids: Sequence[str]) -> None:
    engine = current_engine()
    if engine is not None:
        for run_id in run_ids:
            await engine.withdraw(run_id)
