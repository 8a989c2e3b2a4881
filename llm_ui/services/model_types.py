"""Types of models in the hands of an admin.

Five are made by the application. They may be called something else, and may go; what
"reasoning" (its models can be asked to think) and "embedding" (its models are not offered
for chats) mean hangs on their slug, which stays. A type that an admin makes has none.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.models import AIModel, AIType
from llm_ui.schemas.models import TypeDraft, TypeRow
from llm_ui.services import model_checks as checks
from llm_ui.services.monitoring import record

LIMIT = 50
_ORDER = (col(AIType.sort_order), sa.func.lower(AIType.name), col(AIType.id))


async def list_types(session: AsyncSession, actor: Actor) -> list[TypeRow]:
    """All types in their order, each with how many models have it. For admins."""
    require(actor, "administer")
    count = (
        sa.select(sa.func.count(col(AIModel.id)))
        .where(col(AIModel.type_id) == AIType.id)
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
        "name": row.name, "description": row.description, "icon": row.icon,
        "sort_order": row.sort_order,
    }  # fmt: skip


async def create_type(session: AsyncSession, actor: Actor, draft: TypeDraft) -> list[TypeRow]:
    """Make a type, at the end; returns all. For admins.

    Raises:
        InvalidInput: names the field; also for a name that another type has.
        Conflict: there are enough.
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
        session, "admin.type_created", row.name, user_id=actor.user_id, type=row.name,
        changes={name: [None, value] for name, value in _told(row).items()},
    )  # fmt: skip
    return await list_types(session, actor)


async def update_type(
    session: AsyncSession, actor: Actor, type_id: str, draft: TypeDraft
) -> list[TypeRow]:
    """Change a type, or its place; returns all. For admins. Raises NotFound, InvalidInput."""
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
            session, "admin.type_changed", f"{row.name}: {', '.join(differs)}",
            user_id=actor.user_id, type=row.name, changes=differs,
        )  # fmt: skip
    return await list_types(session, actor)


async def delete_type(session: AsyncSession, actor: Actor, type_id: str) -> list[TypeRow]:
    """Take a type away; its models have none then. Returns those that are left. For admins.
    Raises NotFound."""
    require(actor, "administer")
    row = await _load(session, type_id)
    record(
        session, "admin.type_deleted", row.name, user_id=actor.user_id, type=row.name,
        changes={name: [value, None] for name, value in _told(row).items()},
    )  # fmt: skip
    # What the foreign key would do as well; but this the session knows of.
    await session.execute(
        sa.update(AIModel).where(col(AIModel.type_id) == type_id).values(type_id=None)
    )
    await session.delete(row)
    await session.flush()
    return await list_types(session, actor)
