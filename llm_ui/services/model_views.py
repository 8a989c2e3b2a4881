"""Models as an admin sees them: all of them, of every provider, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.models import AIModel, AIProvider, AIType, ModelPrice, ModelReader, User
from llm_ui.models.base import UtcDateTime, now
from llm_ui.schemas.models import (
    ModelDetail,
    ModelFilters,
    ModelPage,
    ModelRow,
    Named,
    PersonRef,
)
from llm_ui.schemas.views import UNKNOWN
from llm_ui.security.text import storable
from llm_ui.services import prices
from llm_ui.services.chat_settings import accepted_by, for_provider, view_of
from llm_ui.services.matching import holds
from llm_ui.services.models import EMBEDDING, ICON
from llm_ui.services.modes import THINKING
from llm_ui.services.paging import moment_of, packed, unpacked
from llm_ui.services.vision import VISION, sees

PAGE = 50
MOST = 200
QUERY_LIMIT = 200
NONE = "none"
# Within a provider the order that an admin gave, which the menu of models has as well.
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
        found.append(col(AIModel.type_id).is_(None))
    elif filters.type_id:
        found.append(col(AIModel.type_id) == storable(filters.type_id))
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
            raise InvalidInput("error.request_invalid", field="state")
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
    """Models that fit, by provider and in their order there. For admins.

    Raises:
        InvalidInput: there is no such state, or the cursor is not ours.
    """
    require(actor, "administer")
    fits = _fits(filters or ModelFilters())
    joined = sa.select(AIModel, AIProvider, AIType).join(
        AIProvider, col(AIProvider.id) == AIModel.provider_id
    )
    query = joined.join(AIType, col(AIType.id) == AIModel.type_id, isouter=True).where(*fits)
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
            provider.created_at.isoformat(), provider.id,
            model.sort_order, model.display_name, model.id,
        )  # fmt: skip
    return ModelPage(await rows_of(session, found[:limit]), next_cursor, total or 0)


async def rows_of(session: AsyncSession, found: Sequence[Any]) -> list[ModelRow]:
    """Models with their provider and type as the list shows them."""
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
        provider_type=provider.type,
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
        chats=kind is None or kind.slug != EMBEDDING,
    )


async def load(session: AsyncSession, model_id: str, *, lock: bool = False) -> AIModel:
    """A model's row, for services that have made sure of an admin. Raises NotFound."""
    row = await session.get(AIModel, model_id, with_for_update=lock, populate_existing=True)
    if row is None:
        raise NotFound
    return row


async def get_model(session: AsyncSession, actor: Actor, model_id: str) -> ModelDetail:
    """All of one model. For admins. Raises NotFound."""
    require(actor, "administer")
    model = await load(session, model_id)
    provider = await session.get(AIProvider, model.provider_id)
    if provider is None:
        raise NotFound
    kind = await session.get(AIType, model.type_id) if model.type_id else None
    (row,) = await rows_of(session, [(model, provider, kind)])
    order = list(
        await session.scalars(
            sa.select(col(AIModel.id))
            .where(col(AIModel.provider_id) == provider.id)
            .order_by(*ORDER)
        )
    )
    params = for_provider(model.default_params, provider.type)
    return ModelDetail(
        row=row,
        own_icon=model.icon,
        max_tokens=model.max_tokens or UNKNOWN,
        capabilities=capabilities_of(model, provider),
        accepts=accepted_by(provider.type),
        params=params,
        settings=view_of(params),
        system_prompt=model.system_prompt,
        chosen=await readers_of(session, model.id),
        fixed=list(model.fixed),
        place=order.index(model.id) + 1,
        places=len(order),
    )


def capabilities_of(model: AIModel, provider: AIProvider) -> list[str]:
    """What a model can do beside chatting, as the application takes it; its type aside."""
    able = [THINKING] if THINKING in model.capabilities else []
    return [*able, *([VISION] if sees(model, provider.type) else [])]


async def readers_of(session: AsyncSession, model_id: str) -> list[PersonRef]:
    """Who is chosen for a model, by name."""
    query = (
        sa.select(User)
        .join(ModelReader, col(ModelReader.user_id) == User.id)
        .where(col(ModelReader.model_id) == model_id)
        .order_by(sa.func.lower(User.username), col(User.id))
    )
    return [PersonRef(each.id, each.username, each.email) for each in await session.scalars(query)]


async def provider_names(session: AsyncSession, actor: Actor) -> list[Named]:
    """All providers, to choose one of. For admins."""
    require(actor, "administer")
    query = sa.select(col(AIProvider.id), col(AIProvider.name)).order_by(
        col(AIProvider.created_at), col(AIProvider.id)
    )
    return [Named(row[0], row[1]) for row in (await session.execute(query)).all()]
