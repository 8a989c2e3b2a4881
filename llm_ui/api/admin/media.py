"""Media: providers of images, their models, and what media there are.

Keys are written and never given out again.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from llm_ui.api.admin.provider_shapes import (
    BASE_URL,
    TYPE,
    ConnectionView,
    Secret,
    Text,
    connection_of,
)
from llm_ui.api.answers import Paged
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.patches import KEPT, given, merged
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.media import (
    MediaModelDraft,
    MediaModelItem,
    MediaProviderDraft,
    MediaProviderItem,
    MediaTypeItem,
)
from llm_ui.services import media_admin, media_connection, media_models, media_views

router = APIRouter(prefix="/media", tags=["admin: media"])
Name = Annotated[str | None, Field(max_length=400)]


class Params(Body):
    """What is sent along with each question; what is null is the provider's to decide."""

    size: Annotated[str | None, Field(max_length=40, examples=["1024x1024"])] = None
    quality: Annotated[str | None, Field(max_length=100)] = None
    style: Annotated[str | None, Field(max_length=100)] = None
    n: int | None = None


class MediaModelView(BaseModel):
    """A media model. `name` is what its provider calls it, `type` what it makes."""

    id: str
    provider_id: str
    name: str
    display_name: str
    type: str
    params: Params
    active: bool
    created_at: str


class MediaProviderView(BaseModel):
    """A provider of media with its models."""

    id: str
    name: str
    type: str
    base_url: str
    key_stored: bool
    active: bool
    models: list[MediaModelView]
    created_at: str


class MediaProviderList(Paged):
    """Providers of media, all on one page."""

    items: list[MediaProviderView]


class MediaTypeList(Paged):
    """What media models can make, all on one page."""

    items: list[MediaTypeItem]


class MediaProviderBody(Body):
    """What is to be written of a provider; in a change, what is left out stays. `api_key`
    null takes the key away."""

    name: Annotated[Text | None, KEPT] = None
    base_url: Annotated[
        Text | None, Field(examples=["https://api.openai.com/v1"], validation_alias=BASE_URL), KEPT
    ] = None
    api_key: Secret = None
    active: Annotated[bool | None, KEPT] = None


class NewMediaProvider(MediaProviderBody):
    """A provider to add; `openai` is the only type so far, and many speak like it."""

    name: Text
    base_url: Annotated[Text, Field(validation_alias=BASE_URL)]
    type: Annotated[str, Field(max_length=16, validation_alias=TYPE)] = "openai"


class MediaModelBody(Body):
    """What is to be written of a model; in a change, what is left out stays, and `params` are
    merged. Without a `display_name` it is called by its `name`."""

    name: Annotated[Name, KEPT] = None
    display_name: Name = None
    params: Params | None = None
    active: Annotated[bool | None, KEPT] = None


class NewMediaModel(MediaModelBody):
    """A model to add."""

    name: Annotated[str, Field(max_length=400, examples=["gpt-image-1"])]


class MediaHangingView(BaseModel):
    """What goes or ends with a provider."""

    models: int
    running: int


class MediaTypeBody(Body):
    """How a type is described and shown; what is left out stays, null clears."""

    description: Annotated[str | None, Field(max_length=2000)] = None
    icon: Annotated[str | None, Field(max_length=64, examples=["image"])] = None


def model_of(item: MediaModelItem) -> MediaModelView:
    """A model as it is told."""
    params = Params(
        size=item.size or None,
        quality=item.quality or None,
        style=item.style or None,
        n=item.n or None,
    )
    return MediaModelView(
        id=item.id,
        provider_id=item.provider_id,
        name=item.name,
        display_name=item.display_name,
        type=item.type,
        params=params,
        active=item.is_active,
        created_at=item.created_at,
    )


def provider_of(item: MediaProviderItem) -> MediaProviderView:
    """A provider as it is told."""
    return MediaProviderView(
        id=item.id,
        name=item.name,
        type=item.type,
        base_url=item.base_url,
        key_stored=item.key_stored,
        active=item.is_active,
        models=[model_of(each) for each in item.models],
        created_at=item.created_at,
    )


def _draft(body: MediaProviderBody) -> MediaProviderDraft:
    return MediaProviderDraft(
        name=body.name,
        base_url=body.base_url,
        api_key=given(body, "api_key", ""),
        is_active=body.active,
    )


def _model_draft(body: MediaModelBody, now: MediaModelItem | None = None) -> MediaModelDraft:
    params: dict[str, Any] | None = given(body, "params", {})
    if body.params:
        before = model_of(now).params.model_dump() if now else {}
        params = merged(before, body.params.model_dump(exclude_unset=True))
    return MediaModelDraft(
        name=body.name,
        display_name=given(body, "display_name", ""),
        params=params,
        is_active=body.active,
    )


