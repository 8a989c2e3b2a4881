"""Models as people may choose them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.errors import InvalidInput, ModelUnavailable
from llm_ui.models import AIModel, AIProvider, AIType, User
from llm_ui.schemas.views import ModelItem
from llm_ui.services.chat_settings import accepted_by
from llm_ui.services.modes import THINKING

REASONING = "reasoning"


def _visible(actor: Actor) -> sa.ColumnElement[bool]:
    levels = ["everyone", "admins"] if actor.is_admin else ["everyone"]
    return sa.and_(
        col(AIModel.is_active).is_(True),
        col(AIModel.visibility).in_(levels),
        col(AIProvider.is_active).is_(True),
    )


def _thinks(model: AIModel, type_name: str | None) -> bool:
    return THINKING in model.capabilities or type_name == REASONING


async def can_think(session: AsyncSession, model: AIModel) -> bool:
    """Whether one can ask the model to think before it answers: its provider or an admin,
    who makes it one of the type "reasoning", has said so."""
    kind = await session.get(AIType, model.type_id) if model.type_id else None
    return _thinks(model, kind.name if kind else None)


async def list_models(session: AsyncSession, actor: Actor) -> list[ModelItem]:
    """What the actor may choose from: the usable ones first, by provider and order."""
    query = (
        sa.select(AIModel, AIProvider, col(AIType.name))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .join(AIType, col(AIType.id) == AIModel.type_id, isouter=True)
        .where(_visible(actor))
        .order_by(
            col(AIProvider.created_at),
            col(AIModel.sort_order),
            col(AIModel.display_name),
            col(AIModel.id),
        )
    )
    return [
        ModelItem(
            id=model.id,
            name=model.display_name,
            provider=provider.name,
            description=model.description,
            available=model.is_available and provider.status != "down",
            thinks=_thinks(model, type_name),
            accepts=accepted_by(provider.type),
        )
        for model, provider, type_name in (await session.execute(query)).all()
    ]


async def get_model_for(session: AsyncSession, actor: Actor, model_id: str) -> AIModel:
    """A model the actor may use.

    Raises:
        InvalidInput: it is not among theirs.
        ModelUnavailable: its provider no longer offers it.
    """
    query = (
        sa.select(AIModel)
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(_visible(actor), col(AIModel.id) == model_id)
    )
    model = await session.scalar(query)
    if model is None:
        raise InvalidInput("error.model_required", field="model")
    if not model.is_available:
        raise ModelUnavailable(model.display_name)
    return model


async def default_model_id(session: AsyncSession, actor: Actor) -> str:
    """The model a new chat starts with: the person's, the admin's, or the first; "" if none."""
    models = [each for each in await list_models(session, actor) if each.available]
    ids = {each.id for each in models}
    own = await session.scalar(
        sa.select(col(User.default_model_id)).where(col(User.id) == actor.user_id)
    )
    if own in ids:
        return str(own)
    chosen = await session.scalar(
        sa.select(col(AIModel.id)).where(
            col(AIModel.is_default).is_(True), col(AIModel.id).in_(ids)
        )
    )
    return chosen or (models[0].id if models else "")
