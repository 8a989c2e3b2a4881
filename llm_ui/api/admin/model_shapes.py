"""What the routes of models and types take and give."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from llm_ui.api.answers import Paged
from llm_ui.api.patches import KEPT, given, merged
from llm_ui.api.strict import Body
from llm_ui.schemas.models import (
    ModelDetail,
    ModelDraft,
    ModelRow,
    TypeDraft,
    TypeRow,
)

Visibility = Literal["everyone", "admins", "chosen"]
Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=500)]
Tokens = Annotated[int | None, Field(ge=1, le=100_000_000)]


def known(value: int) -> int | None:
    """A number, or None for UNKNOWN."""
    return value if value >= 0 else None


class PriceToday(BaseModel):
    """What a million tokens cost today, in micro-units of the currency."""

    currency: str
    input_micro: int
    output_micro: int


class ModelView(BaseModel):
    """A model. `available` is false once the provider no longer lists it, `active` the switch
    of an admin; `chats` is false for those that embed. `chosen` counts who is chosen."""

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
    active: bool
    available: bool
    default: bool
    chats: bool


class ModelPageView(Paged):
    """A page of models; `total` counts all that fit."""

    items: list[ModelView]
    total: int


class ReaderView(BaseModel):
    """Somebody who is chosen for a model."""

    id: str
    username: str
    email: str


class ModelFull(ModelView):
    """All of a model. `accepts` names the parameters that its provider takes, `fixed` the
    fields that an admin has set and a sync leaves alone; it is number `place` of `places`
    among the models of its provider."""

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
    """What is to be written of a model; what is left out stays, null clears.

    `name` of null goes back to the provider's own name, `context_window` and `max_tokens` to
    what it says. `default_params` are merged; `readers` are ids of people, all of them; `place`
    counts from 1.
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
    active: Annotated[bool | None, KEPT] = None
    default: Annotated[bool | None, KEPT] = None


class Switch(Body):
    """Models to offer, or not to."""

    ids: Ids
    active: bool


class Chosen(Body):
    """Models by id."""

    ids: Ids


class Count(BaseModel):
    """How many were changed."""

    changed: int


class TypeBody(Body):
    """What is to be written of a type; what is left out stays, null clears. `place` counts
    from 1."""

    name: Annotated[str | None, Field(max_length=200), KEPT] = None
    description: Annotated[str | None, Field(max_length=2000)] = None
    icon: Annotated[str | None, Field(max_length=64)] = None
    place: Annotated[int | None, Field(ge=1, le=1000), KEPT] = None


class NewType(Body):
    """A type to make."""

    name: Annotated[str, Field(max_length=200)]
    description: Annotated[str, Field(max_length=2000)] = ""
    icon: Annotated[str, Field(max_length=64)] = ""


class TypeList(Paged):
    """All types in their order."""

    items: list[TypeRow]


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
        "active": row.is_active,
        "available": row.is_available,
        "default": row.is_default,
        "chats": row.chats,
    }


def view_of(row: ModelRow) -> ModelView:
    """A model as the list tells it."""
    return ModelView(**_row(row))


def full_of(item: ModelDetail) -> ModelFull:
    """All of a model as it is told."""
    people = [ReaderView(id=each.id, username=each.name, email=each.email) for each in item.chosen]
    return ModelFull(
        **_row(item.row),
        max_tokens=known(item.max_tokens),
        capabilities=item.capabilities,
        accepts=item.accepts,
        default_params=item.params,
        system_prompt=item.system_prompt,
        readers=people,
        fixed=item.fixed,
        place=item.place,
        places=item.places,
    )


def draft_of(body: ModelBody, now: ModelDetail) -> ModelDraft:
    """What a body wants written, a change of what is there `now`."""
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
        is_active=body.active,
        is_default=body.default,
    )


def type_draft_of(body: TypeBody | NewType) -> TypeDraft:
    """What a body wants written of a type."""
    place = body.place if isinstance(body, TypeBody) else None
    description, icon = given(body, "description", ""), given(body, "icon", "")
    return TypeDraft(name=body.name, description=description, icon=icon, place=place)
