"""The messages of a chat as a tree: siblings, the newest descendant, and paths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.models import ChatHistory, ChatMessage

LONGEST_PATH = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """A message's place among its siblings: `number` (from 1) of `count`, and the IDs of its
    neighbors.

    `before` and `after` are "" at either end.
    """

    number: int = 1
    count: int = 1
    before: str = ""
    after: str = ""


async def places(
    session: AsyncSession, chat_id: str, rows: Sequence[ChatMessage]
) -> dict[str, Place]:
    """The places of these messages of a chat, by ID; siblings are in creation order."""
    parents = {row.parent_id for row in rows}
    if not parents:
        return {}
    named = [parent for parent in parents if parent is not None]
    wanted = [col(ChatMessage.parent_id).in_(named)] if named else []
    if None in parents:
        wanted.append(col(ChatMessage.parent_id).is_(None))
    query = (
        sa.select(col(ChatMessage.parent_id), col(ChatMessage.id))
        .where(col(ChatMessage.chat_id) == chat_id, sa.or_(*wanted))
        .order_by(col(ChatMessage.id))
    )
    families: dict[str | None, list[str]] = defaultdict(list)
    for parent, own in (await session.execute(query)).all():
        families[parent].append(own)
    return {row.id: _place(families[row.parent_id], row.id) for row in rows}


def _place(family: list[str], own: str) -> Place:
    at = family.index(own)
    return Place(
        number=at + 1,
        count=len(family),
        before=family[at - 1] if at else "",
        after=family[at + 1] if at + 1 < len(family) else "",
    )


async def with_pairs(
    session: AsyncSession, chat_id: str, rows: list[ChatMessage]
) -> list[ChatMessage]:
    """The messages of a path, oldest first, with both answers of each open comparison."""
    pairs = [row.pair_id for row in rows if row.pair_id]
    if not pairs:
        return rows
    found: dict[str, list[ChatMessage]] = defaultdict(list)
    query = sa.select(ChatMessage).where(
        col(ChatMessage.chat_id) == chat_id, col(ChatMessage.pair_id).in_(pairs)
    )
    for row in await session.scalars(query.order_by(col(ChatMessage.id))):
        found[row.pair_id or ""].append(row)
    result: list[ChatMessage] = []
    for row in rows:
        result.extend(found[row.pair_id] if row.pair_id else [row])
    return result


async def end_pairs(session: AsyncSession, chat_id: str, parent_id: str | None) -> None:
    """End the comparison of this question's answers; all of them are kept as branches."""
    if parent_id is None:
        return
    await session.execute(
        sa.update(ChatMessage)
        .where(
            col(ChatMessage.chat_id) == chat_id,
            col(ChatMessage.parent_id) == parent_id,
            col(ChatMessage.pair_id).is_not(None),
        )
        .values(pair_id=None)
    )


async def newest_below(session: AsyncSession, chat_id: str, message_id: str) -> str:
    """The newest message of the branch that starts with this one.

    It is always a leaf, because children are created after their parents.
    """
    own = col(ChatMessage.id)
    start = (
        sa.select(own.label("id"))
        .where(col(ChatMessage.chat_id) == chat_id, own == message_id)
        .cte("below", recursive=True)
    )
    step = sa.select(own).join(start, col(ChatMessage.parent_id) == start.c.id)
    below = start.union_all(step.where(col(ChatMessage.chat_id) == chat_id))
    newest = await session.scalar(sa.select(sa.func.max(below.c.id)))
    return str(newest or message_id)


@dataclass(frozen=True, slots=True)
class Way:
    """The path from the end of a branch up to a message on it.

    `ids` starts with the branch's end. `aside` is set if it is not the chat's active branch.
    """

    ids: list[str]
    aside: bool = False


async def way_to(session: AsyncSession, chat: ChatHistory, message_id: str) -> Way | None:
    """The path to a message on the active branch, or else on the newest branch that contains it.

    Only one answer of a comparison is on a branch, so for both of them this is the path to their
    question. None if the chat has no such message.
    """
    query = sa.select(col(ChatMessage.parent_id), col(ChatMessage.pair_id))
    found = (
        await session.execute(
            query.where(col(ChatMessage.chat_id) == chat.id, col(ChatMessage.id) == message_id)
        )
    ).first()
    if found is None:
        return None
    parent_id, pair_id = found
    target = parent_id if pair_id and parent_id else message_id
    own = await _ids_up(session, chat.id, chat.active_leaf_id or "", target)
    if own[-1:] == [target]:
        return Way(own)
    leaf = await newest_below(session, chat.id, target)
    return Way(await _ids_up(session, chat.id, leaf, target), aside=True)


async def _ids_up(session: AsyncSession, chat_id: str, leaf: str, target: str) -> list[str]:
    """The IDs from a leaf up to the target, or up to the root if the target is not on the way."""
    own = col(ChatMessage.id)
    start = (
        sa.select(own.label("id"), col(ChatMessage.parent_id), sa.literal(0).label("depth"))
        .where(col(ChatMessage.chat_id) == chat_id, own == leaf)
        .cte("way", recursive=True)
    )
    step = (
        sa.select(own, col(ChatMessage.parent_id), start.c.depth + 1)
        .join(start, own == start.c.parent_id)
        .where(col(ChatMessage.chat_id) == chat_id, start.c.id != target)
    )
    way = start.union_all(step)
    return list(await session.scalars(sa.select(way.c.id).order_by(way.c.depth)))


def path_query(chat_id: str, leaf_id: str, limit: int) -> sa.Select[Any]:
    """At most `limit` messages of a branch, from its leaf toward the root."""
    message = col(ChatMessage.id)
    start = (
        sa.select(message.label("id"), col(ChatMessage.parent_id), sa.literal(0).label("depth"))
        .where(col(ChatMessage.chat_id) == chat_id, message == leaf_id)
        .cte("path", recursive=True)
    )
    step = (
        sa.select(message, col(ChatMessage.parent_id), start.c.depth + 1)
        .join(start, message == start.c.parent_id)
        .where(col(ChatMessage.chat_id) == chat_id, start.c.depth + 1 < limit)
    )
    path = start.union_all(step)
    return sa.select(ChatMessage).join(path, path.c.id == message).order_by(path.c.depth)