# --- providers ----------------------------------------------------------------------------


@router.get("/providers", responses=problems(401, 403))
async def list_media_providers(actor: AdminReader) -> MediaProviderList:
    """All providers of media, the oldest first."""
    async with unit_of_work(writes=False) as session:
        found = await media_views.list_providers(session, actor)
    return MediaProviderList(items=[provider_of(each) for each in found])


@router.get("/providers/{provider_id}", responses=problems(401, 403, 404))
async def get_media_provider(provider_id: str, actor: AdminReader) -> MediaProviderView:
    """One provider with its models."""
    async with unit_of_work(writes=False) as session:
        return provider_of(await media_views.get_provider(session, actor, provider_id))


@router.get("/providers/{provider_id}/hanging", responses=problems(401, 403, 404))
async def get_media_hanging(provider_id: str, actor: AdminReader) -> MediaHangingView:
    """What would go or end with the provider."""
    async with unit_of_work(writes=False) as session:
        found = await media_views.hanging(session, actor, provider_id)
    return MediaHangingView(models=found.models, running=found.running)


@router.post("/providers", status_code=201, responses=problems(401, 403, 422))
async def create_media_provider(body: NewMediaProvider, actor: AdminChanger) -> MediaProviderView:
    """Add a provider; then give it models."""
    async with unit_of_work() as session:
        made = await media_admin.create_provider(session, actor, body.type, _draft(body))
    return provider_of(made)


@router.patch("/providers/{provider_id}", responses=problems(401, 403, 404, 422))
async def update_media_provider(
    provider_id: str, body: MediaProviderBody, actor: AdminChanger
) -> MediaProviderView:
    """Change a provider. A stored key does not follow its address to another host: it has to
    be sent again."""
    async with unit_of_work() as session:
        changed = await media_admin.update_provider(session, actor, provider_id, _draft(body))
    return provider_of(changed)


@router.delete("/providers/{provider_id}", status_code=204, responses=problems(401, 403, 404))
async def delete_media_provider(provider_id: str, actor: AdminChanger) -> None:
    """Remove a provider with its models. Images stay, runs that are under way end."""
    await media_admin.delete_provider(actor, provider_id)


@router.post("/providers/test", responses=problems(401, 403, 422))
async def try_media_draft(body: NewMediaProvider, actor: AdminChanger) -> ConnectionView:
    """Whether a provider like this would work, without keeping it. No image is made."""
    return connection_of(await media_connection.try_draft(actor, body.type, _draft(body)))


@router.post("/providers/{provider_id}/test", responses=problems(401, 403, 404, 422))
async def try_media_provider(
    provider_id: str, actor: AdminChanger, body: MediaProviderBody | None = None
) -> ConnectionView:
    """How it answers now; with a body, how it would with these changes. No image is made."""
    draft = _draft(body) if body is not None else MediaProviderDraft()
    return connection_of(await media_connection.try_draft(actor, "", draft, provider_id))


# --- models -------------------------------------------------------------------------------


@router.post(
    "/providers/{provider_id}/models", status_code=201, responses=problems(401, 403, 404, 422)
)
async def create_media_model(
    provider_id: str, body: NewMediaModel, actor: AdminChanger
) -> MediaModelView:
    """Add a model that makes images."""
    async with unit_of_work() as session:
        made = await media_models.create_model(session, actor, provider_id, _model_draft(body))
    return model_of(made)


@router.patch("/models/{model_id}", responses=problems(401, 403, 404, 422))
async def update_media_model(
    model_id: str, body: MediaModelBody, actor: AdminChanger
) -> MediaModelView:
    """Change a model."""
    async with unit_of_work() as session:
        draft = _model_draft(body, await media_views.get_model(session, actor, model_id))
        changed = await media_models.update_model(session, actor, model_id, draft)
    return model_of(changed)


@router.delete("/models/{model_id}", status_code=204, responses=problems(401, 403, 404))
async def delete_media_model(model_id: str, actor: AdminChanger) -> None:
    """Remove a model. Images stay, runs that are under way end."""
    await media_models.delete_model(actor, model_id)


# --- types --------------------------------------------------------------------------------


@router.get("/types", responses=problems(401, 403))
async def list_media_types(actor: AdminReader) -> MediaTypeList:
    """What media models can make."""
    async with unit_of_work(writes=False) as session:
        return MediaTypeList(items=await media_views.list_types(session, actor))


@router.patch("/types/{type_id}", responses=problems(401, 403, 404, 422))
async def update_media_type(
    type_id: str, body: MediaTypeBody, actor: AdminChanger
) -> MediaTypeItem:
    """Change how a type is described and shown."""
    async with unit_of_work() as session:
        description, icon = given(body, "description", ""), given(body, "icon", "")
        return await media_models.update_type(session, actor, type_id, description, icon)
