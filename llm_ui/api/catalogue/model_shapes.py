"""Request and response bodies of the routes for models and model types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field

from llm_ui.api.catalogue.provider_shapes import IS_ACTIVE
from llm_ui.api.http.patches import KEPT, given, merged
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.enums import Visibility
from llm_ui.schemas.catalogue.models import (
    ModelDetail,
    ModelDraft,
    ModelRow,
    TypeDraft,
    TypeRow,
)

# See provider_shapes.
IS_DEFAULT = AliasChoices("is_default", "default")
Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=500)]
Tokens = Annotated[int | None, Field(ge=1, le=100_000_000)]


def known(value: int) -> int | None:
    """A number, or None for UNKNOWN."""
    return value if value >= 0 else None


class PriceToday(BaseModel):
    """Today's price per million tokens, in micro-units of the currency."""

    currency: str
    input_micro: int
    output_micro: int


class ModelView(BaseModel):
    """A model. `is_available` is false if its provider no longer lists it; `is_active` is set by
    administrators. `chats` is false for models that create embeddings or images. `chosen` is the
    number of users selected for the model."""

    id: str
    name: str
    upstream_name: str
    description: str
    icon: str
    provider_id: str
    provider: str
    type_id: str | None
    type: str | None
    context_window: int | None
    price: PriceToday | None
    visibility: Visibility
    chosen: int
    is_active: bool
    active: Annotated[bool, Field(deprecated=True)]
    is_available: bool
    is_default: bool
    chats: bool


class ModelPageView(Paged):
    """A page of models. `total` is the number of all matching models."""

    items: list[ModelView]
    total: int


class ReaderView(View):
    """A user who may use the model."""

    id: str
    username: str = Field(validation_alias="name")
    email: str


class ModelFull(ModelView):
    """A model in full. `accepts` lists the parameters that its provider takes. `fixed` lists the
    fields set by an administrator, which a sync doesn't change; they include `is_available` if an
    administrator added the model. `place` is its position among the `places` models of its
    provider."""

    max_tokens: int | None
    capabilities: list[str]
    accepts: list[str]
    default_params: dict[str, Any]
    system_prompt: str
    readers: list[ReaderView]
    fixed: list[str]
    place: int
    places: int


class ModelBody(Body):
    """Changes to a model: omit a field to keep it, send null to clear it.

    Clearing `name`, `context_window` or `max_tokens` restores the provider's value.
    `default_params` are merged. `readers` are the IDs of all users who may use the model. `place`
    starts at 1.
    """

    name: Annotated[str | None, Field(max_length=1000)] = None
    description: Annotated[str | None, Field(max_length=5000)] = None
    icon: Annotated[str | None, Field(max_length=64)] = None
    type_id: Annotated[str | None, Field(max_length=64)] = None
    context_window: Tokens = None
    max_tokens: Tokens = None
    capabilities: Annotated[list[str] | None, Field(max_length=20), KEPT] = None
    default_params: Annotated[dict[str, Any] | None, Field(max_length=20)] = None
    system_prompt: Annotated[str | None, Field(max_length=100_000)] = None
    visibility: Annotated[Visibility | None, KEPT] = None
    readers: Annotated[list[str] | None, Field(max_length=1000)] = None
    place: Annotated[int | None, Field(ge=1, le=1_000_000), KEPT] = None
    is_active: Annotated[bool | None, Field(validation_alias=IS_ACTIVE), KEPT] = None
    is_default: Annotated[bool | None, Field(validation_alias=IS_DEFAULT), KEPT] = None


class NewModel(Body):
    """A model to add that its provider doesn't list. `name` is the provider's name for it. Without
    `type_id`, the model type is determined as in a sync."""

    name: Annotated[str, Field(max_length=1000, examples=["gpt-image-1"])]
    type_id: Annotated[str | None, Field(max_length=64)] = None


class Switch(Body):
    """Models to enable or disable."""

    ids: Ids
    is_active: Annotated[bool, Field(validation_alias=IS_ACTIVE)]


class ModelIds(Body):
    """Models, by their IDs."""

    ids: Ids


class Count(BaseModel):
    """How many were changed."""

    changed: int


class TypeBody(Body):
    """Changes to a model type: omit a field to keep it, send null to clear it. `place` counts from
    1."""

    name: Annotated[str | None, Field(max_length=200), KEPT] = None
    description: Annotated[str | None, Field(max_length=2000)] = None
    icon: Annotated[str | None, Field(max_length=64)] = None
    place: Annotated[int | None, Field(ge=1, le=1000), KEPT] = None


class NewType(Body):
    """A model type to create."""

    name: Annotated[str, Field(max_length=200)]
    description: Annotated[str, Field(max_length=2000)] = ""
    icon: Annotated[str, Field(max_length=64)] = ""


class TypeItemView(View):
    """A model type. `slug` identifies the built-in types, which keep their meaning when renamed; it
    is null for all others."""

    id: str
    slug: OrNull
    name: str
    description: str
    icon: str
    models: int


class TypeList(Paged):
    """All model types, in their order."""

    items: list[TypeItemView]


def types_of(rows: Iterable[TypeRow]) -> TypeList:
    """All model types as returned by the API."""
    return TypeList(items=[TypeItemView.of(each) for each in rows])


def _row(row: ModelRow) -> dict[str, Any]:
    price = None
    if row.input_micro >= 0:
        price = PriceToday(
            currency=row.currency, input_micro=row.input_micro, output_micro=row.output_micro
        )
    return {
        "id": row.id,
        "name": row.name,
        "upstream_name": row.upstream,
        "description": row.description,
        "icon": row.icon,
        "provider_id": row.provider_id,
        "provider": row.provider,
        "type_id": row.type_id or None,
        "type": row.type or None,
        "context_window": known(row.window),
        "price": price,
        "visibility": row.visibility,
        "chosen": row.readers,
        "is_active": row.is_active,
        "active": row.is_active,
        "is_available": row.is_available,
        "is_default": row.is_default,
        "chats": row.chats,
    }


def view_of(row: ModelRow) -> ModelView:
    """A model as returned in a list."""
    return ModelView(**_row(row))


def full_of(item: ModelDetail) -> ModelFull:
    """A model in full, as returned by the API."""
    return ModelFull(
        **_row(item.row),
        max_tokens=known(item.max_tokens),
        capabilities=item.capabilities,
        accepts=item.accepts,
        default_params=item.params,
        system_prompt=item.system_prompt,
        readers=[ReaderView.of(each) for each in item.chosen],
        fixed=item.fixed,
        place=item.place,
        places=item.places,
    )


def draft_of(body: ModelBody, now: ModelDetail) -> ModelDraft:
    """The draft that a request body asks for; `now` is the model to change."""
    params = given(body, "default_params", {})
    return ModelDraft(
        display_name=given(body, "name", ""),
        description=given(body, "description", ""),
        icon=given(body, "icon", ""),
        type_id=given(body, "type_id", ""),
        context_window=given(body, "context_window", 0),
        max_tokens=given(body, "max_tokens", 0),
        capabilities=body.capabilities,
        params=merged(now.params, params) if params else params,
        system_prompt=given(body, "system_prompt", ""),
        visibility=body.visibility,
        readers=given(body, "readers", []),
        place=body.place,
        is_active=body.is_active,
        is_default=body.is_default,
    )


def type_draft_of(body: TypeBody | NewType) -> TypeDraft:
    """The draft of a model type that a request body asks for."""
    place = body.place if isinstance(body, TypeBody) else None
    description, icon = given(body, "description", ""), given(body, "icon", "")
    return TypeDraft(name=body.name, description=description, icon=icon, place=place)
