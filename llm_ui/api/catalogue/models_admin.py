"""Administration of models, their types and their prices."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from llm_ui.api.catalogue.model_shapes import (
    Count,
    ModelBody,
    ModelFull,
    ModelIds,
    ModelPageView,
    NewModel,
    NewType,
    Switch,
    TypeBody,
    TypeList,
    draft_of,
    full_of,
    type_draft_of,
    types_of,
    view_of,
)
from llm_ui.api.catalogue.price_shapes import PriceBody, PriceList, price_draft_of, prices_of
from llm_ui.api.http.deps import AdminChanger, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.db import unit_of_work
from llm_ui.schemas.catalogue.models import ModelFilters
from llm_ui.services.catalogue import added_models, model_admin, model_types, model_views
from llm_ui.services.money import prices

router = APIRouter(tags=["admin: models"])
# Fields that change with the provider, with other models or with the date.
MOVING = ("provider", "type", "is_available", "price", "place", "places")

# --- models -------------------------------------------------------------------------------


@router.get("/models")
async def list_all_models(
    actor: AdminReader,
    q: Annotated[str, Query(max_length=200)] = "",
    provider: Annotated[str, Query(max_length=64)] = "",
    type: Annotated[str, Query(max_length=64, description="ID of a model type, or `none`")] = "",
    state: Literal["", "on", "off", "gone", "unpriced"] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=model_views.MOST)] = model_views.PAGE,
) -> ModelPageView:
    """List all models of all providers, sorted by provider and position."""
    filters = ModelFilters(q, provider, type, state)
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, actor, filters, cursor=cursor, limit=limit)
    return ModelPageView(
        items=[view_of(each) for each in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.get("/models/{model_id}", responses=problems(404))
async def get_any_model(model_id: str, actor: AdminReader, wanted: If) -> ModelFull:
    """Retrieve a model in full."""
    async with unit_of_work(writes=False) as session:
        found = full_of(await model_views.get_model(session, actor, model_id))
    wanted.answer(found, MOVING)
    return found


@router.patch("/models/{model_id}", responses=problems(404, 409))
async def update_model(
    model_id: str, body: ModelBody, actor: AdminChanger, wanted: If
) -> ModelFull:
    """Update a model, its position, or whether it is the default."""
    async with unit_of_work() as session:
        now = await model_admin.get_for_change(session, actor, model_id)
        wanted.require(full_of(now), MOVING)
        item = await model_admin.update_model(session, actor, model_id, draft_of(body, now))
    changed = full_of(item)
    wanted.mark(changed, MOVING)
    return changed


@router.post("/providers/{provider_id}/models", status_code=201, responses=problems(404))
async def add_model(provider_id: str, body: NewModel, actor: AdminChanger, wanted: If) -> ModelFull:
    """Add a model that its provider doesn't list. A sync never removes it."""
    async with unit_of_work() as session:
        item = await added_models.add_model(session, actor, provider_id, body.name, body.type_id)
    made = full_of(item)
    wanted.mark(made, MOVING)
    return made


@router.delete("/models/{model_id}", status_code=204, responses=problems(404, 409))
async def remove_model(model_id: str, actor: AdminChanger, wanted: If) -> None:
    """Remove a model that an administrator added or that its provider no longer lists. Chats keep
    its answers; answers in progress are ended."""
    if wanted.guards:
        async with unit_of_work() as session:
            now = await model_admin.get_for_change(session, actor, model_id)
            wanted.require(full_of(now), MOVING)
    await added_models.remove_model(actor, model_id)


@router.post("/models/switch", responses=problems(404))
async def switch_models(body: Switch, actor: AdminChanger) -> Count:
    """Enable or disable several models, all or none."""
    async with unit_of_work() as session:
        changed = await model_admin.switch_models(session, actor, body.ids, body.is_active)
    return Count(changed=changed)


# --- prices -------------------------------------------------------------------------------


@router.post("/models/listed-prices", responses=problems(404))
async def use_listed_prices(body: ModelIds, actor: AdminChanger) -> Count:
    """Set the list price for those of the given models that have no price."""
    async with unit_of_work() as session:
        given = await model_admin.use_listed_prices(session, actor, body.ids)
    return Count(changed=given)


@router.get("/models/{model_id}/prices", responses=problems(404))
async def list_prices(model_id: str, actor: AdminReader) -> PriceList:
    """List a model's prices, and its list price."""
    async with unit_of_work(writes=False) as session:
        rows = await prices.list_prices(session, actor, model_id)
        return prices_of(rows, await prices.listed(session, actor, model_id))


@router.post("/models/{model_id}/prices", status_code=201, responses=problems(404))
async def add_price(model_id: str, body: PriceBody, actor: AdminChanger) -> PriceList:
    """Add a price that is valid from a given day. Costs already in the usage ledger don't
    change."""
    async with unit_of_work() as session:
        rows = await prices.add_price(session, actor, model_id, price_draft_of(body))
        return prices_of(rows, await prices.listed(session, actor, model_id))


@router.put("/models/{model_id}/prices/{price_id}", responses=problems(404))
async def replace_price(
    model_id: str, price_id: str, body: PriceBody, actor: AdminChanger
) -> PriceList:
    """Replace a price."""
    async with unit_of_work() as session:
        draft = price_draft_of(body)
        rows = await prices.change_price(session, actor, model_id, price_id, draft)
        return prices_of(rows, await prices.listed(session, actor, model_id))


@router.delete("/models/{model_id}/prices/{price_id}", responses=problems(404))
async def delete_price(model_id: str, price_id: str, actor: AdminChanger) -> PriceList:
    """Delete a price."""
    async with unit_of_work() as session:
        rows = await prices.delete_price(session, actor, model_id, price_id)
        return prices_of(rows, await prices.listed(session, actor, model_id))


# --- types --------------------------------------------------------------------------------


@router.get("/types")
async def list_types(actor: AdminReader) -> TypeList:
    """List all model types. Those with a `slug` keep their meaning when renamed."""
    async with unit_of_work(writes=False) as session:
        return types_of(await model_types.list_types(session, actor))


@router.post("/types", status_code=201, responses=problems(409))
async def create_type(body: NewType, actor: AdminChanger) -> TypeList:
    """Create a model type."""
    async with unit_of_work() as session:
        return types_of(await model_types.create_type(session, actor, type_draft_of(body)))


@router.patch("/types/{type_id}", responses=problems(404))
async def update_type(type_id: str, body: TypeBody, actor: AdminChanger) -> TypeList:
    """Update a model type, or its position."""
    async with unit_of_work() as session:
        draft = type_draft_of(body)
        return types_of(await model_types.update_type(session, actor, type_id, draft))


@router.delete("/types/{type_id}", responses=problems(404))
async def delete_type(type_id: str, actor: AdminChanger) -> TypeList:
    """Delete a model type. Its models are left without a type."""
    async with unit_of_work() as session:
        return types_of(await model_types.delete_type(session, actor, type_id))
