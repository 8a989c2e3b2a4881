"""The models one may choose from."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.answers import Paged
from llm_ui.api.deps import Reader
from llm_ui.api.errors import problems
from llm_ui.db import unit_of_work
from llm_ui.schemas.media import ImageModelItem
from llm_ui.schemas.views import ModelItem
from llm_ui.services import media, models

router = APIRouter(prefix="/models", tags=["models"])


class ModelList(Paged):
    """Models, all on one page."""

    items: list[ModelItem]


class ImageModelList(Paged):
    """Image models, all on one page."""

    items: list[ImageModelItem]


@router.get("", responses=problems(401))
async def list_models(actor: Reader) -> ModelList:
    """What you may choose from; `id` is what other calls take as `model`."""
    async with unit_of_work(writes=False) as session:
        return ModelList(items=await models.list_models(session, actor))


@router.get("/images", responses=problems(401))
async def list_image_models(_: Reader) -> ImageModelList:
    """What makes images for you; `id` is what a question in the mode "image" takes as
    `image_model`."""
    async with unit_of_work(writes=False) as session:
        return ImageModelList(items=await media.list_image_models(session))
