"""Models as administrators see them: all models of all providers, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.errors import NotFound, not_one_of
from llm_ui.models import AIModel, AIProvider, AIType, ModelPrice, ModelReader, User
from llm_ui.models.base import UtcDateTime, now
from llm_ui.providers.registry import TYPES
from llm_ui.schemas.catalogue.models import (
    ModelDetail,
    ModelFilters,
    ModelPage,
    ModelRow,
    Named,
    PersonRef,
)
from llm_ui.schemas.chats.views import UNKNOWN
from llm_ui.security.text import storable
from llm_ui.services.catalogue import chat_settings, image_settings
from llm_ui.services.catalogue.capabilities import THINKING, VISION, sees
from llm_ui.services.catalogue.models import ICON, IMAGES, NOT_FOR_CHATS
from llm_ui.services.catalogue.provider_views import active_runs
from llm_ui.services.matching import holds
from llm_ui.services.money import prices
from llm_ui.services.paging import moment_of, packed, unpacked

PAGE = 50
MOST = 200
QUERY_LIMIT = 200
NONE = "none"
# In AIModel.fixed: added by an administrator, so it stays even if its provider does not list it.
ADDED = "is_available"
# Within a provider, the order that an administrator set; the model menu uses it too.
ORDER = (col(AIModel.sort_order), col(AIModel.display_name), col(AIModel.id))
_KEY = (col(AIProvider.created_at), col(AIProvider.id), *ORDER)


def _like(word: str) -> sa.ColumnElement[bool]:
    fields = (AIModel.display_name, AIModel.name, AIModel.description, AIProvider.name)
    return holds(word, *(col(each) for each in fields))


def _fits(filters: ModelFilters) -> list[sa.ColumnElement[bool]]:
    found = [_like(word) for word in storable(filters.query)[:QUERY_LIMIT].split()]
    if filters.provider_id:
        found.append(col(AIModel.provider_id) == storable(filters.provider_id))
    if filters.type_id == NONE:
        found.append(col(AIModel.model_type).is_(None))
    elif filters.type_id:
        found.append(col(AIModel.model_type) == storable(filters.type_id))
    priced = sa.select(col(ModelPrice.id)).where(
        col(ModelPrice.model_id) == AIModel.id, col(ModelPrice.valid_from) <= now()
    )
    states: dict[str, sa.ColumnElement[bool]] = {
        "on": col(AIModel.is_active).is_(True),
        "off": col(AIModel.is_active).is_(False),
        "gone": col(AIModel.is_available).is_(False),
        "unpriced": ~priced.exists(),
    }
    if filters.state:
        if filters.state not in states:
            raise not_one_of("state", states)
        found.append(states[filters.state])
    return found


def _after(cursor: str) -> sa.ColumnElement[bool]:
    made, *rest = unpacked(cursor, str, str, int, str, str)
    return sa.tuple_(*_KEY) > sa.tuple_(sa.literal(moment_of(made), UtcDateTime()), *rest)


async def list_models(
    session: AsyncSession,
    actor: Actor,
    filters: ModelFilters | None = None,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
) -> ModelPage:
    """Models that match, by provider and in their order. For administrators.

    Raises:
        InvalidInput: the state is unknown, or the cursor is invalid.
    """
    require(actor, "administer")
    fits = _fits(filters or ModelFilters())
    joined = sa.select(AIModel, AIProvider, AIType).join(
        AIProvider, col(AIProvider.id) == AIModel.provider_id
    )
    query = joined.join(AIType, col(AIType.id) == AIModel.model_type, isouter=True).where(*fits)
    if cursor:
        query = query.where(_after(cursor))
    found = (await session.execute(query.order_by(*_KEY).limit(limit + 1))).all()
    counted = sa.select(sa.func.count(col(AIModel.id))).join(
        AIProvider, col(AIProvider.id) == AIModel.provider_id
    )
    total = await session.scalar(counted.where(*fits))
    next_cursor = None
    if len(found) > limit:
        model, provider, _ = found[limit - 1]
        next_cursor = packed(
            provider.created_at.isoformat(),
            provider.id,
            model.sort_order,
            model.display_name,
            model.id,
        )
    return ModelPage(await rows_of(session, found[:limit]), next_cursor, total or 0)


async def rows_of(session: AsyncSession, found: Sequence[Any]) -> list[ModelRow]:
    """Models with their provider and type, as list rows."""
    ids = [model.id for model, *_ in found]
    today = await prices.at(session, ids, now())
    counted = await session.execute(
        sa.select(col(ModelReader.model_id), sa.func.count())
        .where(col(ModelReader.model_id).in_(ids))
        .group_by(col(ModelReader.model_id))
    )
    readers = {row[0]: row[1] for row in counted.all()}
    return [
        _row(model, provider, kind, today.get(model.id), readers.get(model.id, 0))
        for model, provider, kind in found
    ]


def _row(
    model: AIModel,
    provider: AIProvider,
    kind: AIType | None,
    price: ModelPrice | None,
    readers: int,
) -> ModelRow:
    return ModelRow(
        id=model.id,
        name=model.display_name,
        upstream=model.name,
        icon=model.icon or (kind.icon if kind else "") or ICON,
        description=model.description,
        provider_id=provider.id,
        provider=provider.name,
        provider_type=provider.provider_type,
        provider_is_active=provider.is_active,
        type_id=kind.id if kind else "",
        type=kind.name if kind else "",
        window=model.context_window or UNKNOWN,
        input_micro=price.input_micro if price else UNKNOWN,
        output_micro=price.output_micro if price else UNKNOWN,
        currency=price.currency if price else "USD",
        visibility=model.visibility,
        readers=readers,
        is_active=model.is_active,
        is_available=model.is_available,
        is_default=model.is_default,
        chats=kind is None or kind.slug not in NOT_FOR_CHATS,
        makes_images=kind is not None and kind.slug == IMAGES,
        is_removable=is_removable(model),
    )


def is_removable(model: AIModel) -> bool:
    """Whether a removed model stays removed, because its provider doesn't list it."""
    return ADDED in model.fixed or not model.is_available


