"""Providers: where models come from.

Keys and header values are write-only.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llm_ui.api.catalogue.provider_shapes import (
    AddressBody,
    Catalogue,
    ConnectionList,
    ConnectionView,
    DependentsView,
    InstalledList,
    NewAddress,
    NewProvider,
    NewPull,
    ProviderBody,
    ProviderList,
    ProviderView,
    PullList,
    Synced,
    SyncView,
    address_draft_of,
    connection_of,
    draft_of,
)
from llm_ui.api.http.deps import AdminChanger, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.operations.jobs import Job
from llm_ui.db import unit_of_work
from llm_ui.services.catalogue import (
    ollama_models,
    provider_addresses,
    provider_admin,
    provider_connection,
    provider_views,
)

router = APIRouter(prefix="/providers", tags=["admin: providers"])
# Fields that change by themselves with each sync or health check.
MOVING = (
    "status",
    "reason",
    "detail",
    "latency_ms",
    "checked_at",
    "since",
    "models",
    "synced_at",
    "last_difference",
    "addresses",
)

# --- looking ------------------------------------------------------------------------------


@router.get("")
async def list_providers(
    actor: AdminReader,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProviderList:
    """List all providers, oldest first."""
    async with unit_of_work(writes=False) as session:
        page = await provider_views.list_providers(session, actor, cursor, limit)
    return ProviderList.of(page)


@router.get("/catalogue")
async def get_catalogue(actor: AdminReader) -> Catalogue:
    """List the provider types, and presets for well-known services with their addresses."""
    return Catalogue(types=provider_views.types(actor), presets=provider_views.presets(actor))


@router.get("/{provider_id}", responses=problems(404))
async def get_provider(provider_id: str, actor: AdminReader, wanted: If) -> ProviderView:
    """Retrieve a provider."""
    async with unit_of_work(writes=False) as session:
        found = ProviderView.of(await provider_views.get_provider(session, actor, provider_id))
    wanted.answer(found, MOVING)
    return found


@router.get("/{provider_id}/dependents", responses=problems(404))
async def get_dependents(provider_id: str, actor: AdminReader) -> DependentsView:
    """Retrieve a provider's dependents: what would be deleted or ended with it."""
    async with unit_of_work(writes=False) as session:
        return DependentsView.of(await provider_views.dependents(session, actor, provider_id))


# --- writing ------------------------------------------------------------------------------


@router.post("", status_code=201)
async def create_provider(body: NewProvider, actor: AdminChanger, wanted: If) -> ProviderView:
    """Add a provider. Its models appear after a sync, or within a minute."""
    async with unit_of_work() as session:
        item = await provider_admin.create_provider(
            session, actor, body.provider_type, draft_of(body)
        )
    made = ProviderView.of(item)
    wanted.mark(made, MOVING)
    return made


@router.patch("/{provider_id}", responses=problems(404, 409))
async def update_provider(
    provider_id: str, body: ProviderBody, actor: AdminChanger, wanted: If
) -> ProviderView:
    """Update a provider. If its address changes to another host, the stored key isn't kept: send it
    again."""
    async with unit_of_work() as session:
        now = await provider_admin.get_for_change(session, actor, provider_id)
        wanted.require(ProviderView.of(now), MOVING)
        draft = draft_of(body, now)
        item = await provider_admin.update_provider(session, actor, provider_id, draft)
    changed = ProviderView.of(item)
    wanted.mark(changed, MOVING)
    return changed


@router.delete("/{provider_id}", status_code=204, responses=problems(404, 409))
async def delete_provider(provider_id: str, actor: AdminChanger, wanted: If) -> None:
    """Delete a provider and its models. Chats keep their answers; answers in progress are ended."""
    if wanted.guards:
        async with unit_of_work() as session:
            now = await provider_admin.get_for_change(session, actor, provider_id)
            wanted.require(ProviderView.of(now), MOVING)
    await provider_admin.delete_provider(actor, provider_id)


# --- asking it ----------------------------------------------------------------------------


@router.post("/test")
async def try_provider_settings(body: NewProvider, actor: AdminChanger) -> ConnectionView:
    """Test provider settings without saving them."""
    return connection_of(
        await provider_connection.try_draft(actor, body.provider_type, draft_of(body), "")
    )


