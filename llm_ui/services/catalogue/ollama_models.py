"""Models on the disk of an Ollama server, managed by administrators: list, pull, delete.

Pulling takes minutes, so it is a job.
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
from llm_ui.providers.registry import TYPES
from llm_ui.schemas.catalogue.providers import InstalledModel, PullItem
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.security import encryption
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue.adapters import ONCE, headers_of, key_of, timeouts_of
from llm_ui.services.catalogue.provider_sync import sync_provider
from llm_ui.services.catalogue.provider_views import load
from llm_ui.services.operations import jobs

KIND = "model_pull"
NAME_LIMIT = 200
# How many recent downloads are shown.
PULLS_SHOWN = 5
# hf.co/owner/name:Q4_K_M, registry.example.org:5000/name:tag, name
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")

Progress = Callable[..., Awaitable[None]]


def clean_name(name: str) -> str:
    """A model name in Ollama's format. Raises InvalidInput."""
    cleaned = name.strip()
    # People paste the whole command.
    for before in ("ollama pull ", "ollama run "):
        cleaned = cleaned.removeprefix(before).strip()
    if len(cleaned) > NAME_LIMIT or not _NAME.fullmatch(cleaned) or ".." in cleaned:
        raise InvalidInput("error.pull_name", field="name")
    return cleaned


async def list_installed(actor: Actor, provider_id: str) -> list[InstalledModel]:
    """The models on the disk, by name.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is not an Ollama server.
        ProviderError: it doesn't answer.
    """
    require(actor, "administer")
    async with _library(await _ollama(provider_id)) as library:
        return [InstalledModel(each.name, each.size) for each in await library.stored()]


async def pull(session: AsyncSession, actor: Actor, provider_id: str, name: str) -> JobItem:
    """Queue a job that downloads a model; returns the running job if there is one.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is not an Ollama server, or is switched off.
        InvalidInput: not a valid model name.
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
    """A provider's recent downloads, newest first. Raises NotFound."""
    require(actor, "administer")
    await load(session, provider_id)
    query = (
        sa.select(BackgroundJob)
        .where(
            col(BackgroundJob.job_type) == KIND,
            col(BackgroundJob.key).startswith(_key_of(provider_id), autoescape=True),
        )
        .order_by(col(BackgroundJob.job_id).desc())
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
    """Delete a model from the disk; it is no longer offered.

    Raises:
        NotFound: there is no such provider, or it has no such model.
        Conflict: it is not an Ollama server.
        ProviderError: it doesn't answer.
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
    """Pull a model and sync the provider's models. Run by the job.

    Args:
        progress: called with the progress; an exception it raises aborts the download.
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
                # Progress must not go back when a new layer appears.
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
    """Translates a 404, which here doesn't mean that an offered model is gone."""
    return instead if error.params.get("status") == 404 else error


# --- connecting -----------------------------------------------------------------------------


def _checked(row: AIProvider) -> AIProvider:
    if TYPES[row.provider_type].library is None:
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
    open_library = TYPES[row.provider_type].library
    assert open_library is not None
    library = open_library(Endpoint(row.api_url, key, timeouts, tuple(headers.items()), ONCE))
    try:
        yield library
    finally:
        await library.aclose()
