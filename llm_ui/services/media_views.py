"""Media providers, their models and types as an admin sees them; nothing of a key is in it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import insert_missing
from llm_ui.errors import NotFound
from llm_ui.models import ACTIVE, Generation, MediaModel, MediaProvider, MediaType
from llm_ui.models.base import new_id
from llm_ui.schemas.media import (
    MediaHanging,
    MediaModelItem,
    MediaProviderItem,
    MediaTypeItem,
)

IMAGE_TYPE = "image"
# What may stand for a type.
ICONS = ("image", "palette", "brush", "camera", "sparkles", "shapes")


async def list_providers(session: AsyncSession, actor: Actor) -> list[MediaProviderItem]:
    """All providers of media with their models, the oldest first."""
    require(actor, "administer")
    query = sa.select(MediaProvider).order_by(col(MediaProvider.created_at), col(MediaProvider.id))
    return await _items(session, list(await session.scalars(query)))


async def get_provider(session: AsyncSession, actor: Actor, provider_id: str) -> MediaProviderItem:
    """One of them. Raises NotFound."""
    require(actor, "administer")
    return (await _items(session, [await load(session, provider_id)]))[0]


async def get_model(session: AsyncSession, actor: Actor, model_id: str) -> MediaModelItem:
    """One model. Raises NotFound."""
    require(actor, "administer")
    row = await load_model(session, model_id)
    kind = await session.get(MediaType, row.type_id) if row.type_id else None
    return model_item(row, kind)


async def list_types(session: AsyncSession, actor: Actor) -> list[MediaTypeItem]:
    """What media models can make."""
    require(actor, "administer")
    rows = await session.scalars(sa.select(MediaType).order_by(col(MediaType.name)))
    return [type_item(row) for row in rows]


async def load(session: AsyncSession, provider_id: str, *, lock: bool = False) -> MediaProvider:
    """A provider's row, for services that have made sure of an admin. Raises NotFound."""
    row = await session.get(MediaProvider, provider_id, with_for_update=lock)
    if row is None:
        raise NotFound
    return row


async def load_model(session: AsyncSession, model_id: str) -> MediaModel:
    row = await session.get(MediaModel, model_id)
    if row is None:
        raise NotFound
    return row


async def _items(session: AsyncSession, rows: list[MediaProvider]) -> list[MediaProviderItem]:
    query = (
        sa.select(MediaModel, MediaType)
        .join(MediaType, col(MediaType.id) == MediaModel.type_id, isouter=True)
        .where(col(MediaModel.provider_id).in_([row.id for row in rows]))
        .order_by(col(MediaModel.display_name), col(MediaModel.id))
    )
    models: dict[str, list[MediaModelItem]] = {}
    for model, kind in (await session.execute(query)).all():
        models.setdefault(model.provider_id, []).append(model_item(model, kind))
    return [
        MediaProviderItem(
            id=row.id,
            name=row.name,
            type=row.type,
            base_url=row.base_url,
            key_stored=bool(row.api_key_encrypted),
            is_active=row.is_active,
            models=models.get(row.id, []),
            created_at=row.created_at.isoformat(),
        )
        for row in rows
    ]


def model_item(row: MediaModel, kind: MediaType | None) -> MediaModelItem:
    params = row.default_params
    return MediaModelItem(
        id=row.id,
        provider_id=row.provider_id,
        name=row.name,
        display_name=row.display_name,
        type=kind.name if kind else IMAGE_TYPE,
        icon=kind.icon if kind else ICONS[0],
        size=str(params.get("size", "")),
        quality=str(params.get("quality", "")),
        style=str(params.get("style", "")),
        n=int(params.get("n", 0)),
        is_active=row.is_active,
        created_at=row.created_at.isoformat(),
    )


def type_item(row: MediaType) -> MediaTypeItem:
    return MediaTypeItem(row.id, row.name, row.description, row.icon)


async def hanging(
    session: AsyncSession, actor: Actor, provider_id: str, model_id: str = ""
) -> MediaHanging:
    """What hangs on a provider, or on one of its models. Raises NotFound."""
    require(actor, "administer")
    if model_id:
        await load_model(session, model_id)
        which = col(MediaModel.id) == model_id
    else:
        await load(session, provider_id)
        which = col(MediaModel.provider_id) == provider_id
    models = list(await session.scalars(sa.select(col(MediaModel.id)).where(which)))
    running = await active_runs(session, col(Generation.media_model_id).in_(models))
    return MediaHanging(len(models), len(running))


async def active_runs(session: AsyncSession, which: sa.ColumnElement[bool]) -> list[str]:
    query = sa.select(col(Generation.id)).where(which, col(Generation.state).in_(ACTIVE))
    return list(await session.scalars(query))


async def ensure_types(session: AsyncSession) -> None:
    row = MediaType(id=new_id(), name=IMAGE_TYPE, icon=ICONS[0])
    known = await session.scalar(
        sa.select(col(MediaType.id)).where(col(MediaType.name) == IMAGE_TYPE)
    )
    if known is None:
        await insert_missing(session, MediaType, [row.model_dump()])
