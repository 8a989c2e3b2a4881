"""Where models come from, and the models themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import (
    choices,
    created_field,
    foreign,
    id_field,
    json_field,
    text_field,
    time_field,
)


class AIType(SQLModel, table=True):
    """What a model is for: chat, reasoning, vision, code, embedding, or what an admin made.

    `slug` marks the five that the application makes by itself, whatever they are called
    later: what "reasoning" and "embedding" mean hangs on it.
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
    """An upstream that serves models.

    `slug` marks the ones that the application makes by itself (bundled, ollama, …), so
    that each start finds them again. Keys and headers are encrypted. `timeouts` holds
    seconds by the names of wire.events.Timeouts, for those that are not the installation's.

    `status` is ok while any of its addresses answers, since `status_since`. What it says
    beside (why not, how fast, when asked) is about `base_url`; further addresses are
    ProviderEndpoint rows. `synced_at` is when its models were listed last, `sync_result`
    what was new, changed and gone when that last made a difference.
    """

    __tablename__ = "aiprovider"
    __table_args__ = (
        choices("type", "llm_api", "ollama", "openai", "anthropic"),
        choices("origin", "bundled", "environment", "admin"),
        choices("status", "ok", "down", "unknown"),
    )

    id: str = id_field()
    slug: str | None = Field(default=None, max_length=64, unique=True)
    name: str = Field(max_length=100)
    type: str = Field(max_length=16)
    base_url: str = Field(max_length=500)
    api_key_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    headers_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    origin: str = Field(default="admin", max_length=16)
    is_active: bool = True
    concurrency_limit: int | None = None
    timeouts: dict[str, Any] = json_field()
    status: str = Field(default="unknown", max_length=16)
    status_reason: str = text_field(32)
    status_detail: str = Field(default="", max_length=500)
    status_since: datetime | None = time_field()
    latency_ms: int | None = None
    checked_at: datetime | None = time_field()
    synced_at: datetime | None = time_field()
    sync_result: dict[str, Any] = json_field(filled=True)
    created_at: datetime = created_field()
    # Whatever changes how it is asked, its further addresses too, changes this.
    updated_at: datetime = created_field()


class ProviderEndpoint(SQLModel, table=True):
    """A further address of a provider, asked in the order of `position` when those before
    it fail. Without a key and headers of its own it gets the provider's, on its host only.
    """

    __tablename__ = "providerendpoint"
    __table_args__ = (choices("status", "ok", "down", "unknown"),)

    id: str = id_field()
    provider_id: str = foreign("aiprovider.id", "CASCADE")
    base_url: str = Field(max_length=500)
    position: int = 0
    api_key_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    headers_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    is_active: bool = True
    status: str = Field(default="unknown", max_length=16)
    status_reason: str = text_field(32)
    status_detail: str = Field(default="", max_length=500)
    status_since: datetime | None = time_field()
    latency_ms: int | None = None
    checked_at: datetime | None = time_field()
    created_at: datetime = created_field()


class AIModel(SQLModel, table=True):
    """A model of a provider. `name` is what the upstream calls it; windows are in tokens.

    `is_available` is false once the upstream no longer lists it; `is_active` is the
    admin's switch. `fixed` names the fields that an admin has set and a sync leaves alone.
    A model of the visibility "chosen" is for those only whom ModelReader rows name.
    """

    __tablename__ = "aimodel"
    __table_args__ = (
        sa.UniqueConstraint("provider_id", "name"),
        choices("visibility", "everyone", "admins", "chosen"),
    )

    id: str = id_field()
    provider_id: str = foreign("aiprovider.id", "CASCADE", index=False)
    type_id: str | None = foreign("aitype.id", "SET NULL", nullable=True)
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
    visibility: str = Field(default="everyone", max_length=16)
    sort_order: int = 0
    is_default: bool = False
    is_active: bool = True
    is_available: bool = True
    created_at: datetime = created_field()
    updated_at: datetime = created_field()


class ModelReader(SQLModel, table=True):
    """Somebody who may use a model that is for chosen people only."""

    __tablename__ = "modelreader"

    model_id: str = Field(
        foreign_key="aimodel.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    user_id: str = Field(
        foreign_key="user.id", ondelete="CASCADE", primary_key=True, max_length=36, index=True
    )


class ModelPrice(SQLModel, table=True):
    """What a model costs from a day on: micro-units of `currency` per million tokens.

    Without a price of their own, cached input costs what input does, and reasoning what
    output does. `source` is the day of the bundled list that it was taken from; "" for one
    that an admin wrote.
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
