"""The models that users can choose.

`_usable_by` is the only place that decides who may use a model, and for what: lists, questions,
retries, defaults and queued runs all use it.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.enums import ProviderStatus, UserRole, Visibility
from llm_ui.errors import InvalidInput, ModelUnavailable, NotFound, one_line
from llm_ui.models import AIModel, AIProvider, AIType, ChatHistory, ModelReader, User
from llm_ui.providers.registry import TYPES
from llm_ui.schemas.chats.views import ImageModelItem, ModelItem
from llm_ui.security.text import storable
from llm_ui.services.catalogue.capabilities import THINKING, sees
from llm_ui.services.catalogue.chat_settings import accepted_by, for_provider, texts_of

# The values of AIType.slug, which a type keeps when it is renamed.
CHAT, REASONING, EMBEDDING, IMAGES = "chat", "reasoning", "embedding", "image"
# Models of these types are not for chats.
NOT_FOR_CHATS = (EMBEDDING, IMAGES)
ICON = "message-circle"
# The preference that stores the model used last.
LAST_USED = "last_model_id"
# How many models with the same name an error lists.
CANDIDATES = 20
_ORDER = (
    col(AIProvider.created_at),
    col(AIProvider.id),
    col(AIModel.sort_order),
    col(AIModel.display_name),
    col(AIModel.id),
)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _types(*slugs: str) -> sa.Select[Any]:
    return sa.select(col(AIType.id)).where(col(AIType.slug).in_(slugs))


def _chats() -> sa.ColumnElement[bool]:
    type_id = col(AIModel.model_type)
    return sa.or_(type_id.is_(None), type_id.not_in(_types(*NOT_FOR_CHATS)))


def makes_images() -> sa.ColumnElement[bool]:
    """Whether an AIModel row, joined to its provider, is an image model."""
    able = [kind.key for kind in TYPES.values() if kind.image_settings]
    return sa.and_(
        col(AIModel.model_type).in_(_types(IMAGES)), col(AIProvider.provider_type).in_(able)
    )


def _usable_by(user_id: str, is_admin: bool, *, images: bool = False) -> sa.ColumnElement[bool]:
    """Whether a user may use an AIModel row, joined to its provider.

    It must be switched on, available to the user, and a chat model (or, with `images`, an image
    model).
    """
    return sa.and_(
        col(AIModel.is_active).is_(True),
        col(AIProvider.is_active).is_(True),
        _for(user_id, is_admin),
        makes_images() if images else _chats(),
    )


def _for(user_id: str, is_admin: bool) -> sa.ColumnElement[bool]:
    """Whether an AIModel row is available to a user.

    That is, it is for everyone, for administrators, or for chosen people; administrators have to be
    chosen like anyone else.
    """
    levels = [Visibility.EVERYONE, *([Visibility.ADMINS] if is_admin else [])]
    chosen = sa.select(col(ModelReader.model_id)).where(col(ModelReader.user_id) == user_id)
    return sa.or_(
        col(AIModel.visibility).in_(levels),
        sa.and_(col(AIModel.visibility) == Visibility.CHOSEN, col(AIModel.id).in_(chosen)),
    )


def _visible(actor: Actor, *, images: bool = False) -> sa.ColumnElement[bool]:
    return _usable_by(actor.user_id, actor.is_admin, images=images)


def _thinks(model: AIModel, type_slug: str | None) -> bool:
    return THINKING in model.capabilities or type_slug == REASONING


async def can_think(session: AsyncSession, model: AIModel) -> bool:
    """Whether the model can be asked to think before it answers.

    Either its provider says so or an administrator does, by giving it the built-in type "reasoning"
    (regardless of its current name).
    """
    kind = await session.get(AIType, model.model_type) if model.model_type else None
    return _thinks(model, kind.slug if kind else None)


async def may_use(
    session: AsyncSession, person: User, model_id: str, *, images: bool = False
) -> bool:
    """Whether a user may use a model now, for chats or (with `images`) for images."""
    usable = _usable_by(person.id, person.role == UserRole.ADMIN, images=images)
    query = (
        sa.select(col(AIModel.id))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(usable, col(AIModel.id) == model_id)
    )
    return await session.scalar(query) is not None


async def list_models(session: AsyncSession, actor: Actor) -> list[ModelItem]:
    """The models the actor can choose from, by provider and in the administrator's order."""
    query = (
        sa.select(AIModel, AIProvider, AIType)
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .join(AIType, col(AIType.id) == AIModel.model_type, isouter=True)
        .where(_visible(actor))
        .order_by(*_ORDER)
    )
    return [
        ModelItem(
            id=model.id,
            name=model.display_name,
            provider=provider.name,
            description=model.description,
            icon=model.icon or (kind.icon if kind else "") or ICON,
            available=model.is_available and provider.status != ProviderStatus.DOWN,
            thinks=_thinks(model, kind.slug if kind else None),
            sees=sees(model, provider.provider_type),
            accepts=accepted_by(provider.provider_type),
            defaults=texts_of(for_provider(model.default_params, provider.provider_type)),
            instructed=bool(model.system_prompt),
        )
        for model, provider, kind in (await session.execute(query)).all()
    ]


