"""Models as people may choose them.

Who may use a model is said here alone (`_usable_by`): lists, questions, further answers,
defaults and runs that wait their turn all ask it.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.errors import InvalidInput, ModelUnavailable, one_line
from llm_ui.models import AIModel, AIProvider, AIType, ModelReader, User
from llm_ui.schemas.views import ModelItem
from llm_ui.security.text import storable
from llm_ui.services.chat_settings import accepted_by, for_provider, texts_of
from llm_ui.services.modes import THINKING
from llm_ui.services.vision import sees

# What AIType.slug may be; a type keeps it when it is renamed.
CHAT, REASONING, EMBEDDING = "chat", "reasoning", "embedding"
ICON = "message-circle"
# The preference that remembers it.
LAST_USED = "last_model_id"
# How many of those that bear one name are told.
CANDIDATES = 20
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def embedding_types() -> sa.Select[Any]:
    """The type whose models embed and do not chat."""
    return sa.select(col(AIType.id)).where(col(AIType.slug) == EMBEDDING)


def _usable_by(user_id: str, is_admin: bool) -> sa.ColumnElement[bool]:
    """Whether a row of AIModel, joined to its provider, is somebody's to use: switched on, for
    them, and no model that only embeds."""
    type_id = col(AIModel.type_id)
    return sa.and_(
        col(AIModel.is_active).is_(True),
        col(AIProvider.is_active).is_(True),
        _for(user_id, is_admin),
        sa.or_(type_id.is_(None), type_id.not_in(embedding_types())),
    )


def _for(user_id: str, is_admin: bool) -> sa.ColumnElement[bool]:
    """Whether a row of AIModel is for somebody: everybody's, an admin's, or that of chosen
    people, among whom an admin has to be like anybody else."""
    levels = ["everyone", "admins"] if is_admin else ["everyone"]
    chosen = sa.select(col(ModelReader.model_id)).where(col(ModelReader.user_id) == user_id)
    return sa.or_(
        col(AIModel.visibility).in_(levels),
        sa.and_(col(AIModel.visibility) == "chosen", col(AIModel.id).in_(chosen)),
    )


def _visible(actor: Actor) -> sa.ColumnElement[bool]:
    return _usable_by(actor.user_id, actor.is_admin)


def _thinks(model: AIModel, type_slug: str | None) -> bool:
    return THINKING in model.capabilities or type_slug == REASONING


async def can_think(session: AsyncSession, model: AIModel) -> bool:
    """Whether one can ask the model to think before it answers: its provider or an admin,
    who makes it one of the built-in type "reasoning" (whatever that is called now), has said
    so."""
    kind = await session.get(AIType, model.type_id) if model.type_id else None
    return _thinks(model, kind.slug if kind else None)


async def may_use(session: AsyncSession, person: User, model_id: str) -> bool:
    """Whether somebody may use a model at this moment."""
    query = (
        sa.select(col(AIModel.id))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(_usable_by(person.id, person.role == "admin"), col(AIModel.id) == model_id)
    )
    return await session.scalar(query) is not None


async def list_models(session: AsyncSession, actor: Actor) -> list[ModelItem]:
    """What the actor may choose from, by provider, in the order that an admin gave them."""
    query = (
        sa.select(AIModel, AIProvider, AIType)
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .join(AIType, col(AIType.id) == AIModel.type_id, isouter=True)
        .where(_visible(actor))
        .order_by(
            col(AIProvider.created_at),
            col(AIProvider.id),
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
            icon=model.icon or (kind.icon if kind else "") or ICON,
            available=model.is_available and provider.status != "down",
            thinks=_thinks(model, kind.slug if kind else None),
            sees=sees(model, provider.type),
            accepts=accepted_by(provider.type),
            defaults=texts_of(for_provider(model.default_params, provider.type)),
            instructed=bool(model.system_prompt),
        )
        for model, provider, kind in (await session.execute(query)).all()
    ]


async def get_model_for(
    session: AsyncSession, actor: Actor, wanted: str, field: str = "model"
) -> AIModel:
    """A model the actor may use: by its id, its name (the upstream's one too), or
    "provider/name".

    Args:
        field: where of the request it is named.

    Raises:
        InvalidInput: it is not among theirs, or the name is that of several.
        ModelUnavailable: it is switched off, or its provider no longer offers it.
    """
    wanted = storable(wanted)
    query = (
        sa.select(AIModel)
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(_visible(actor), col(AIModel.id) == wanted)
    )
    model = await session.scalar(query)
    if model is None and (name := await _switched_off(session, actor, wanted)):
        raise ModelUnavailable(model=name)
    if model is None:
        model = await _by_name(session, actor, wanted, field)
    if not model.is_available:
        raise ModelUnavailable(model=model.display_name)
    return model


def named(name: str) -> sa.Select[AIModel, str]:
    """Every model of which this is the id, a name or "provider/name", with its provider's name."""
    known = (col(AIModel.display_name), col(AIModel.name))
    return (
        sa.select(AIModel, col(AIProvider.name))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(
            sa.or_(
                col(AIModel.id) == name,
                *(each == name for each in known),
                *(col(AIProvider.name).concat("/").concat(each) == name for each in known),
            )
        )
    )


async def _by_name(session: AsyncSession, actor: Actor, name: str, field: str) -> AIModel:
    """The one model of the actor's that bears this name. Raises InvalidInput."""
    order = (col(AIProvider.name), col(AIModel.name), col(AIModel.id))
    query = named(name).where(_visible(actor)).order_by(*order)
    found = [(row[0], row[1]) for row in (await session.execute(query)).all()]
    # What its provider no longer lists stands in nobody's way.
    found = [row for row in found if row[0].is_available] or found
    if not found:
        if not name or _ID.fullmatch(name):
            raise InvalidInput("error.model_required", field=field)
        raise InvalidInput("error.model_unknown", field=field, model=one_line(name, 100))
    if len(found) > 1:
        paths = [f"{provider}/{model.name}" for model, provider in found]
        told = [
            path if paths.count(path) == 1 else model.id
            for path, (model, _) in zip(paths, found, strict=True)
        ]
        raise InvalidInput(
            "error.model_ambiguous", field=field, model=one_line(name, 100),
            candidates=", ".join(told[:CANDIDATES]),
        )  # fmt: skip
    return found[0][0]


async def note_used(session: AsyncSession, actor: Actor, model_id: str) -> None:
    """The person's next chat starts with this model, unless they have set another one for that."""
    user = await session.get(User, actor.user_id, with_for_update=True)
    if user and model_id and user.preferences.get(LAST_USED) != model_id:
        user.preferences = {**user.preferences, LAST_USED: model_id}


async def _switched_off(session: AsyncSession, actor: Actor, model_id: str) -> str:
    """The name of a model that would be the actor's to use if it were on; else ""."""
    query = (
        sa.select(col(AIModel.display_name))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(_for(actor.user_id, actor.is_admin), col(AIModel.id) == model_id)
    )
    return await session.scalar(query) or ""


async def default_model_id(session: AsyncSession, actor: Actor) -> str:
    """The model a new chat starts with: the one that the person has set, the one they used last,
    the admin's, or the first that they may use; "" if there is none."""
    models = [each for each in await list_models(session, actor) if each.available]
    ids = {each.id for each in models}
    person = sa.select(col(User.default_model_id), col(User.preferences))
    own, preferences = (await session.execute(person.where(col(User.id) == actor.user_id))).one()
    for known in (own, preferences.get(LAST_USED)):
        if known in ids:
            return str(known)
    chosen = await session.scalar(sa.select(col(AIModel.id)).where(col(AIModel.is_default)))
    return chosen if chosen in ids else models[0].id if models else ""