@router.post("/{provider_id}/test", responses=problems(404, 409))
async def try_provider(
    provider_id: str, actor: AdminChanger, body: ProviderBody | None = None
) -> ConnectionList:
    """Test each address of a provider. Send a body to test it with those changes."""
    if body is not None:
        async with unit_of_work(writes=False) as session:
            now = await provider_views.get_provider(session, actor, provider_id)
        draft = draft_of(body, now)
        return ConnectionList(
            items=[
                connection_of(await provider_connection.try_draft(actor, "", draft, provider_id))
            ]
        )
    found = await provider_connection.try_provider(actor, provider_id)
    return ConnectionList(items=[connection_of(each) for each in found])


@router.post("/{provider_id}/sync", responses=problems(404, 409))
async def sync_provider(provider_id: str, actor: AdminChanger) -> SyncView:
    """Sync a provider's models now."""
    report = await provider_connection.sync_now(actor, provider_id)
    async with unit_of_work(writes=False) as session:
        item = await provider_views.get_provider(session, actor, provider_id)
    return SyncView(
        answered=report is not None,
        result=Synced.of(report) if report else None,
        provider=ProviderView.of(item),
    )


# --- fallback addresses --------------------------------------------------------------------


@router.post("/{provider_id}/addresses", status_code=201, responses=problems(404, 409))
async def add_provider_address(
    provider_id: str, body: NewAddress, actor: AdminChanger
) -> ProviderView:
    """Add an address to use when those before it fail. The provider's own key and headers are sent
    only to its own host."""
    async with unit_of_work() as session:
        item = await provider_addresses.add_address(
            session, actor, provider_id, address_draft_of(body)
        )
        if body.position is not None:
            item = await provider_addresses.move_address(
                session, actor, provider_id, item.addresses[-1].id, body.position
            )
    return ProviderView.of(item)


@router.patch("/{provider_id}/addresses/{address_id}", responses=problems(404, 409))
async def update_provider_address(
    provider_id: str, address_id: str, body: AddressBody, actor: AdminChanger
) -> ProviderView:
    """Update a fallback address, or its position."""
    async with unit_of_work() as session:
        provider = await provider_admin.get_for_change(session, actor, provider_id)
        now = next((each for each in provider.addresses if each.id == address_id), None)
        item = await provider_addresses.update_address(
            session, actor, provider_id, address_id, address_draft_of(body, now)
        )
        if body.position is not None:
            item = await provider_addresses.move_address(
                session, actor, provider_id, address_id, body.position
            )
    return ProviderView.of(item)


@router.delete("/{provider_id}/addresses/{address_id}", responses=problems(404))
async def delete_provider_address(
    provider_id: str, address_id: str, actor: AdminChanger
) -> ProviderView:
    """Delete a fallback address."""
    async with unit_of_work() as session:
        item = await provider_addresses.delete_address(session, actor, provider_id, address_id)
    return ProviderView.of(item)


# --- the models on an Ollama's disk -------------------------------------------------------


@router.get("/{provider_id}/installed-models", responses=problems(404, 409, 502, 504))
async def list_installed_models(provider_id: str, actor: AdminReader) -> InstalledList:
    """List the models installed in an Ollama, with their sizes."""
    return InstalledList(items=await ollama_models.list_installed(actor, provider_id))


@router.delete(
    "/{provider_id}/installed-models",
    status_code=204,
    responses=problems(404, 409, 502, 504),
)
async def delete_installed_model(
    provider_id: str, name: Annotated[str, Query(max_length=400)], actor: AdminChanger
) -> None:
    """Delete an installed model from an Ollama, by name."""
    await ollama_models.delete(actor, provider_id, name)


@router.get("/{provider_id}/pulls", responses=problems(404))
async def list_pulls(provider_id: str, actor: AdminReader) -> PullList:
    """List the latest downloads of an Ollama, newest first."""
    async with unit_of_work(writes=False) as session:
        return PullList(items=await ollama_models.list_pulls(session, actor, provider_id))


@router.post("/{provider_id}/pulls", status_code=202, responses=problems(404, 409))
async def pull_model(provider_id: str, body: NewPull, actor: AdminChanger) -> Job:
    """Start a job that makes an Ollama server download a model. Like any job, it can be watched,
    canceled and retried; partial downloads are kept."""
    async with unit_of_work() as session:
        return Job.of(await ollama_models.pull(session, actor, provider_id, body.model))
