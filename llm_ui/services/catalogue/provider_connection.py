"""Testing connections, and syncing on request. For administrators.

No transaction is open while waiting for a provider. A key is sent only to the host it was entered
for: redirects are not followed.
"""

from __future__ import annotations

import time
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, InvalidInput, ProviderError
from llm_ui.models import AIProvider
from llm_ui.providers.base import Endpoint
from llm_ui.providers.registry import open_provider, type_named
from llm_ui.schemas.catalogue.providers import ConnectionTest, ProviderDraft, SyncReport
from llm_ui.schemas.chats.views import UNKNOWN
from llm_ui.security import encryption
from llm_ui.security.ssrf import same_origin
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue import provider_checks as checks
from llm_ui.services.catalogue.adapters import ONCE, headers_of, key_of, timeouts_of
from llm_ui.services.catalogue.provider_sync import (
    note_answers,
    note_unopened,
    opened,
    sync_provider,
)
from llm_ui.services.catalogue.provider_views import load
from llm_ui.wire.events import ModelInfo
from llm_ui.wire.failures import reason_of

NAMES_SHOWN = 20


async def try_draft(
    actor: Actor, type: str, draft: ProviderDraft, provider_id: str = ""
) -> ConnectionTest:
    """Test the settings in a form without saving them.

    Args:
        provider_id: the provider being edited, whose stored secrets are used where the draft sets
            none; "" for a new one.

    Raises:
        NotFound: there is no such provider.
        InvalidInput: names the field; also for a host other than that of a stored secret.
    """
    require(actor, "administer")
    async with unit_of_work(writes=False) as session:
        row = await load(session, provider_id) if provider_id else None
    type = row.provider_type if row else type
    endpoint = _endpoint_of(type, draft, row)
    found = await _asked(type, endpoint)
    async with unit_of_work() as session:
        _record(session, actor, row.name if row else draft.name or type, found)
    return found


async def try_provider(actor: Actor, provider_id: str) -> list[ConnectionTest]:
    """Test each address of a provider, its own first, and record its health.

    Raises:
        NotFound: there is no such provider.
    """
    require(actor, "administer")
    async with unit_of_work(writes=False) as session:
        row = await load(session, provider_id)
        adapter = await opened(session, row)
    if isinstance(adapter, ProviderError):
        lost = _failed(row.api_url, adapter, UNKNOWN)
        async with unit_of_work() as session:
            await note_unopened(session, row, adapter)
            _record(session, actor, row.name, lost)
        return [lost]
    answers = await adapter.ask_each()
    found = [
        _failed(each.route.address, each.error, each.latency_ms)
        if each.error
        else _worked(each.route.address, each.models, each.latency_ms)
        for each in answers
    ]
    async with unit_of_work() as session:
        await note_answers(session, row, answers)
        for each in found:
            _record(session, actor, row.name, each)
    return found


async def sync_now(actor: Actor, provider_id: str) -> SyncReport | None:
    """Sync a provider's models now; None if it doesn't answer.

    Raises:
        NotFound: there is no such provider.
        Conflict: it is switched off.
    """
    require(actor, "administer")
    async with unit_of_work(writes=False) as session:
        row = await load(session, provider_id)
    if not row.is_active:
        raise Conflict("error.provider_off")
    report = await sync_provider(provider_id)
    async with unit_of_work() as session:
        record(
            session,
            "admin.provider_synced",
            row.name,
            user_id=actor.user_id,
            provider=row.name,
            found=_counts(report) if report else None,
        )
    return report


def _counts(report: SyncReport) -> dict[str, int]:
    return {
        "models": report.models,
        "new": report.new_count,
        "changed": report.changed_count,
        "gone": report.gone_count,
    }


def _endpoint_of(type: str, draft: ProviderDraft, row: AIProvider | None) -> Endpoint:
    kind = type_named(type)
    known = row.api_url if row else kind.default_base_url
    api_url = checks.clean_address(known if draft.api_url is None else draft.api_url)
    try:
        key, stored = (key_of(row), headers_of(row)) if row else (None, {})
    except encryption.UndecryptableError:
        key, stored = None, {}
    is_elsewhere = bool(row) and not same_origin(api_url, known)
    if draft.api_key is not None:
        key = checks.clean_key(draft.api_key) or None
    elif key and is_elsewhere:
        raise InvalidInput("error.provider_key_again", field="api_key")
    if is_elsewhere and stored and (draft.headers is None or None in draft.headers.values()):
        raise InvalidInput("error.provider_headers_again", field="headers")
    headers = stored if draft.headers is None else checks.clean_headers(draft.headers, stored)
    own = row.timeouts if row and draft.timeouts is None else draft.timeouts or {}
    timeouts = timeouts_of(checks.clean_timeouts(own))
    return Endpoint(api_url, key, timeouts, tuple(headers.items()), ONCE)


async def _asked(type: str, endpoint: Endpoint) -> ConnectionTest:
    began = time.monotonic()
    try:
        models = await _models_of(type, endpoint)
    except ProviderError as error:
        return _failed(endpoint.api_url, error, int((time.monotonic() - began) * 1000))
    latency = int((time.monotonic() - began) * 1000)
    found = _worked(endpoint.api_url, models, latency)
    if endpoint.api_key:
        try:
            await _models_of(type, replace(endpoint, api_key=None))
        except ProviderError:
            return found
        return replace(found, key_unused=True)
    return found


async def _models_of(type: str, endpoint: Endpoint) -> list[ModelInfo]:
    adapter = open_provider(type, endpoint)
    try:
        return await adapter.models()
    finally:
        await adapter.aclose()


def _worked(address: str, models: list[ModelInfo], latency_ms: int) -> ConnectionTest:
    return ConnectionTest(
        address,
        ok=True,
        latency_ms=latency_ms,
        models=len(models),
        names=[each.name for each in models[:NAMES_SHOWN]],
    )


def _failed(address: str, error: ProviderError, latency_ms: int) -> ConnectionTest:
    return ConnectionTest(
        address, reason=reason_of(error), detail=error.detail, latency_ms=latency_ms
    )


def _record(session: AsyncSession, actor: Actor, name: str, found: ConnectionTest) -> None:
    outcome = f"{found.models} models" if found.ok else found.reason
    record(
        session,
        "admin.provider_tested",
        f"{name} ({found.address}): {outcome}",
        user_id=actor.user_id,
        provider=name,
        api_url=found.address,
        ok=found.ok,
        reason=found.reason,
    )
