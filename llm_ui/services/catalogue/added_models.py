"""Models that an administrator adds by name because their provider doesn't list them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, InvalidInput
from llm_ui.models import AIModel, AIType
from llm_ui.models.base import now
from llm_ui.schemas.catalogue.models import ModelDetail
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue import model_checks as checks
from llm_ui.services.catalogue import model_views, provider_views
from llm_ui.services.catalogue.model_views import ADDED, get_model
from llm_ui.services.catalogue.provider_admin import end_runs
from llm_ui.services.catalogue.provider_sync import shown_name, slug_of, types_by_slug


async def add_model(
    session: AsyncSession, actor: Actor, provider_id: str, name: str, type_id: str | None = None
) -> ModelDetail:
    """Add a model to a provider; a sync doesn't remove it. For administrators.

    Args:
        name: the provider's name for it.
        type_id: "" for no type; None derives it from the name, as a sync does.

    Raises:
        NotFound: there is no such provider.
        InvalidInput: names the field; also if the provider already has a model of this name.
    """
    require(actor, "administer")
    provider = await provider_views.load(session, provider_id, lock=True)
    upstream = checks.clean_line(name, "name", checks.NAME_LIMIT)
    if not upstream:
        raise InvalidInput("error.model_name", field="name")
    if type_id and await session.get(AIType, type_id) is None:
        raise InvalidInput("error.model_type", field="type_id")
    if type_id is None:
        type_id = (await types_by_slug(session)).get(slug_of(upstream, provider.provider_type))
    model = AIModel(
        provider_id=provider.id,
        model_type=type_id or None,
        sort_order=await _last(session, provider.id),
        name=upstream,
        display_name=checks.clean_shown(shown_name(upstream), "name", checks.NAME_LIMIT),
        fixed=[ADDED],
    )
    await checks.check_alike(session, model.display_name, model.id)
    session.add(model)
    try:
        await session.flush()
    except IntegrityError:
        raise InvalidInput("error.model_known", field="name") from None
    record(
        session,
        "admin.model_added",
        f"{provider.name}: {upstream}",
        user_id=actor.user_id,
        model=upstream,
        provider=provider.name,
    )
    return await get_model(session, actor, model.id)


async def _last(session: AsyncSession, provider_id: str) -> int:
    """The sort order after the models that an administrator has ordered."""
    places = sa.select(sa.func.max(col(AIModel.sort_order)))
    last = await session.scalar(places.where(col(AIModel.provider_id) == provider_id))
    return last + 1 if last else 0


async def remove_model(actor: Actor, model_id: str) -> None:
    """Remove a model that was added by an administrator or is no longer listed by its provider.

    Chats keep its answers; running ones fail with an error that says why. For administrators.

    Raises:
        NotFound: there is no such model.
        Conflict: its provider lists it, so it would come back.
    """
    require(actor, "administer")
    async with unit_of_work() as session:
        model = await model_views.load(session, model_id, lock=True)
        if not model_views.is_removable(model):
            raise Conflict("error.model_listed", model=model.display_name)
        # Prevents new runs from starting.
        model.is_active, model.updated_at = False, now()
    await end_runs(col(AIModel.id) == model_id)
    async with unit_of_work() as session:
        model = await model_views.load(session, model_id, lock=True)
        record(
            session,
            "admin.model_removed",
            model.display_name,
            user_id=actor.user_id,
            model=model.display_name,
        )
        await session.execute(sa.delete(AIModel).where(col(AIModel.id) == model_id))
