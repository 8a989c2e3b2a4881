"""Media providers in the hands of an admin: create, change, remove; and what their models and
types share with them (see media_models).

Keys are written here and never given out again, not even to another host than the one they
were entered for.
"""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.generation import current_engine
from llm_ui.models import Generation, MediaModel, MediaProvider
from llm_ui.models.base import now
from llm_ui.providers.images.registry import ADAPTERS
from llm_ui.schemas.media import MediaProviderDraft, MediaProviderItem
from llm_ui.security.urls import same_origin
from llm_ui.services import provider_checks as checks
from llm_ui.services.adapters import encrypted
from llm_ui.services.media_views import active_runs, get_provider, load
from llm_ui.services.monitoring import record

RUNS_END_WITHIN = 100


async def create_provider(
    session: AsyncSession, actor: Actor, type: str, draft: MediaProviderDraft
) -> MediaProviderItem:
    """Add a provider.

    Raises:
        InvalidInput: names the field; also for a name that there is already.
    """
    require(actor, "administer")
    if type not in ADAPTERS:
        raise InvalidInput("error.provider_type", field="type", accepted=", ".join(ADAPTERS))
    key = checks.clean_key(draft.api_key or "")
    row = MediaProvider(
        name=checks.clean_name(draft.name or ""),
        type=type,
        base_url=checks.clean_address(draft.base_url or ""),
        api_key_encrypted=encrypted(key) if key else None,
        is_active=draft.is_active is not False,
    )
    session.add(row)
    await flush_named(session, "error.media_name_known")
    record(
        session,
        "admin.media_provider_created",
        f"{row.name} ({row.base_url})",
        user_id=actor.user_id,
        provider=row.name,
        type=type,
        base_url=row.base_url,
    )
    return await get_provider(session, actor, row.id)


async def update_provider(
    session: AsyncSession, actor: Actor, provider_id: str, draft: MediaProviderDraft
) -> MediaProviderItem:
    """Change a provider; what the draft leaves out stays.

    Raises:
        NotFound: there is none.
        InvalidInput: names the field; also for an address elsewhere to which the stored key
            would go along.
    """
    require(actor, "administer")
    row = await load(session, provider_id, lock=True)
    before, secret = _told(row), row.api_key_encrypted
    if draft.name is not None:
        row.name = checks.clean_name(draft.name)
    if draft.is_active is not None:
        row.is_active = draft.is_active
    base_url = row.base_url if draft.base_url is None else checks.clean_address(draft.base_url)
    refuse_key_elsewhere(row, base_url, draft.api_key)
    row.base_url = base_url
    if draft.api_key is not None:
        key = checks.clean_key(draft.api_key)
        row.api_key_encrypted = encrypted(key) if key else None
    differs = differences(before, _told(row))
    if row.api_key_encrypted and row.api_key_encrypted != secret:
        differs["api_key"] = [before["api_key"], "replaced"]
    if differs:
        row.updated_at = now()
        name = row.name
        await flush_named(session, "error.media_name_known")
        record_change(session, actor, "admin.media_provider_changed", name, differs)
    return await get_provider(session, actor, row.id)


def refuse_key_elsewhere(row: MediaProvider, base_url: str, api_key: str | None) -> None:
    """Raise InvalidInput if the stored key would go to another server than its own."""
    moved = not same_origin(base_url, row.base_url)
    if moved and row.api_key_encrypted and api_key is None:
        raise InvalidInput("error.provider_key_again", field="api_key")


async def delete_provider(actor: Actor, provider_id: str) -> None:
    """Remove a provider with its models; images that were made stay, runs that are under way
    end with an error that says why. Raises NotFound."""
    require(actor, "administer")
    async with unit_of_work() as session:
        row = await load(session, provider_id, lock=True)
        row.is_active, row.updated_at = False, now()
    own = sa.select(col(MediaModel.id)).where(col(MediaModel.provider_id) == provider_id)
    await end_runs(col(Generation.media_model_id).in_(own))
    async with unit_of_work() as session:
        row = await load(session, provider_id, lock=True)
        record(
            session,
            "admin.media_provider_deleted",
            f"{row.name} ({row.base_url})",
            user_id=actor.user_id,
            provider=row.name,
            base_url=row.base_url,
        )
        await session.execute(sa.delete(MediaProvider).where(col(MediaProvider.id) == row.id))


def _told(row: MediaProvider) -> dict[str, Any]:
    return {
        "name": row.name,
        "base_url": row.base_url,
        "api_key": "stored" if row.api_key_encrypted else "none",
        "is_active": row.is_active,
    }


# --- what models and types share ----------------------------------------------------------


async def end_runs(which: sa.ColumnElement[bool]) -> None:
    """End the runs of models that are about to go: their usage rows name the model."""
    for _ in range(RUNS_END_WITHIN):
        async with unit_of_work(writes=False) as session:
            running = await active_runs(session, which)
        engine = current_engine()
        if not running or engine is None:
            return
        for run_id in running:
            await engine.withdraw(run_id)
        await asyncio.sleep(0.1)


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def record_change(
    session: AsyncSession, actor: Actor, kind: str, name: str, changes: dict[str, Any]
) -> None:
    record(session, kind, f"{name}: {', '.join(changes)}", user_id=actor.user_id, changes=changes)


async def flush_named(session: AsyncSession, key: str) -> None:
    """Write; a name that is taken is a mistake of the form's, not a bug."""
    try:
        await session.flush()
    except IntegrityError:
        raise InvalidInput(key, field="name") from None
