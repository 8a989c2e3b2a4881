"""Providers and their models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.enums import ProviderOrigin, ProviderStatus, Visibility
from llm_ui.models.base import (
    choices,
    created_field,
    enum_field,
    flag_field,
    foreign,
    id_field,
    json_field,
    text_field,
    time_field,
)


class AIType(SQLModel, table=True):
    """A model type: one of the six built-in ones, or one created by an administrator.

    `slug` identifies the built-in ones (chat, reasoning, vision, code, embedding, image) regardless
    of their names: the meaning of "reasoning", "embedding" and "image" depends on it.
    """

    __tablename__ = "aitype"
    __table_args__ = (sa.Index("ix_aitype_slug", "slug", unique=True),)

    id: str = id_field()
    slug: str | None = Field(default=None, max_length=40)
    name: str = Field(max_length=40, unique=True)
    description: str = Field(default="", max_length=500)
    icon: str = Field(default="", max_length=64)
    sort_order: int = 0


class AIProvider(SQLModel, table=True):
    """A provider of models.

    `slug` identifies providers that the application creates itself (bundled, ollama, …), so that
    they are found again at each start. `timeouts` overrides the installation's, in seconds, by the
    names of wire.events.Timeouts.

    `api_key` and `headers_encrypted` are encrypted. They are decrypted when the provider is asked
    (services/catalogue/adapters.py), not when rows are loaded, so that a list of providers contains
    no secrets, and a key that can no longer be decrypted affects only its own provider.

    `status` is ok while any of its addresses responds, and has been since `status_since`. The other
    health columns (reason, latency, time of the check) are about `api_url`; fallback addresses are
    ProviderEndpoint rows. `synced_at` is when its models were last listed; `sync_result` is what
    was new, changed or gone in the last sync that found a difference. Models found by a sync are
    enabled if `offers_new_models` is set; otherwise, an administrator has to enable them.
    """

    __tablename__ = "aiprovider"
    __table_args__ = (
        choices("origin", *ProviderOrigin),
        choices("status", *ProviderStatus),
    )

    id: str = id_field()
    slug: str | None = Field(default=None, max_length=64, unique=True)
    name: str = Field(max_length=100)
    provider_type: str = Field(max_length=16)
    api_url: str = Field(max_length=500)
    api_key: str | None = Field(default=None, sa_type=sa.Text)
    headers_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    origin: ProviderOrigin = enum_field(ProviderOrigin, ProviderOrigin.ADMIN)
    is_active: bool = True
    offers_new_models: bool = flag_field(default=True)
    concurrency_limit: int | None = None
    timeouts: dict[str, Any] = json_field()
    status: ProviderStatus = enum_field(ProviderStatus, ProviderStatus.UNKNOWN)
    status_reason: str = text_field(32)
    status_detail: str = Field(default="", max_length=500)
    status_since: datetime | None = time_field()
    latency_ms: int | None = None
    checked_at: datetime | None = time_field()
    synced_at: datetime | None = time_field()
    sync_result: dict[str, Any] = json_field(filled=True)
    created_at: datetime = created_field()
    # Updated by any change to how it is asked, including changes to its fallback addresses.
    updated_at: datetime = created_field()


class ProviderEndpoint(SQLModel, table=True):
    """A fallback address of a provider, tried in the order of `position` when those before it fail.

    Without a key and headers of its own, it gets the provider's, but only on the same host.
    """

    __tablename__ = "providerendpoint"
    __table_args__ = (choices("status", *ProviderStatus),)

    id: str = id_field()
    provider_id: str = foreign("aiprovider.id", "CASCADE")
    api_url: str = Field(max_length=500)
    position: int = 0
    api_key: str | None = Field(default=None, sa_type=sa.Text)
    headers_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    is_active: bool = True
    status: ProviderStatus = enum_field(ProviderStatus, ProviderStatus.UNKNOWN)
    status_reason: str = text_field(32)
    status_detail: str = Field(default="", max_length=500)
    status_since: datetime | None = time_field()
    latency_ms: int | None = None
    checked_at: datetime | None = time_field()
    created_at: datetime = created_field()


class AIModel(SQLModel, table=True):
    """A model of a provider. `name` is the provider's name for it; windows are in tokens.

    `is_available` is false once the provider no longer lists it; `is_active` is the administrator's
    switch. `fixed` lists what an administrator has set and a sync doesn't change: field names, and
    "is_available" for a model added by name. With the visibility "chosen", only users with
    ModelReader rows can use it.
    """

    __tablename__ = "aimodel"
    __table_args__ = (
        sa.UniqueConstraint("provider_id", "name"),
        choices("visibility", *Visibility),
    )

    id: str = id_field()
    provider_id: str = foreign("aiprovider.id", "CASCADE", index=False)
    model_type: str | None = foreign("aitype.id", "SET NULL", nullable=True)
    name: str = Field(max_length=200)
    display_name: str = Field(max_length=200)
    description: str = Field(default="", max_length=1000)
    icon: str = Field(default="", max_length=64)
    context_window: int | None = None
    max_tokens: int | None = None
    capabilities: list[str] = json_field(list)
    fixed: list[str] = json_field(list, filled=True)
    default_params: dict[str, Any] = json_field()
    system_prompt: str = Field(default="", sa_type=sa.Text)
    visibility: Visibility = enum_field(Visibility, Visibility.EVERYONE)
    sort_order: int = 0
    is_default: bool = False
    is_active: bool = True
    is_available: bool = True
    created_at: datetime = created_field()
    updated_at: datetime = created_field()


class ModelReader(SQLModel, table=True):
    """A user who may use a model that is available to chosen people only."""

    __tablename__ = "modelreader"

    model_id: str = Field(
        foreign_key="aimodel.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    user_id: str = Field(
        foreign_key="user.id", ondelete="CASCADE", primary_key=True, max_length=36, index=True
    )


class ModelPrice(SQLModel, table=True):
    """A model's price from a given day: micro-units of `currency` per million tokens.

    Without prices of their own, cached input costs the same as input, and reasoning the same as
    output. `source` is the date of the bundled list that the price is from; "" if an administrator
    entered it.
    """

    __tablename__ = "modelprice"
    __table_args__ = (sa.UniqueConstraint("model_id", "valid_from"),)

    id: str = id_field()
    model_id: str = foreign("aimodel.id", "CASCADE", index=False)
    valid_from: datetime = created_field()
    currency: str = Field(default="USD", max_length=3)
    input_micro: int = Field(default=0, sa_type=sa.BigInteger)
    cached_input_micro: int | None = Field(default=None, sa_type=sa.BigInteger)
    output_micro: int = Field(default=0, sa_type=sa.BigInteger)
    reasoning_micro: int | None = Field(default=None, sa_type=sa.BigInteger)
    source: str = text_field(10)
