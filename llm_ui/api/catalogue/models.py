"""The models that you can choose from."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.http.deps import Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.http.responses import Paged
from llm_ui.db import unit_of_work
from llm_ui.schemas.chats.views import ImageModelItem, ModelItem
from llm_ui.services.catalogue import models

router = APIRouter(prefix="/models", tags=["models"])


class ModelList(Paged):
    """Models, all on one page."""

    items: list[ModelItem]


class ImageModelList(Paged):
    """Image models, all on one page."""

    items: list[ImageModelItem]


@router.get("")
async def list_models(actor: Reader) -> ModelList:
    """List the models you can choose from. Other calls take their `id` as `model`."""
    async with unit_of_work(writes=False) as session:
        return ModelList(items=await models.list_models(session, actor))


@router.get("/images")
async def list_image_models(actor: Reader) -> ImageModelList:
    """List the image models you can use. A question in the mode "image" takes their `id` as
    `image_model`."""
    async with unit_of_work(writes=False) as session:
        return ImageModelList(items=await models.list_image_models(session, actor))


@router.get("/{model_id}", responses=problems(404))
async def get_model(model_id: str, actor: Reader, wanted: If) -> ModelItem:
    """Retrieve one of the models you can choose from."""
    async with unit_of_work(writes=False) as session:
        found = await models.get_choice(session, actor, model_id)
    wanted.answer(found)
    return found
