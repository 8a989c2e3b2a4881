"""Providers: where the models come from.

Keys and the values of headers are written and never given out again.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llm_ui.api.admin.provider_shapes import (
    AddressBody,
    Catalogue,
    ConnectionList,
    ConnectionView,
    HangingView,
    NewAddress,
    NewProvider,
    NewPull,
    ProviderBody,
    ProviderList,
    ProviderView,
    PullList,
    StoredList,
    SyncView,
    address_draft_of,
    connection_of,
    draft_of,
    synced_of,
    view_of,
)
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.etags import If
from llm_ui.api.jobs import Job, job_of
from llm_ui.db import unit_of_work
from llm_ui.services import (
    ollama_models,
    provider_addresses,
    provider_admin,
    provider_connection,
    provider_views,
)

router = APIRouter(prefix="/providers", tags=["admin: providers"])
# What moves by itself, as it is asked for its models and how it is.
MOVING = (
    "status", "reason", "detail", "latency_ms", "checked_at", "since", "models", "synced_at",
    "last_difference", "addresses",
)  # fmt: skip

# --- looking ------------------------------------------------------------------------------


@router.get("", responses=problems(401, 403, 422))
async def list_providers(
    actor: AdminReader,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProviderList:
    """All providers, the oldest first."""
    async with unit_of_work(writes=False) as session:
        page = await provider_views.list_providers(session, actor, cursor, limit)
    return ProviderList(items=[view_of(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/catalogue", responses=problems(401, 403))
async def get_catalogue(actor: AdminReader) -> Catalogue:
    """The types there are, and well-known services with their addresses."""
    return Catalogue(types=provider_views.types(actor), presets=provider_views.presets(actor))


@router.get("/{provider_id}", responses=problems(401, 403, 404))
async def get_provider(provider_id: str, actor: AdminReader, wanted: If) -> ProviderView:
    """One provider."""
    async with unit_of_work(writes=False) as session:
        found = view_of(await provider_views.get_provider(session, actor, provider_id))
    wanted.answer(found, MOVING)
    return found


@router.get("/{provider_id}/hanging", responses=problems(401, 403, 404))
async def get_hanging(provider_id: str, actor: AdminReader) -> HangingView:
    """What would go or end with the provider."""
    async with unit_of_work(writes=False) as session:
        found = await provider_views.hanging(session, actor, provider_id)
    return HangingView(models=found.models, chats=found.chats, running=found.running)


# --- writing ------------------------------------------------------------------------------


@router.post("", status_code=201, responses=problems(401, 403, 422))
async def create_provider(body: NewProvider, actor: AdminChanger) -> ProviderView:
    """Add a provider. Its models are there after a sync, or within a minute."""
    async with unit_of_work() as session:
        made = await provider_admin.create_provider(session, actor, body.type, draft_of(body))
    return view_of(made)


@router.patch("/{provider_id}", responses=problems(401, 403, 404, 409, 422))
async def update_provider(
    provider_id: str, body: ProviderBody, actor: AdminChanger, wanted: If
) -> ProviderView:
    """Change a provider. A stored key does not follow its address to another host: it has to
    be sent again."""
    async with unit_of_work() as session:
        now = await provider_admin.get_for_change(session, actor, provider_id)
        wanted.require(view_of(now), MOVING)
        draft = draft_of(body, now)
        item = await provider_admin.update_provider(session, actor, provider_id, draft)
    changed = view_of(item)
    wanted.mark(changed, MOVING)
    return changed


@router.delete("/{provider_id}", status_code=204, responses=problems(401, 403, 404, 409))
async def delete_provider(provider_id: str, actor: AdminChanger) -> None:
    """Remove a provider with its models. Chats keep their answers, running ones end."""
    await provider_admin.delete_provider(actor, provider_id)


# --- asking it ----------------------------------------------------------------------------


@router.post("/test", responses=problems(401, 403, 422))
async def try_draft(body: NewProvider, actor: AdminChanger) -> ConnectionView:
    """Whether a provider like this would work, without keeping it."""
    return connection_of(await provider_connection.try_draft(actor, body.type, draft_of(body), ""))


@router.post("/{provider_id}/test", responses=problems(401, 403, 404, 409, 422))
async def try_provider(
    provider_id: str, actor: AdminChanger, body: ProviderBody | None = None
) -> ConnectionList:
    """How each of its addresses answers now; with a body, how it would with these changes."""
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


@router.post("/{provider_id}/sync", responses=problems(401, 403, 404, 409))
async def sync_provider(provider_id: str, actor: AdminChanger) -> SyncView:
    """Ask it for its models now."""
    report = await provider_connection.sync_now(actor, provider_id)
    async with unit_of_work(writes=False) as session:
        item = await provider_views.get_provider(session, actor, provider_id)
    return SyncView(
        answered=report is not None,
        result=synced_of(report) if report else None,
        provider=view_of(item),
    )


# --- further addresses --------------------------------------------------------------------


@router.post(
    "/{provider_id}/addresses", status_code=201, responses=problems(401, 403, 404, 409, 422)
)
async def add_address(provider_id: str, body: NewAddress, actor: AdminChanger) -> ProviderView:
    """Add an address that is asked when those before it fail. The provider's own key and
    headers go to its own host only."""
    async with unit_of_work() as session:
        item = await provider_addresses.add_address(
            session, actor, provider_id, address_draft_of(body)
        )
        if body.position is not None:
            item = await provider_addresses.move_address(
                session, actor, provider_id, item.addresses[-1].id, body.position
            )
    return view_of(item)


@router.patch("/{provider_id}/addresses/{address_id}", responses=problems(401, 403, 404, 409, 422))
async def update_address(
    provider_id: str, address_id: str, body: AddressBody, actor: AdminChanger
) -> ProviderView:
    """Change an address, or its place."""
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
    return view_of(item)


@router.delete("/{provider_id}/addresses/{address_id}", responses=problems(401, 403, 404))
async def delete_address(provider_id: str, address_id: str, actor: AdminChanger) -> ProviderView:
    """Remove an address."""
    async with unit_of_work() as session:
        item = await provider_addresses.delete_address(session, actor, provider_id, address_id)
    return view_of(item)


# --- the models on an Ollama's disk -------------------------------------------------------


@router.get("/{provider_id}/stored", responses=problems(401, 403, 404, 409, 502, 503, 504))
async def list_stored(provider_id: str, actor: AdminReader) -> StoredList:
    """The models on the disk of an Ollama, with their sizes."""
    return StoredList(items=await ollama_models.list_stored(actor, provider_id))


@router.delete(
    "/{provider_id}/stored",
    status_code=204,
    responses=problems(401, 403, 404, 409, 422, 502, 503, 504),
)
async def delete_stored(
    provider_id: str, name: Annotated[str, Query(max_length=400)], actor: AdminChanger
) -> None:
    """Remove the model of this name from an Ollama's disk."""
    await ollama_models.delete(actor, provider_id, name)


@router.get("/{provider_id}/pulls", responses=problems(401, 403, 404))
async def list_pulls(provider_id: str, actor: AdminReader) -> PullList:
    """The last downloads of an Ollama, the newest first."""
    async with unit_of_work(writes=False) as session:
        return PullList(items=await ollama_models.list_pulls(session, actor, provider_id))


@router.post("/{provider_id}/pulls", status_code=202, responses=problems(401, 403, 404, 409, 422))
async def pull(provider_id: str, body: NewPull, actor: AdminChanger) -> Job:
    """Have an Ollama download a model. It is a job, which can be watched, cancelled and begun
    again like any other; what has come of the model stays."""
    async with unit_of_work() as session:
        return job_of(await ollama_models.pull(session, actor, provider_id, body.model))
