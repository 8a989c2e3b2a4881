"""Asking a provider how it is and which models it has, and writing down what is different."""

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
from llm_ui.errors import ProviderError
from llm_ui.models import AIModel, AIProvider, AIType
from llm_ui.models.base import now
from llm_ui.providers.several import Answered, Several
from llm_ui.schemas.providers import SyncReport
from llm_ui.security import names
from llm_ui.services import prices
from llm_ui.services.adapters import adapter_for, note_address
from llm_ui.services.models import CHAT, EMBEDDING
from llm_ui.services.modes import THINKING
from llm_ui.services.monitoring import record
from llm_ui.wire.events import ModelInfo
from llm_ui.wire.failures import reason_of

# Of each kind this many names are kept with the row; the counts are of all.
NAMES_KEPT = 50
NAME_LIMIT = 200
# Lists do not say which models embed; their names do.
_EMBEDS = re.compile(r"embed", re.IGNORECASE)


async def sync_provider(provider_id: str) -> SyncReport | None:
    """Ask a provider for its models; note its health, and what is new, changed or gone.

    Returns:
        what is different now; None if it did not answer, or is not asked (any more). One
        that is still loading answers with no models.
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
        # It may have been removed while it was asked.
        if best is None or await session.get(AIProvider, row.id, with_for_update=True) is None:
            return None
        report = await _note_models(session, row, best.models)
        await session.execute(
            sa.update(AIProvider).where(col(AIProvider.id) == row.id).values(**_kept(report))
        )
    return report


async def opened(session: AsyncSession, row: AIProvider) -> Several | ProviderError:
    """A provider's adapter, or why there is none."""
    try:
        return await adapter_for(session, row)
    except ProviderError as error:
        return error


async def sync_all() -> bool:
    """Sync every active provider, all at once; whether there are some and all offer models."""
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(AIProvider.id)).where(col(AIProvider.is_active).is_(True))
        ids = list(await session.scalars(query))
    reports = await asyncio.gather(*(sync_provider(each) for each in ids))
    return bool(reports) and all(each is not None and each.models for each in reports)


# --- health -------------------------------------------------------------------------------


async def note_unopened(session: AsyncSession, row: AIProvider, error: ProviderError) -> None:
    """Write down that a provider cannot even be asked."""
    await note_address(session, row.id, "", error)
    await note_status(session, row, error)


async def note_answers(
    session: AsyncSession, row: AIProvider, found: list[Answered]
) -> Answered | None:
    """Write down how each address answered, and whether the provider is up.

    Returns:
        the answer of the first address that gave one.
    """
    for each in found:
        await note_address(session, row.id, each.route.key, each.error, each.latency_ms)
    best = next((each for each in found if each.error is None), None)
    await note_status(session, row, None if best else found[0].error)
    return best


async def note_status(session: AsyncSession, row: AIProvider, error: ProviderError | None) -> None:
    """Write down whether a provider is up (`error` None); a change is recorded in the log."""
    status = col(AIProvider.status)
    own = col(AIProvider.id) == row.id
    # Several workers ask the same provider: whoever notes a change first records it.
    changed = await session.execute(
        sa.update(AIProvider)
        .where(own, status != "down" if error else status == "down")
        .values(status="down" if error else "ok", status_since=now())
    )
    if cast("CursorResult[Any]", changed).rowcount:
        if error is None:
            record(session, "provider.up", row.name, provider=row.name)
        else:
            text = f"{row.name}: {error.detail or error.code}"
            record(
                session, "provider.down", text, level="error", provider=row.name,
                reason=reason_of(error),
            )  # fmt: skip
    elif error is None:
        await session.execute(
            sa.update(AIProvider)
            .where(own, status == "unknown")
            .values(status="ok", status_since=now())
        )


# --- models -------------------------------------------------------------------------------


def shown_name(name: str) -> str:
    """A model's name as people see it, without what cannot be seen: of a file's path (llama.cpp
    tells one) its stem."""
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


async def _note_models(
    session: AsyncSession, provider: AIProvider, models: list[ModelInfo]
) -> SyncReport:
    slugged = await session.execute(sa.select(col(AIType.slug), col(AIType.id)))
    types = {slug: type_id for slug, type_id in slugged.all() if slug}
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
                type_id=types.get(EMBEDDING if _EMBEDS.search(name) else CHAT),
                # Behind those that an admin has put in order.
                sort_order=last + 1 if last else 0,
                name=name,
                display_name=shown_name(info.display_name or info.name)[:NAME_LIMIT],
                context_window=info.context_window,
                max_tokens=info.max_output_tokens,
                capabilities=[*info.capabilities, *([THINKING] if info.thinks else [])],
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
        if row.is_available:
            row.is_available, row.updated_at = False, now()
            gone.append(row.name)
    await prices.give_listed(session, provider, added)
    return SyncReport(
        models=len(models), new=new, changed=changed, gone=gone,
        new_count=len(new), changed_count=len(changed), gone_count=len(gone),
    )  # fmt: skip


def _able(info: ModelInfo) -> set[str]:
    return {*info.capabilities, *((THINKING,) if info.thinks else ())}


def _told(row: AIModel, info: ModelInfo) -> dict[str, Any]:
    """What the provider says of a model, but for the fields that an admin has set."""
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
