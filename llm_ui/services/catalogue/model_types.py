"""Model types, managed by administrators.

Six are built in. They can be renamed or deleted. The meaning of "reasoning" (its models can be
asked to think) and "embedding" (its models are not offered for chats) depends on their slug, which
never changes. "image" works the same way, but cannot be deleted, because no image could be
generated without it. Types created by an administrator have no slug.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.models import AIModel, AIType
from llm_ui.schemas.catalogue.models import TypeDraft, TypeRow
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue import model_checks as checks
from llm_ui.services.catalogue.models import IMAGES

LIMIT = 50
_ORDER = (col(AIType.sort_order), sa.func.lower(AIType.name), col(AIType.id))


async def list_types(session: AsyncSession, actor: Actor) -> list[TypeRow]:
    """All types in order, each with its number of models. For administrators."""
    require(actor, "administer")
    count = (
        sa.select(sa.func.count(col(AIModel.id)))
        .where(col(AIModel.model_type) == AIType.id)
        .scalar_subquery()
    )
    query = sa.select(AIType, count).order_by(*_ORDER)
    return [
        TypeRow(row.id, row.slug or "", row.name, row.description, row.icon, models)
        for row, models in (await session.execute(query)).all()
    ]


async def _load(session: AsyncSession, type_id: str) -> AIType:
    row = await session.get(AIType, type_id, with_for_update=True)
    if row is None:
        raise NotFound
    return row


async def _put(session: AsyncSession, row: AIType, draft: TypeDraft) -> None:
    if draft.name is not None:
        name = checks.clean_line(
            draft.name, "name", checks.TYPE_NAME_LIMIT, key="error.type_name_long"
        )
        if not name:
            raise InvalidInput("error.type_name", field="name")
        with session.no_autoflush:
            twin = await session.scalar(
                sa.select(col(AIType.id)).where(
                    sa.func.lower(AIType.name) == name.lower(), col(AIType.id) != row.id
                )
            )
        if twin is not None:
            raise InvalidInput("error.type_twice", field="name", name=name)
        row.name = name
    if draft.description is not None:
        limit = checks.TYPE_DESCRIPTION_LIMIT
        row.description = checks.clean_text(draft.description, "description", limit)
    if draft.icon is not None:
        row.icon = checks.clean_icon(draft.icon)


async def _move(session: AsyncSession, row: AIType, place: int) -> None:
    rows = list(await session.scalars(sa.select(AIType).order_by(*_ORDER)))
    rows.remove(row)
    rows.insert(min(max(place, 1), len(rows) + 1) - 1, row)
    for number, each in enumerate(rows, 1):
        each.sort_order = number


def _told(row: AIType) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "icon": row.icon,
        "sort_order": row.sort_order,
    }


async def create_type(session: AsyncSession, actor: Actor, draft: TypeDraft) -> list[TypeRow]:
    """Create a type at the end of the list; returns all types. For administrators.

    Raises:
        InvalidInput: names the field; also if another type has this name.
        Conflict: there are too many types.
    """
    require(actor, "administer")
    last = (await session.execute(sa.select(sa.func.count(), sa.func.max(AIType.sort_order)))).one()
    if last[0] >= LIMIT:
        raise Conflict("error.types_many", limit=LIMIT)
    row = AIType(name="", sort_order=(last[1] or 0) + 1)
    await _put(session, row, TypeDraft(draft.name or "", draft.description, draft.icon))
    session.add(row)
    await session.flush()
    record(
        session,
        "admin.type_created",
        row.name,
        user_id=actor.user_id,
        type=row.name,
        changes={name: [None, value] for name, value in _told(row).items()},
    )
    return await list_types(session, actor)


async def update_type(
    session: AsyncSession, actor: Actor, type_id: str, draft: TypeDraft
) -> list[TypeRow]:
    """Change a type or its place; returns all types. For administrators.

    Raises NotFound, InvalidInput.
    """
    require(actor, "administer")
    row = await _load(session, type_id)
    before = _told(row)
    await _put(session, row, draft)
    if draft.place is not None:
        await _move(session, row, draft.place)
    after = _told(row)
    differs = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if differs:
        await session.flush()
        record(
            session,
            "admin.type_changed",
            f"{row.name}: {', '.join(differs)}",
            user_id=actor.user_id,
            type=row.name,
            changes=differs,
        )
    return await list_types(session, actor)


async def delete_type(session: AsyncSession, actor: Actor, type_id: str) -> list[TypeRow]:
    """Delete a type; its models then have none. Returns the remaining types. For administrators.

    Raises NotFound, or Conflict for the image type.
    """
    require(actor, "administer")
    row = await _load(session, type_id)
    if row.slug == IMAGES:
        raise Conflict("error.type_needed")
    record(
        session,
        "admin.type_deleted",
        row.name,
        user_id=actor.user_id,
        type=row.name,
        changes={name: [value, None] for name, value in _told(row).items()},
    )
    # The foreign key would do this too, but then the session's objects would be stale.
    await session.execute(
        sa.update(AIModel).where(col(AIModel.model_type) == type_id).values(model_type=None)
    )
    await session.delete(row)
    await session.flush()
    return await list_types(session, actor)
