"""Providers and models for media other than text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import created_field, foreign, id_field, json_field


class MediaType(SQLModel, table=True):
    """What a media model makes: an image, speech, video."""

    __tablename__ = "mediatype"

    id: str = id_field()
    name: str = Field(max_length=40, unique=True)
    description: str = Field(default="", max_length=500)
    icon: str = Field(default="", max_length=64)


class MediaProvider(SQLModel, table=True):
    """An upstream that makes media. Its key is encrypted."""

    __tablename__ = "mediaprovider"

    id: str = id_field()
    name: str = Field(max_length=100, unique=True)
    type: str = Field(max_length=16)
    base_url: str = Field(max_length=500)
    api_key_encrypted: str | None = Field(default=None, sa_type=sa.Text)
    is_active: bool = True
    created_at: datetime = created_field()
    updated_at: datetime = created_field()


class MediaModel(SQLModel, table=True):
    """A media model of a provider."""

    __tablename__ = "mediamodel"
    __table_args__ = (sa.UniqueConstraint("provider_id", "name"),)

    id: str = id_field()
    provider_id: str = foreign("mediaprovider.id", "CASCADE", index=False)
    type_id: str | None = foreign("mediatype.id", "SET NULL", nullable=True)
    name: str = Field(max_length=200)
    display_name: str = Field(max_length=200)
    default_params: dict[str, Any] = json_field()
    is_active: bool = True
    created_at: datetime = created_field()
