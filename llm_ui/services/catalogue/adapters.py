"""Open adapters: one per provider row, reused until the row changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import LogLevel, ProviderStatus
from llm_ui.errors import ModelUnavailable, ProviderError
from llm_ui.models import AIProvider, ProviderEndpoint
from llm_ui.models.base import now
from llm_ui.providers.base import Endpoint
from llm_ui.providers.registry import open_provider
from llm_ui.providers.several import Note, Route, Several
from llm_ui.security import encryption
from llm_ui.security.ssrf import same_origin
from llm_ui.services.audit.recording import record
from llm_ui.wire.events import Timeouts
from llm_ui.wire.failures import reason_of
from llm_ui.wire.http import Retry

logger = logging.getLogger(__name__)

DETAIL_LIMIT = 500
# With only one address, the provider retries it; otherwise the next address is tried.
ONCE = Retry(attempts=1)

_adapters: dict[str, tuple[tuple[str, ...], Several]] = {}
_notes: set[asyncio.Task[None]] = set()
# Set when an answer finds a provider down, to trigger a health check.
somebody_lost = asyncio.Event()


# --- secrets ----------------------------------------------------------------------------


def encrypted(text: str) -> str:
    """Encrypt a key for storage."""
    return encryption.encrypt(get_settings().secret_keys, text)


def encrypted_headers(headers: Mapping[str, str]) -> str | None:
    """Encrypt extra headers for storage; None if there are none."""
    return encrypted(orjson.dumps(dict(headers)).decode()) if headers else None


def key_of(row: AIProvider | ProviderEndpoint) -> str | None:
    """A row's decrypted key, if it has one. Raises UndecryptableError."""
    stored = row.api_key
    return encryption.decrypt(get_settings().secret_keys, stored) if stored else None


def headers_of(row: AIProvider | ProviderEndpoint) -> dict[str, str]:
    """A row's decrypted extra headers. Raises UndecryptableError."""
    if not row.headers_encrypted:
        return {}
    stored = encryption.decrypt(get_settings().secret_keys, row.headers_encrypted)
    found: dict[str, str] = orjson.loads(stored)
    return found


def timeouts_of(own: Mapping[str, Any]) -> Timeouts:
    """The installation's timeouts, overridden by a provider's own."""
    settings = get_settings()
    return Timeouts(
        **{
            "connect": settings.connect_timeout,
            "first_token": settings.first_token_timeout,
            "silence": settings.silence_timeout,
            "total": settings.run_timeout,
            **own,
        }
    )


# --- adapters -----------------------------------------------------------------------------


async def adapter_for(session: AsyncSession, row: AIProvider) -> Several:
    """A provider's open adapter; its connections are kept alive between runs.

    Raises:
        ModelUnavailable: the provider's key can no longer be decrypted.
    """
    version = (
        row.provider_type,
        row.api_url,
        row.api_key or "",
        row.headers_encrypted or "",
        row.updated_at.isoformat(),
    )
    kept = _adapters.get(row.id)
    if kept is None or kept[0] != version:
        further = list(await session.scalars(_further(row.id)))
        made = _opened(row, further)
        # Another task may have opened one meanwhile, or from a newer row.
        kept = _adapters.get(row.id)
        if kept is not None:
            kept[1].retire()
        kept = _adapters[row.id] = (version, made)
    return kept[1]


def _further(provider_id: str) -> sa.Select[ProviderEndpoint]:
    return (
        sa.select(ProviderEndpoint)
        .where(
            col(ProviderEndpoint.provider_id) == provider_id,
            col(ProviderEndpoint.is_active).is_(True),
        )
        .order_by(col(ProviderEndpoint.position), col(ProviderEndpoint.id))
    )


def _opened(row: AIProvider, further: Sequence[ProviderEndpoint]) -> Several:
    try:
        key, headers = key_of(row), headers_of(row)
        endpoints = {"": _endpoint(row, row.api_url, key, headers, alone=not further)}
        for each in further:
            own_key, own_headers = key_of(each), headers_of(each)
            # A secret is only sent to the host it was entered for.
            if same_origin(each.api_url, row.api_url):
                own_key, own_headers = own_key or key, own_headers or headers
            endpoints[each.id] = _endpoint(row, each.api_url, own_key, own_headers, alone=False)
    except encryption.UndecryptableError:
        raise ModelUnavailable(f"the key of {row.name} must be entered again") from None
    routes = [
        Route(key, endpoint.api_url, open_provider(row.provider_type, endpoint))
        for key, endpoint in endpoints.items()
    ]
    return Several(routes, _noter(row) if further else None, somebody_lost.set)


def _endpoint(
    row: AIProvider, api_url: str, key: str | None, headers: Mapping[str, str], *, alone: bool
) -> Endpoint:
    retry = Retry() if alone else ONCE
    return Endpoint(api_url, key, timeouts_of(row.timeouts), tuple(headers.items()), retry)


def forget_adapter(provider_id: str) -> None:
    """Close a provider's adapter once its running answers have ended."""
    kept = _adapters.pop(provider_id, None)
    if kept is not None:
        kept[1].retire()


async def close_adapters() -> None:
    """Close all adapters after writing any pending notes."""
    if _notes:
        await asyncio.wait(_notes)
    kept = [adapter for _, adapter in _adapters.values()]
    _adapters.clear()
    for adapter in kept:
        await adapter.aclose()


# --- address health during answers ----------------------------------------------------------


def _noter(row: AIProvider) -> Note:
    provider_id, name = row.id, row.name

    def note(route: Route, error: ProviderError | None) -> None:
        # Written in the background, so that the first token doesn't wait for the database.
        task = asyncio.get_running_loop().create_task(_note(provider_id, name, route, error))
        _notes.add(task)
        task.add_done_callback(_notes.discard)

    return note


async def _note(provider_id: str, name: str, route: Route, error: ProviderError | None) -> None:
    try:
        async with unit_of_work() as session:
            await note_address(session, provider_id, route.key, error)
            if error is not None:
                record(
                    session,
                    "provider.failover",
                    f"{name}: {route.address} ({reason_of(error)}) {error.detail}",
                    level=LogLevel.WARNING,
                    provider=name,
                    provider_address=route.address,
                    reason=reason_of(error),
                )
    except sa.exc.SQLAlchemyError:
        logger.exception("could not record the status of %s", name)


async def note_address(
    session: AsyncSession,
    provider_id: str,
    key: str,
    error: ProviderError | None,
    latency_ms: int | None = None,
) -> None:
    """Store how an address responded; the provider's overall status is stored separately.

    Args:
        key: a ProviderEndpoint's ID, or "" for the provider's own address.
        latency_ms: None keeps the previous measurement.
    """
    values: dict[str, Any] = {
        "status_reason": reason_of(error) if error else "",
        "status_detail": error.detail[:DETAIL_LIMIT] if error else "",
        "checked_at": now(),
    }
    if error is not None or latency_ms is not None:
        values["latency_ms"] = None if error else latency_ms
    if not key:
        await session.execute(
            sa.update(AIProvider).where(col(AIProvider.id) == provider_id).values(**values)
        )
        return
    status = ProviderStatus.DOWN if error else ProviderStatus.OK
    own = col(ProviderEndpoint.id) == key
    await session.execute(
        sa.update(ProviderEndpoint)
        .where(own, col(ProviderEndpoint.status) != status)
        .values(status=status, status_since=now())
    )
    await session.execute(sa.update(ProviderEndpoint).where(own).values(**values))
