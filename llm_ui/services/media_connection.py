"""Testing the connection to a provider of images. For admins; nothing is made, nothing paid.

No transaction is open while an upstream is waited for.
"""

from __future__ import annotations

import time
from dataclasses import replace

from llm_ui.auth import Actor, require
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput, ProviderError
from llm_ui.providers.base import Endpoint
from llm_ui.providers.images.registry import ADAPTERS, open_images
from llm_ui.schemas.media import MediaProviderDraft
from llm_ui.schemas.providers import ConnectionTest
from llm_ui.schemas.views import UNKNOWN
from llm_ui.security import encryption
from llm_ui.services import provider_checks as checks
from llm_ui.services.adapters import ONCE
from llm_ui.services.imaging import key_of
from llm_ui.services.media_admin import refuse_key_elsewhere
from llm_ui.services.media_views import load
from llm_ui.services.monitoring import record
from llm_ui.services.provider_connection import NAMES_SHOWN
from llm_ui.wire.events import Timeouts
from llm_ui.wire.failures import reason_of


async def try_draft(
    actor: Actor, type: str, draft: MediaProviderDraft, provider_id: str = ""
) -> ConnectionTest:
    """Whether what stands in a form would work, without keeping any of it.

    Args:
        provider_id: the provider that is being changed, whose key is used if the draft leaves
            it out; "" for a new one.

    Raises:
        NotFound: there is no such provider.
        InvalidInput: names the field; also for another host than that of the stored key.
    """
    require(actor, "administer")
    async with unit_of_work(writes=False) as session:
        row = await load(session, provider_id) if provider_id else None
    type = row.type if row else type
    if type not in ADAPTERS:
        raise InvalidInput("error.provider_type", field="type", accepted=", ".join(ADAPTERS))
    known = row.base_url if row else ""
    base_url = checks.clean_address(known if draft.base_url is None else draft.base_url)
    if draft.api_key is not None:
        key = checks.clean_key(draft.api_key) or None
    elif row is not None:
        refuse_key_elsewhere(row, base_url, None)
        try:
            key = key_of(row)
        except encryption.UndecryptableError:
            return await _told(actor, row.name, ConnectionTest(base_url, reason="secret"))
    else:
        key = None
    found = await _asked(type, Endpoint(base_url, key, _limits(), (), ONCE))
    return await _told(actor, row.name if row else draft.name or type, found)


async def try_provider(actor: Actor, provider_id: str) -> ConnectionTest:
    """How a provider answers now. Raises NotFound."""
    return await try_draft(actor, "", MediaProviderDraft(), provider_id)


def _limits() -> Timeouts:
    return Timeouts(connect=get_settings().connect_timeout)


async def _asked(type: str, endpoint: Endpoint) -> ConnectionTest:
    began = time.monotonic()
    try:
        names = await _names_of(type, endpoint)
    except ProviderError as error:
        latency = int((time.monotonic() - began) * 1000)
        return ConnectionTest(
            endpoint.base_url, reason=reason_of(error), detail=error.detail, latency_ms=latency
        )
    latency = int((time.monotonic() - began) * 1000)
    found = ConnectionTest(
        endpoint.base_url, ok=True, latency_ms=latency, models=len(names),
        names=names[:NAMES_SHOWN],
    )  # fmt: skip
    if endpoint.api_key:
        try:
            await _names_of(type, replace(endpoint, api_key=None))
        except ProviderError:
            return found
        return replace(found, key_unused=True)
    return found


async def _names_of(type: str, endpoint: Endpoint) -> list[str]:
    provider = open_images(type, endpoint)
    try:
        return await provider.models()
    finally:
        await provider.aclose()


async def _told(actor: Actor, name: str, found: ConnectionTest) -> ConnectionTest:
    outcome = "works" if found.ok else found.reason
    async with unit_of_work() as session:
        record(
            session,
            "admin.media_provider_tested",
            f"{name} ({found.address}): {outcome}",
            user_id=actor.user_id,
            provider=name,
            base_url=found.address,
            ok=found.ok,
            reason=found.reason,
            latency_ms=None if found.latency_ms == UNKNOWN else found.latency_ms,
        )
    return found
