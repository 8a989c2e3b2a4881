"""The models on the disk of an Ollama, in the hands of an admin: listed, pulled, deleted.

Pulling is a job: it takes minutes, and goes on whoever looks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, Conflict, InvalidInput, ModelUnavailable, NotFound
from llm_ui.models import AIProvider, BackgroundJob
from llm_ui.providers.base import Endpoint
from llm_ui.providers.ollama.library import OllamaLibrary
from llm_ui.schemas.jobs import JobItem
from llm_ui.schemas.providers import PullItem, StoredModel
from llm_ui.security import encryption
from llm_ui.services import jobs
from llm_ui.services.adapters import ONCE, headers_of, key_of, timeouts_of
from llm_ui.services.monitoring import record
from llm_ui.services.provider_sync import sync_provider
from llm_ui.services.provider_views import load

KIND = "model_pull"
NAME_LIMIT = 200
# As many of the last pulls are shown as one can look through.
PULLS_SHOWN = 5
# hf.co/owner/name:Q4_K_M, registry.example.org:5000/name:tag, name
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")

Progress = Callable[..., Awaitable[None]]


def clean_name(name: str) -> str:
    """The name of a model as Ollama takes it. Raises InvalidInput."""
    cleaned = name.strip()
    # People copy the whole command.
    for before in ("ollama pull ", "ollama run "):
        cleaned = cleaned.removeprefix(before).strip()
    if len(cleaned) > NAME_LIMIT or not _NAME.fullmatch(cleaned) or ".." in cleaned:
        raise InvalidInput("error.pull_name", field="name")
    return cleaned


async def list_stored(actor: Actor, provider_id: str) -> list[StoredModel]:
    """What is on the disk now, by name.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is no Ollama.
        ProviderError: it does not answer.
    """
    require(actor, "administer")
    async with _library(await _ollama(provider_id)) as library:
        return [StoredModel(each.name, each.size) for each in await library.stored()]


async def pull(session: AsyncSession, actor: Actor, provider_id: str, name: str) -> JobItem:
    """Queue the download of a model; while it is under way, the job that does it.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is no Ollama, or switched off.
        InvalidInput: no model has such a name.
    """
    require(actor, "administer")
    row = _checked(await load(session, provider_id))
    if not row.is_active:
        raise Conflict("error.provider_off")
    cleaned = clean_name(name)
    payload = {"provider_id": row.id, "provider": row.name, "model": cleaned}
    digest = hashlib.sha256(cleaned.encode()).hexdigest()[:24]
    return await jobs.enqueue(session, actor, KIND, payload, key=f"{_key_of(row.id)}{digest}")


def _key_of(provider_id: str) -> str:
    return f"{KIND}:{provider_id}:"


async def list_pulls(session: AsyncSession, actor: Actor, provider_id: str) -> list[PullItem]:
    """The last downloads of a provider, the newest first. Raises NotFound."""
    require(actor, "administer")
    await load(session, provider_id)
    query = (
        sa.select(BackgroundJob)
        .where(
            col(BackgroundJob.kind) == KIND,
            col(BackgroundJob.key).startswith(_key_of(provider_id), autoescape=True),
        )
        .order_by(col(BackgroundJob.id).desc())
        .limit(PULLS_SHOWN)
    )
    found = []
    for row in await session.scalars(query):
        item = jobs.item_of(row, "", actor)
        found.append(
            PullItem(
                job_id=item.id,
                model=str(row.payload.get("model", "")),
                status=item.status,
                progress=item.progress,
                note=item.note,
                error=item.error,
                cancel_requested=item.cancel_requested,
                can_cancel=item.can_cancel,
                can_retry=item.can_retry,
            )
        )
    return found


async def delete(actor: Actor, provider_id: str, name: str) -> None:
    """Remove a model from the disk; it is no longer offered.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is no Ollama.
        NotFound: it has no such model either.
        ProviderError: it does not answer.
    """
    require(actor, "administer")
    cleaned = clean_name(name)
    row = await _ollama(provider_id)
    try:
        async with _library(row) as library:
            await library.delete(cleaned)
    except ModelUnavailable as error:
        raise _absent(error, NotFound("error.stored_gone", model=cleaned)) from None
    async with unit_of_work() as session:
        record(
            session,
            "admin.model_deleted",
            f"{row.name}: {cleaned}",
            user_id=actor.user_id,
            provider=row.name,
            model=cleaned,
        )
    await sync_provider(provider_id)


# --- the job --------------------------------------------------------------------------------


async def download(provider_id: str, name: str, progress: Progress) -> dict[str, Any]:
    """Pull a model and have the provider's models listed anew; what the job calls.

    Args:
        progress: told how far it is; what it raises ends the download.
    """
    row = await _ollama(provider_id)
    await progress(0.0, "jobs.note.pull_begins", model=name)
    size, furthest = 0, 0.0
    try:
        async with _library(row) as library, aclosing(library.pull(name)) as states:
            async for state in states:
                size = state.total
                if not size:
                    continue
                # A layer that was not known yet is no step back.
                furthest = max(furthest, state.done / size)
                if state.done >= size:
                    await progress(0.99, "jobs.note.pull_checks", model=name)
                else:
                    said = {"done_bytes": state.done, "bytes": size}
                    await progress(furthest * 0.99, "jobs.note.pulling", model=name, **said)
    except ModelUnavailable as error:
        raise _absent(error, NotFound("error.pull_unknown", model=name)) from None
    await sync_provider(provider_id)
    return {"model": name, "provider": row.name, "bytes": size}


def _absent(error: ModelUnavailable, instead: NotFound) -> AppError:
    """What a 404 means here: not that a model which was offered is gone."""
    return instead if error.params.get("status") == 404 else error


# --- reaching it ----------------------------------------------------------------------------


def _checked(row: AIProvider) -> AIProvider:
    if row.type != "ollama":
        raise Conflict("error.not_ollama")
    return row


async def _ollama(provider_id: str) -> AIProvider:
    async with unit_of_work(writes=False) as session:
        return _checked(await load(session, provider_id))


@asynccontextmanager
async def _library(row: AIProvider) -> AsyncIterator[OllamaLibrary]:
    try:
        key, headers = key_of(row), headers_of(row)
    except encryption.UndecryptableError:
        raise ModelUnavailable(f"the key of {row.name} must be entered again") from None
    timeouts = timeouts_of(row.timeouts)
    library = OllamaLibrary(Endpoint(row.base_url, key, timeouts, tuple(headers.items()), ONCE))
    try:
        yield library
    finally:
        await library.aclose()
