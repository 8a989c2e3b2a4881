"""Model administration: change, reorder, switch on or off, make the default.

A field that an administrator sets is recorded in `AIModel.fixed`; syncs don't change it until it is
cleared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.errors import Conflict, InvalidInput, NotFound, Refusals
from llm_ui.models import AIModel, AIProvider, AIType, ModelReader, User
from llm_ui.models.base import now
from llm_ui.schemas.catalogue.models import ModelDetail, ModelDraft
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue import model_checks as checks
from llm_ui.services.catalogue.model_views import (
    ORDER,
    capabilities_of,
    get_model,
    load,
    readers_of,
)
from llm_ui.services.catalogue.models import IMAGES, NOT_FOR_CHATS
from llm_ui.services.catalogue.provider_sync import shown_name
from llm_ui.services.money import prices

PROMPT_LIMIT = 20_000
AT_ONCE = 500
READERS_LIMIT = 1000
NAMES_TOLD = 50


async def get_for_change(session: AsyncSession, actor: Actor, model_id: str) -> ModelDetail:
    """One model, locked until the commit. For administrators. Raises NotFound."""
    require(actor, "administer")
    await _in_turn(session)
    return await get_model(session, actor, model_id)


async def update_model(
    session: AsyncSession, actor: Actor, model_id: str, draft: ModelDraft
) -> ModelDetail:
    """Change the fields of a model that the draft sets. For administrators.

    Raises:
        NotFound: there is no such model.
        InvalidInput: names the field.
        Conflict: it is to be the default but cannot be chosen.
    """
    require(actor, "administer")
    await _in_turn(session)
    model = await load(session, model_id, lock=True)
    provider = await session.get(AIProvider, model.provider_id)
    if provider is None:
        raise NotFound
    before, slug = await _told(session, model), await _slug_of(session, model)
    refusals = Refusals()
    with refusals:
        _put_words(model, draft)
    if draft.display_name and model.display_name != before["display_name"]:
        with refusals:
            await checks.check_alike(session, model.display_name, model.id)
    with refusals:
        await _put_type(session, model, draft.type_id)
    with refusals:
        _put_abilities(model, provider, draft)
    images = await _slug_of(session, model) == IMAGES
    # Parameters for text don't apply to images, and vice versa.
    is_other = images != (slug == IMAGES)
    if is_other or draft.params is not None:
        with refusals:
            model.default_params = checks.clean_params(
                draft.params or {}, provider.provider_type, images=images, is_other=is_other
            )
    with refusals:
        await _put_readers(session, model, draft.readers)
    refusals.done()
    if draft.is_active is not None:
        model.is_active = draft.is_active
    if draft.is_default is not None:
        await _put_default(session, model, draft.is_default)
    await session.flush()
    if draft.place is not None or draft.steps:
        await _move(session, model, draft.place, draft.steps)
    after = await _told(session, model)
    differs = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if differs:
        model.updated_at = now()
        await session.flush()
        record(
            session,
            "admin.model_changed",
            f"{model.display_name}: {', '.join(differs)}",
            user_id=actor.user_id,
            model=model.display_name,
            provider=provider.name,
            changes=differs,
        )
    return await get_model(session, actor, model.id)


async def _in_turn(session: AsyncSession) -> None:
    """Serialize writers of models: each changes rows of other models too."""
    query = sa.select(col(AIProvider.id)).order_by(col(AIProvider.id)).with_for_update()
    await session.execute(query)


async def _told(session: AsyncSession, model: AIModel) -> dict[str, Any]:
    """The model's values for the log; of its instructions only the length."""
    kind = await session.get(AIType, model.model_type) if model.model_type else None
    chosen = [each.email for each in await readers_of(session, model.id)]
    return {
        "display_name": model.display_name,
        "description": model.description,
        "icon": model.icon,
        "type": kind.name if kind else None,
        "context_window": model.context_window,
        "max_tokens": model.max_tokens,
        "capabilities": list(model.capabilities),
        "default_params": dict(model.default_params),
        "system_prompt": len(model.system_prompt),
        "visibility": model.visibility,
        "chosen": chosen[:NAMES_TOLD],
        "chosen_count": len(chosen),
        "sort_order": model.sort_order,
        "is_active": model.is_active,
        "is_default": model.is_default,
    }


def _fix(model: AIModel, field: str, *, fixed: bool) -> None:
    others = [each for each in model.fixed if each != field]
    model.fixed = sorted([*others, field]) if fixed else others


def _put_words(model: AIModel, draft: ModelDraft) -> None:
    refusals = Refusals()
    with refusals:
        _put_name(model, draft.display_name)
    if draft.description is not None:
        limit = checks.DESCRIPTION_LIMIT
        with refusals:
            model.description = checks.clean_text(draft.description, "description", limit)
    if draft.icon is not None:
        with refusals:
            model.icon = checks.clean_icon(draft.icon)
    if draft.system_prompt is not None:
        with refusals:
            model.system_prompt = checks.clean_text(draft.system_prompt, "prompt", PROMPT_LIMIT)
    if draft.visibility is not None:
        with refusals:
            model.visibility = checks.visibility_of(draft.visibility)
    refusals.done()


def _put_name(model: AIModel, name: str | None) -> None:
    if name is not None:
        given = checks.clean_shown(name, "display_name", checks.NAME_LIMIT)
        model.display_name = given or shown_name(model.name)[: checks.NAME_LIMIT]


