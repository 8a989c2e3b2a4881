"""What the routes of providers take and give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field

from llm_ui.api.answers import Paged
from llm_ui.api.patches import KEPT, given, merged
from llm_ui.api.strict import Body
from llm_ui.schemas.providers import (
    AddressDraft,
    AddressItem,
    ConnectionTest,
    PresetItem,
    ProviderDraft,
    ProviderItem,
    PullItem,
    StoredModel,
    SyncReport,
    TypeItem,
)

# Each may be written by the first name, which is the one that is answered, or the second.
BASE_URL = AliasChoices("base_url", "api_url")
TYPE = AliasChoices("type", "provider_type")
Text = Annotated[str, Field(max_length=2000)]
Secret = Annotated[str | None, Field(max_length=2000, json_schema_extra={"writeOnly": True})]
Headers = Annotated[dict[str, str | None], Field(max_length=50)]


class Address(BaseModel):
    """How an address answered when last asked. `status` is ok, down or unknown, `reason` one
    word for why it does not work, `detail` the server's own words."""

    base_url: str
    active: bool
    key_stored: bool
    headers: list[str]
    status: str
    reason: str | None
    detail: str | None
    latency_ms: int | None
    checked_at: str | None
    since: str | None


class FurtherAddress(Address):
    """An address that is asked when those before it fail."""

    id: str


class Synced(BaseModel):
    """What was different when the models were asked for. Lists hold the first names."""

    at: str | None
    models: int
    new: list[str]
    changed: list[str]
    gone: list[str]
    new_count: int
    changed_count: int
    gone_count: int


class ProviderView(Address):
    """A provider. `status` is about all of its addresses, what stands beside it about its own.

    `variables` are those of the environment that name its address and key; without some they
    are an admin's to change. `concurrency_limit` and `timeouts` are null and empty where the
    installation's hold.
    """

    id: str
    name: str
    type: str
    origin: str
    variables: list[str]
    deletable: bool
    concurrency_limit: int | None
    timeouts: dict[str, float]
    models: int
    synced_at: str | None
    last_difference: Synced | None
    addresses: list[FurtherAddress]
    created_at: str


class ProviderList(Paged):
    """A page of providers."""

    items: list[ProviderView]


class ProviderBody(Body):
    """What is to be written of a provider; in a change, what is left out stays, null clears, and
    `headers` and `timeouts` are merged: null takes one of them away.
    """

    name: Annotated[Text | None, KEPT] = None
    base_url: Annotated[
        Text | None, Field(examples=["http://127.0.0.1:8000/v1"], validation_alias=BASE_URL), KEPT
    ] = None
    api_key: Secret = None
    headers: Headers | None = None
    concurrency_limit: Annotated[int | None, Field(ge=1)] = None
    timeouts: dict[str, float | None] | None = None
    active: Annotated[bool | None, KEPT] = None


class NewProvider(ProviderBody):
    """A provider to add. Without `base_url` it is at its type's usual address."""

    name: Text
    base_url: Annotated[
        Text | None, Field(examples=["http://127.0.0.1:8000/v1"], validation_alias=BASE_URL)
    ] = None
    type: Annotated[str, Field(max_length=16, examples=["openai"], validation_alias=TYPE)]


class AddressBody(Body):
    """What is to be written of a further address; see ProviderBody. `position` is its place
    among the further ones, from 0."""

    base_url: Annotated[Text | None, Field(validation_alias=BASE_URL), KEPT] = None
    api_key: Secret = None
    headers: Headers | None = None
    active: Annotated[bool | None, KEPT] = None
    position: Annotated[int | None, Field(ge=0, le=100), KEPT] = None


class NewAddress(AddressBody):
    """A further address to add."""

    base_url: Annotated[Text, Field(validation_alias=BASE_URL)]


class ConnectionView(BaseModel):
    """How an address answered just now; `names` are of the first models found.

    `key_unused`: it lists its models without the key too, so this says nothing of the key.
    """

    address: str
    ok: bool
    reason: str | None
    detail: str | None
    latency_ms: int | None
    models: int
    names: list[str]
    key_unused: bool


