"""The messages of a chat as a tree: who stands beside whom, what is newest below, and which
branch holds what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.models import ChatHistory, ChatMessage


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands among its siblings: `number` (from 1) of `count`, and the ids
    of its neighbours, "" at either end."""

    number: int = 1
    count: int = 1
    before: str = ""
    after: str = ""


async def places(
    session: AsyncSession, chat_id: str, rows: Sequence[ChatMessage]
) -> dict[str, Place]:
    """The place of each of these messages of a chat, by id, siblings in the order made."""
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
    """The rows of a path, oldest first, each undecided answer with its other one beside it."""
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
    """Answers to this question no longer stand side by side; none is lost."""
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
    """The newest message of the branch that begins with this one: always a leaf, since
    what is below was made later."""
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
    """From the end of a branch up to a message on it: the ids, the end's first. `aside` when
    the branch is another one than the chat's."""

    ids: list[str]
    aside: bool = False


async def way_to(session: AsyncSession, chat: ChatHistory, message_id: str) -> Way | None:
    """The way to a message on the chat's branch, or else on the newest one that holds it.

    Of two answers that stand side by side only one is on a branch: for them the way is the
    one to their question. None when the chat has no such message.
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
    """The ids from a leaf towards the root, to the target or else all of them."""
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