async def _slug_of(session: AsyncSession, model: AIModel) -> str | None:
    kind = await session.get(AIType, model.model_type) if model.model_type else None
    return kind.slug if kind else None


async def _put_type(session: AsyncSession, model: AIModel, type_id: str | None) -> None:
    if type_id is None:
        return
    if type_id and await session.get(AIType, type_id) is None:
        raise InvalidInput("error.model_type", field="type_id")
    model.model_type = type_id or None


def _put_abilities(model: AIModel, provider: AIProvider, draft: ModelDraft) -> None:
    refusals = Refusals()
    for field, form_field in (("context_window", "context_window"), ("max_tokens", "longest")):
        tokens = getattr(draft, field)
        if tokens is None:
            continue
        with refusals:
            cleaned = checks.clean_size(tokens, form_field)
            if cleaned != getattr(model, field):
                setattr(model, field, cleaned)
                _fix(model, field, fixed=cleaned is not None)
    if draft.capabilities is not None:
        with refusals:
            wanted = checks.clean_capabilities(draft.capabilities)
            if set(wanted) != set(capabilities_of(model, provider)):
                model.capabilities = wanted
                _fix(model, "capabilities", fixed=True)
    refusals.done()


async def _put_readers(
    session: AsyncSession, model: AIModel, readers: Sequence[str] | None
) -> None:
    if readers is None:
        return
    wanted = set(readers)
    if len(wanted) > READERS_LIMIT:
        raise InvalidInput("error.model_readers_many", field="readers", limit=READERS_LIMIT)
    there = set(await session.scalars(sa.select(col(User.id)).where(col(User.id).in_(wanted))))
    if there != wanted:
        raise InvalidInput("error.model_reader", field="readers")
    own = col(ModelReader.model_id) == model.id
    await session.execute(sa.delete(ModelReader).where(own))
    session.add_all(ModelReader(model_id=model.id, user_id=each) for each in sorted(wanted))


async def _put_default(session: AsyncSession, model: AIModel, is_default: bool) -> None:
    if is_default:
        chats = await _slug_of(session, model) not in NOT_FOR_CHATS
        if not (model.is_active and model.is_available and chats):
            raise Conflict("error.model_default", model=model.display_name)
        await session.execute(
            sa.update(AIModel)
            .where(col(AIModel.is_default).is_(True), col(AIModel.id) != model.id)
            .values(is_default=False)
        )
    model.is_default = is_default


async def _move(session: AsyncSession, model: AIModel, place: int | None, steps: int) -> None:
    """Move a model to a place (from 1) among its provider's, or by a number of steps.

    Places beyond the end mean the end.
    """
    query = sa.select(col(AIModel.id), col(AIModel.sort_order)).where(
        col(AIModel.provider_id) == model.provider_id
    )
    rows = (await session.execute(query.order_by(*ORDER))).all()
    had = {row[0]: row[1] for row in rows}
    order = list(had)
    here = order.index(model.id)
    at = min(max(here + 1 + steps if place is None else place, 1), len(order)) - 1
    if here == at:
        return
    order.remove(model.id)
    order.insert(at, model.id)
    moved = [
        {"id": each, "sort_order": number}
        for number, each in enumerate(order, 1)
        if had[each] != number
    ]
    await session.execute(sa.update(AIModel), moved)
    await session.refresh(model)


async def _chosen(session: AsyncSession, ids: Sequence[str]) -> list[AIModel]:
    """The models with these IDs, all or none. Raises NotFound, InvalidInput."""
    wanted = list(dict.fromkeys(ids))
    if not 0 < len(wanted) <= AT_ONCE:
        raise InvalidInput("error.models_at_once", field="ids", limit=AT_ONCE)
    await _in_turn(session)
    query = sa.select(AIModel).where(col(AIModel.id).in_(wanted)).with_for_update()
    rows = list(await session.scalars(query))
    if len(rows) != len(wanted):
        raise NotFound
    return rows


async def switch_models(
    session: AsyncSession, actor: Actor, ids: Sequence[str], active: bool
) -> int:
    """Switch models on or off; returns how many changed. For administrators.

    Running answers continue.

    Raises:
        NotFound: one of them doesn't exist; none is changed.
        InvalidInput: no IDs, or too many at once.
    """
    require(actor, "administer")
    changed = [each for each in await _chosen(session, ids) if each.is_active != active]
    for each in changed:
        each.is_active, each.updated_at = active, now()
    if changed:
        names = [each.display_name for each in changed]
        record(
            session,
            "admin.models_switched",
            ", ".join(names[:NAMES_TOLD]),
            user_id=actor.user_id,
            models=names[:NAMES_TOLD],
            count=len(names),
            changes={"is_active": [not active, active]},
        )
    return len(changed)


async def use_listed_prices(session: AsyncSession, actor: Actor, ids: Sequence[str]) -> int:
    """Set the list price, starting today, for the given models that have no price.

    Returns how many got one. For administrators. Raises the same errors as `switch_models`.
    """
    require(actor, "administer")
    of: dict[str, list[AIModel]] = {}
    for each in await _chosen(session, ids):
        of.setdefault(each.provider_id, []).append(each)
    given = 0
    for provider_id, models in of.items():
        provider = await session.get(AIProvider, provider_id)
        if provider is not None:
            given += await prices.give_listed(session, provider, [each.name for each in models])
    if given:
        record(
            session,
            "admin.prices_listed",
            str(given),
            user_id=actor.user_id,
            count=given,
            changes={"prices": [0, given]},
        )
    return given
