"""Request and response bodies of the routes for providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field

from llm_ui.api.http.patches import KEPT, given, merged
from llm_ui.api.http.responses import KnownOrNull, OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.enums import ProviderOrigin, ProviderStatus
from llm_ui.schemas.catalogue.providers import (
    AddressDraft,
    AddressItem,
    ConnectionTest,
    InstalledModel,
    PresetItem,
    ProviderDraft,
    ProviderItem,
    PullItem,
    TypeItem,
)

# Requests may use the first name, which is also the one in responses, or the second, former one.
API_URL = AliasChoices("api_url", "base_url")
PROVIDER_TYPE = AliasChoices("provider_type", "type")
IS_ACTIVE = AliasChoices("is_active", "active")
Text = Annotated[str, Field(max_length=2000)]
Secret = Annotated[str | None, Field(max_length=2000, json_schema_extra={"writeOnly": True})]
Headers = Annotated[dict[str, str | None], Field(max_length=50)]


class Address(View):
    """An address and the result of its last check. `status` is ok, down or unknown, `reason` is a
    one-word cause of the failure, and `detail` is the server's own message."""

    api_url: str
    is_active: bool
    key_stored: bool
    headers: list[str]
    status: ProviderStatus
    reason: OrNull
    detail: OrNull
    latency_ms: KnownOrNull
    checked_at: OrNull
    since: OrNull


class FurtherAddress(Address):
    """A fallback address, used when the ones before it fail."""

    id: str


class Synced(View):
    """What changed in a sync. The lists contain only the first names."""

    synced_at: OrNull = Field(validation_alias="at")
    models: int
    new: list[str]
    changed: list[str]
    gone: list[str]
    new_count: int
    changed_count: int
    gone_count: int


# Services use 0 for no limit, and an empty report for no difference.
Limit = Annotated[int | None, BeforeValidator(lambda value: value or None)]
Difference = Annotated[
    Synced | None, BeforeValidator(lambda report: report if report.is_news else None)
]


class ProviderView(Address):
    """A provider. `status` covers all of its addresses; the fields beside it describe its own
    address.

    `variables` are the environment variables that set its address and key; if there are none, an
    administrator can change both. `concurrency_limit` is null and `timeouts` empty where the
    installation's defaults apply.
    """

    id: str
    name: str
    provider_type: str = Field(validation_alias="type")
    origin: ProviderOrigin
    variables: list[str]
    is_deletable: bool
    offers_new_models: bool
    concurrency_limit: Limit = Field(validation_alias="limit")
    timeouts: dict[str, float]
    models: int
    synced_at: OrNull
    last_difference: Difference = Field(validation_alias="sync")
    addresses: list[FurtherAddress]
    created_at: str


class ProviderList(Paged):
    """A page of providers."""

    items: list[ProviderView]


class ProviderBody(Body):
    """Values to set on a provider. In an update, omit a field to keep it and send null to clear it;
    `headers` and `timeouts` are merged, and null removes an entry."""

    name: Annotated[Text | None, KEPT] = None
    api_url: Annotated[
        Text | None, Field(examples=["http://127.0.0.1:8000/v1"], validation_alias=API_URL), KEPT
    ] = None
    api_key: Secret = None
    headers: Headers | None = None
    concurrency_limit: Annotated[int | None, Field(ge=1)] = None
    timeouts: dict[str, float | None] | None = None
    is_active: Annotated[bool | None, Field(validation_alias=IS_ACTIVE), KEPT] = None
    offers_new_models: Annotated[bool | None, KEPT] = None


class NewProvider(ProviderBody):
    """A provider to add. `api_url` defaults to the usual address of its type."""

    name: Text
    api_url: Annotated[
        Text | None, Field(examples=["http://127.0.0.1:8000/v1"], validation_alias=API_URL)
    ] = None
    provider_type: Annotated[
        str, Field(max_length=16, examples=["openai"], validation_alias=PROVIDER_TYPE)
    ]


class AddressBody(Body):
    """Values to set on a fallback address; see ProviderBody. `position` is its place among the
    fallback addresses, starting at 0."""

    api_url: Annotated[Text | None, Field(validation_alias=API_URL), KEPT] = None
    api_key: Secret = None
    headers: Headers | None = None
    is_active: Annotated[bool | None, Field(validation_alias=IS_ACTIVE), KEPT] = None
    position: Annotated[int | None, Field(ge=0, le=100), KEPT] = None


class NewAddress(AddressBody):
    """A fallback address to add."""

    api_url: Annotated[Text, Field(validation_alias=API_URL)]


class ConnectionView(BaseModel):
    """The result of testing an address. `names` are the first models found.

    `key_unused` is set if the address also lists its models without a key, so the test doesn't show
    whether the key is valid.
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
    """The addresses of a provider, its own first."""

    items: list[ConnectionView]


class SyncView(BaseModel):
    """Whether the provider answered, and what changed."""

    answered: bool
    result: Synced | None
    provider: ProviderView


class DependentsView(View):
    """What is deleted or ended together with a provider."""

    models: int
    chats: int
    running: int


class Catalogue(BaseModel):
    """The provider types, and presets for well-known services."""

    types: list[TypeItem]
    presets: list[PresetItem]


class InstalledList(Paged):
    """The installed models, all on one page."""

    items: list[InstalledModel]


class PullList(Paged):
    """The latest downloads."""

    items: list[PullItem]


class NewPull(Body):
    """A model to download, by its Ollama name."""

    model: Annotated[str, Field(max_length=400, examples=["qwen3:0.6b"])]


def connection_of(found: ConnectionTest) -> ConnectionView:
    """The result of a connection test as returned by the API."""
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
    """The headers after the change; the value None stands for a header that keeps its value."""
    change: Headers | None = given(body, "headers", {})
    if not change:
        return change
    named = {name.lower() for name in change}
    kept = {name: None for name in stored if name.lower() not in named}
    return kept | {name: value for name, value in change.items() if value is not None}


def draft_of(body: ProviderBody, now: ProviderItem | None = None) -> ProviderDraft:
    """The draft that a request body asks for; `now` is the provider to change."""
    timeouts = given(body, "timeouts", {})
    if timeouts:
        timeouts = merged(now.timeouts if now else {}, timeouts)
    return ProviderDraft(
        name=body.name,
        api_url=body.api_url,
        api_key=given(body, "api_key", ""),
        headers=_headers(body, now.headers if now else ()),
        limit=given(body, "concurrency_limit", 0),
        timeouts=timeouts,
        is_active=body.is_active,
        offers_new_models=body.offers_new_models,
    )


def address_draft_of(body: AddressBody, now: AddressItem | None = None) -> AddressDraft:
    """The draft of an address that a request body asks for; `now` is the address to change."""
    return AddressDraft(
        api_url=body.api_url,
        api_key=given(body, "api_key", ""),
        headers=_headers(body, now.headers if now else ()),
        is_active=body.is_active,
    )