async def load(session: AsyncSession, model_id: str, *, lock: bool = False) -> AIModel:
    """A model's row, for callers that have checked the actor's role. Raises NotFound."""
    row = await session.get(AIModel, model_id, with_for_update=lock, populate_existing=True)
    if row is None:
        raise NotFound
    return row


async def get_model(session: AsyncSession, actor: Actor, model_id: str) -> ModelDetail:
    """All details of one model. For administrators. Raises NotFound."""
    require(actor, "administer")
    model = await load(session, model_id)
    provider = await session.get(AIProvider, model.provider_id)
    if provider is None:
        raise NotFound
    kind = await session.get(AIType, model.model_type) if model.model_type else None
    (row,) = await rows_of(session, [(model, provider, kind)])
    order = list(
        await session.scalars(
            sa.select(col(AIModel.id))
            .where(col(AIModel.provider_id) == provider.id)
            .order_by(*ORDER)
        )
    )
    takes = image_settings if row.makes_images else chat_settings
    params = takes.for_provider(model.default_params, provider.provider_type)
    return ModelDetail(
        row=row,
        own_icon=model.icon,
        max_tokens=model.max_tokens or UNKNOWN,
        capabilities=capabilities_of(model, provider),
        accepts=takes.accepted_by(provider.provider_type),
        params=params,
        settings=chat_settings.view_of(params),
        system_prompt=model.system_prompt,
        chosen=await readers_of(session, model.id),
        fixed=list(model.fixed),
        place=order.index(model.id) + 1,
        places=len(order),
    )


def capabilities_of(model: AIModel, provider: AIProvider) -> list[str]:
    """A model's effective capabilities, regardless of its type."""
    able = [THINKING] if THINKING in model.capabilities else []
    return [*able, *([VISION] if sees(model, provider.provider_type) else [])]


async def readers_of(session: AsyncSession, model_id: str) -> list[PersonRef]:
    """The people a model is available to, by name."""
    query = (
        sa.select(User)
        .join(ModelReader, col(ModelReader.user_id) == User.id)
        .where(col(ModelReader.model_id) == model_id)
        .order_by(sa.func.lower(User.username), col(User.id))
    )
    return [PersonRef(each.id, each.username, each.email) for each in await session.scalars(query)]


async def running(session: AsyncSession, actor: Actor, model_id: str) -> int:
    """How many answers or images a model is generating. For administrators."""
    require(actor, "administer")
    return len(await active_runs(session, col(AIModel.id) == model_id))


async def image_providers(session: AsyncSession, actor: Actor) -> list[Named]:
    """The providers whose type supports images, as choices. For administrators."""
    able = {kind.key for kind in TYPES.values() if kind.image_settings}
    query = sa.select(col(AIProvider.id)).where(col(AIProvider.provider_type).in_(able))
    ids = set(await session.scalars(query))
    return [each for each in await provider_names(session, actor) if each.id in ids]


async def provider_names(session: AsyncSession, actor: Actor) -> list[Named]:
    """All providers, as choices. For administrators."""
    require(actor, "administer")
    query = sa.select(col(AIProvider.id), col(AIProvider.name)).order_by(
        col(AIProvider.created_at), col(AIProvider.id)
    )
    return [Named(row[0], row[1]) for row in (await session.execute(query)).all()]
