"""Models, their types and their prices."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from llm_ui.api.admin.model_shapes import (
    Chosen,
    Count,
    ModelBody,
    ModelFull,
    ModelPageView,
    NewType,
    Switch,
    TypeBody,
    TypeList,
    draft_of,
    full_of,
    type_draft_of,
    view_of,
)
from llm_ui.api.admin.price_shapes import PriceBody, PriceList, price_draft_of, prices_of
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.etags import If
from llm_ui.db import unit_of_work
from llm_ui.schemas.models import ModelFilters
from llm_ui.services import model_admin, model_types, model_views, prices

router = APIRouter(tags=["admin: models"])
# What moves with its provider, with other models and with the day.
MOVING = ("provider", "type", "available", "price", "place", "places")

# --- models -------------------------------------------------------------------------------


@router.get("/models", responses=problems(401, 403, 422))
async def list_all_models(
    actor: AdminReader,
    q: Annotated[str, Query(max_length=200)] = "",
    provider: Annotated[str, Query(max_length=64)] = "",
    type: Annotated[str, Query(max_length=64, description="An id, or `none`.")] = "",
    state: Literal["", "on", "off", "gone", "unpriced"] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=model_views.MOST)] = model_views.PAGE,
) -> ModelPageView:
    """All models of all providers, by provider and in their order."""
    filters = ModelFilters(q, provider, type, state)
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, actor, filters, cursor=cursor, limit=limit)
    return ModelPageView(
        items=[view_of(each) for each in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.get("/models/{model_id}", responses=problems(401, 403, 404))
async def get_model(model_id: str, actor: AdminReader, wanted: If) -> ModelFull:
    """All of one model."""
    async with unit_of_work(writes=False) as session:
        found = full_of(await model_views.get_model(session, actor, model_id))
    wanted.answer(found, MOVING)
    return found


@router.patch("/models/{model_id}", responses=problems(401, 403, 404, 409, 422))
async def update_model(
    model_id: str, body: ModelBody, actor: AdminChanger, wanted: If
) -> ModelFull:
    """Change a model, its place, or whether it is the default."""
    async with unit_of_work() as session:
        now = await model_admin.get_for_change(session, actor, model_id)
        wanted.require(full_of(now), MOVING)
        item = await model_admin.update_model(session, actor, model_id, draft_of(body, now))
    changed = full_of(item)
    wanted.mark(changed, MOVING)
    return changed


@router.post("/models/switch", responses=problems(401, 403, 404, 422))
async def switch_models(body: Switch, actor: AdminChanger) -> Count:
    """Offer models or stop offering them, all or none."""
    async with unit_of_work() as session:
        changed = await model_admin.switch_models(session, actor, body.ids, body.active)
    return Count(changed=changed)


# --- prices -------------------------------------------------------------------------------


@router.post("/models/listed-prices", responses=problems(401, 403, 404, 422))
async def use_listed_prices(body: Chosen, actor: AdminChanger) -> Count:
    """Give those of the models that have no price the one of the bundled list."""
    async with unit_of_work() as session:
        given = await model_admin.use_listed_prices(session, actor, body.ids)
    return Count(changed=given)


@router.get("/models/{model_id}/prices", responses=problems(401, 403, 404))
async def list_prices(model_id: str, actor: AdminReader) -> PriceList:
    """A model's prices, and what the bundled list says of it."""
    async with unit_of_work(writes=False) as session:
        rows = await prices.list_prices(session, actor, model_id)
        return prices_of(rows, await prices.listed(session, actor, model_id))


@router.post("/models/{model_id}/prices", status_code=201, responses=problems(401, 403, 404, 422))
async def add_price(model_id: str, body: PriceBody, actor: AdminChanger) -> PriceList:
    """Add a price from a day on. What the ledger has keeps the cost it was written with."""
    async with unit_of_work() as session:
        rows = await prices.add_price(session, actor, model_id, price_draft_of(body))
        return prices_of(rows, await prices.listed(session, actor, model_id))


@router.put("/models/{model_id}/prices/{price_id}", responses=problems(401, 403, 404, 422))
async def change_price(
    model_id: str, price_id: str, body: PriceBody, actor: AdminChanger
) -> PriceList:
    """Write a price anew."""
    async with unit_of_work() as session:
        draft = price_draft_of(body)
        rows = await prices.change_price(session, actor, model_id, price_id, draft)
        return prices_of(rows, await prices.listed(session, actor, model_id))


@router.delete("/models/{model_id}/prices/{price_id}", responses=problems(401, 403, 404))
async def delete_price(model_id: str, price_id: str, actor: AdminChanger) -> PriceList:
    """Take a price away."""
    async with unit_of_work() as session:
        rows = await prices.delete_price(session, actor, model_id, price_id)
        return prices_of(rows, await prices.listed(session, actor, model_id))


# --- types --------------------------------------------------------------------------------


@router.get("/types", responses=problems(401, 403))
async def list_types(actor: AdminReader) -> TypeList:
    """All types; those with a `slug` keep their meaning when they are renamed."""
    async with unit_of_work(writes=False) as session:
        return TypeList(items=await model_types.list_types(session, actor))


@router.post("/types", status_code=201, responses=problems(401, 403, 409, 422))
async def create_type(body: NewType, actor: AdminChanger) -> TypeList:
    """Make a type."""
    async with unit_of_work() as session:
        return TypeList(items=await model_types.create_type(session, actor, type_draft_of(body)))


@router.patch("/types/{type_id}", responses=problems(401, 403, 404, 422))
async def update_type(type_id: str, body: TypeBody, actor: AdminChanger) -> TypeList:
    """Change a type, or its place."""
    async with unit_of_work() as session:
        draft = type_draft_of(body)
        return TypeList(items=await model_types.update_type(session, actor, type_id, draft))


@router.delete("/types/{type_id}", responses=problems(401, 403, 404))
async def delete_type(type_id: str, actor: AdminChanger) -> TypeList:
    """Take a type away; its models have none then."""
    async with unit_of_work() as session:
        return TypeList(items=await model_types.delete_type(session, actor, type_id))