class ConnectionList(BaseModel):
    """Each address of a provider, its own first."""

    items: list[ConnectionView]


class SyncView(BaseModel):
    """Whether the provider answered, and what is different."""

    answered: bool
    result: Synced | None
    provider: ProviderView


class HangingView(BaseModel):
    """What goes or ends with a provider."""

    models: int
    chats: int
    running: int


class Catalogue(BaseModel):
    """What a provider can be, and well-known services to begin with."""

    types: list[TypeItem]
    presets: list[PresetItem]


class StoredList(Paged):
    """Models on a disk, all on one page."""

    items: list[StoredModel]


class PullList(Paged):
    """The last downloads."""

    items: list[PullItem]


class NewPull(Body):
    """A model to download, by the name that Ollama knows."""

    model: Annotated[str, Field(max_length=400, examples=["qwen3:0.6b"])]


def _address(item: AddressItem | ProviderItem) -> dict[str, Any]:
    return {
        "base_url": item.base_url,
        "active": item.is_active,
        "key_stored": item.key_stored,
        "headers": item.headers,
        "status": item.status,
        "reason": item.reason or None,
        "detail": item.detail or None,
        "latency_ms": item.latency_ms if item.latency_ms >= 0 else None,
        "checked_at": item.checked_at or None,
        "since": item.since or None,
    }


def synced_of(report: SyncReport) -> Synced:
    """A report as it is told."""
    return Synced(
        at=report.at or None,
        models=report.models,
        new=report.new,
        changed=report.changed,
        gone=report.gone,
        new_count=report.new_count,
        changed_count=report.changed_count,
        gone_count=report.gone_count,
    )


def view_of(item: ProviderItem) -> ProviderView:
    """A provider as it is told."""
    return ProviderView(
        id=item.id,
        name=item.name,
        type=item.type,
        origin=item.origin,
        variables=item.variables,
        deletable=item.is_deletable,
        concurrency_limit=item.limit or None,
        timeouts=item.timeouts,
        models=item.models,
        synced_at=item.synced_at or None,
        last_difference=synced_of(item.sync) if item.sync.is_news else None,
        addresses=[FurtherAddress(id=each.id, **_address(each)) for each in item.addresses],
        created_at=item.created_at,
        **_address(item),
    )


def connection_of(found: ConnectionTest) -> ConnectionView:
    """The outcome of a test as it is told."""
    return ConnectionView(
        address=found.address,
        ok=found.ok,
        reason=found.reason or None,
        detail=found.detail or None,
        latency_ms=found.latency_ms if found.latency_ms >= 0 else None,
        models=found.models,
        names=found.names,
        key_unused=found.key_unused,
    )


def _headers(
    body: ProviderBody | AddressBody, stored: Sequence[str]
) -> dict[str, str | None] | None:
    """The headers that there will be; None as the value of one that stays as it is."""
    change: Headers | None = given(body, "headers", {})
    if not change:
        return change
    named = {name.lower() for name in change}
    kept = {name: None for name in stored if name.lower() not in named}
    return kept | {name: value for name, value in change.items() if value is not None}


def draft_of(body: ProviderBody, now: ProviderItem | None = None) -> ProviderDraft:
    """What a body wants written; a change of what is there `now`."""
    timeouts = given(body, "timeouts", {})
    if timeouts:
        timeouts = merged(now.timeouts if now else {}, timeouts)
    return ProviderDraft(
        name=body.name,
        base_url=body.base_url,
        api_key=given(body, "api_key", ""),
        headers=_headers(body, now.headers if now else ()),
        limit=given(body, "concurrency_limit", 0),
        timeouts=timeouts,
        is_active=body.active,
    )


def address_draft_of(body: AddressBody, now: AddressItem | None = None) -> AddressDraft:
    """What a body wants written of an address; a change of what is there `now`."""
    return AddressDraft(
        base_url=body.base_url,
        api_key=given(body, "api_key", ""),
        headers=_headers(body, now.headers if now else ()),
        is_active=body.active,
    )