async def list_image_models(session: AsyncSession, actor: Actor) -> list[ImageModelItem]:
    """The image models the actor can choose from, in the order of `list_models`."""
    query = (
        sa.select(col(AIModel.id), col(AIModel.display_name), col(AIProvider.name))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(_visible(actor, images=True), col(AIModel.is_available).is_(True))
        .order_by(*_ORDER)
    )
    return [ImageModelItem(*row) for row in (await session.execute(query)).all()]


async def get_choice(session: AsyncSession, actor: Actor, model_id: str) -> ModelItem:
    """One of the models the actor can choose from, by ID. Raises NotFound."""
    for each in await list_models(session, actor):
        if each.id == model_id:
            return each
    raise NotFound


async def get_model_for(
    session: AsyncSession,
    actor: Actor,
    wanted: str,
    field: str = "model",
    *,
    images: bool = False,
) -> AIModel:
    """A model the actor may use, by ID, name, the provider's name for it, or "provider/name".

    Args:
        field: the request field to name in errors.
        images: whether it must be an image model rather than a chat model.

    Raises:
        InvalidInput: it is not among the actor's models, or the name is ambiguous.
        ModelUnavailable: it is switched off, or its provider no longer offers it.
    """
    wanted, usable = storable(wanted), _visible(actor, images=images)
    query = (
        sa.select(AIModel)
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(usable, col(AIModel.id) == wanted)
    )
    model = await session.scalar(query)
    if model is None and (name := await _switched_off(session, actor, wanted, images)):
        raise ModelUnavailable(model=name)
    if model is None:
        model = await _by_name(session, usable, wanted, field)
    if not model.is_available:
        raise ModelUnavailable(model=model.display_name)
    return model


def named(name: str) -> sa.Select[AIModel, str]:
    """All models with this ID, name or "provider/name" in any case, with their provider's name."""
    shown = (col(AIModel.display_name), col(AIModel.name))
    known = (*shown, *(col(AIProvider.name).concat("/").concat(each) for each in shown))
    wanted = sa.func.lower(sa.literal(name))
    return (
        sa.select(AIModel, col(AIProvider.name))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(sa.or_(col(AIModel.id) == name, *(sa.func.lower(each) == wanted for each in known)))
    )


def _spelt(model: AIModel, provider: str, name: str) -> bool:
    """Whether the model has exactly this name, including case."""
    names = (model.display_name, model.name)
    return name in names or name in (f"{provider}/{each}" for each in names)


async def check_known(session: AsyncSession, actor: Actor, name: str) -> None:
    """Raise InvalidInput unless the actor may use a model of this name or has chats with one."""
    its = sa.select(col(ChatHistory.model_id)).where(col(ChatHistory.user_id) == actor.user_id)
    query = named(name).where(sa.or_(_visible(actor), col(AIModel.id).in_(its)))
    if (await session.execute(query.limit(1))).first() is None:
        raise InvalidInput("error.model_unknown", field="model", model=one_line(name, 100))


async def _by_name(
    session: AsyncSession, usable: sa.ColumnElement[bool], name: str, field: str
) -> AIModel:
    """The only usable model with this name. Raises InvalidInput."""
    order = (col(AIProvider.name), col(AIModel.name), col(AIModel.id))
    query = named(name).where(usable).order_by(*order)
    found = [(row[0], row[1]) for row in (await session.execute(query)).all()]
    # Models that are no longer listed don't make a name ambiguous.
    found = [row for row in found if row[0].is_available] or found
    found = [row for row in found if _spelt(*row, name)] or found
    if not found:
        if field == "image_model":
            raise InvalidInput("error.image_model", field=field)
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
            "error.model_ambiguous",
            field=field,
            model=one_line(name, 100),
            candidates=", ".join(told[:CANDIDATES]),
        )
    return found[0][0]


async def note_used(session: AsyncSession, actor: Actor, model_id: str) -> None:
    """Remember the model for the user's next chat, unless they have set a default model."""
    user = await session.get(User, actor.user_id, with_for_update=True)
    if user and model_id and user.preferences.get(LAST_USED) != model_id:
        user.preferences = {**user.preferences, LAST_USED: model_id}


async def _switched_off(session: AsyncSession, actor: Actor, model_id: str, images: bool) -> str:
    """The name of a model the actor could use if it were switched on, else ""."""
    query = (
        sa.select(col(AIModel.display_name))
        .join(AIProvider, col(AIProvider.id) == AIModel.provider_id)
        .where(_for(actor.user_id, actor.is_admin), col(AIModel.id) == model_id)
    )
    if images:
        query = query.where(makes_images())
    return await session.scalar(query) or ""


async def default_model_id(session: AsyncSession, actor: Actor) -> str:
    """The model a new chat starts with; "" if there is none.

    The first available of: the user's default model, the model they used last, the installation's
    default, the first model they may use.
    """
    models = [each for each in await list_models(session, actor) if each.available]
    ids = {each.id for each in models}
    person = sa.select(col(User.default_model_id), col(User.preferences))
    own, preferences = (await session.execute(person.where(col(User.id) == actor.user_id))).one()
    for known in (own, preferences.get(LAST_USED)):
        if known in ids:
            return str(known)
    chosen = await session.scalar(sa.select(col(AIModel.id)).where(col(AIModel.is_default)))
    return chosen if chosen in ids else models[0].id if models else ""
