"""Branches of a chat: showing one, keeping one, and forking one into a new chat; and feedback on
answers.

Editing and retrying, which create branches, are in `asking`.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.enums import MessageRole
from llm_ui.errors import Conflict, NotFound, not_one_of
from llm_ui.models import ACTIVE, ChatHistory, ChatMessage, Generation
from llm_ui.models.base import new_id, now
from llm_ui.schemas.chats.chats import ChatHead
from llm_ui.services import text_quota
from llm_ui.services.chats import live_updates, messages, tree
from llm_ui.services.chats.chats import get_chat_for, head_of, stop_row
from llm_ui.services.chats.titles import branch_title
from llm_ui.services.chats.tree import LONGEST_PATH, path_query

FEEDBACK = (-1, 0, 1)
# Columns that are copied to a fork's messages; IDs and parents are new.
_COPIED = (
    "role",
    "content",
    "reasoning",
    "status",
    "error_code",
    "error_key",
    "error_params",
    "model_id",
    "model_name",
    "ttft_ms",
    "duration_ms",
    "input_tokens",
    "output_tokens",
    "is_estimated",
    "modes",
    "sources",
    "feedback",
    "thinking_ms",
    "finish_reason",
    "created_at",
    "finished_at",
)


async def show(session: AsyncSession, actor: Actor, message_id: str) -> ChatHead:
    """Switch to this message's branch: the newest leaf below it becomes the active leaf.

    Raises NotFound.
    """
    message = await messages.get_message_for(session, actor, message_id)
    chat = await get_chat_for(session, actor, message.chat_id, lock=True)
    chat.active_leaf_id = await tree.newest_below(session, chat.id, message.id)
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def keep(session: AsyncSession, actor: Actor, message_id: str) -> ChatHead:
    """Keep this answer of a comparison.

    The other answer stays as a branch; if it is still being written, it is stopped.

    Raises:
        NotFound: not an answer of the actor's.
        Conflict: it is not part of a comparison.
    """
    message = await messages.get_message_for(session, actor, message_id)
    chat = await get_chat_for(session, actor, message.chat_id, lock=True)
    if not message.pair_id:
        raise Conflict("error.not_a_pair")
    others = sa.select(col(ChatMessage.id)).where(
        col(ChatMessage.chat_id) == chat.id,
        col(ChatMessage.pair_id) == message.pair_id,
        col(ChatMessage.id) != message.id,
    )
    running = sa.select(col(Generation.id)).where(
        col(Generation.message_id).in_(others), col(Generation.state).in_(ACTIVE)
    )
    for run_id in list(await session.scalars(running)):
        await stop_row(session, run_id)
    await tree.end_pairs(session, chat.id, message.parent_id)
    chat.active_leaf_id = message.id
    chat.model_id = message.model_id or chat.model_id
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def fork(session: AsyncSession, actor: Actor, message_id: str) -> ChatHead:
    """Copy the branch up to this message into a new chat.

    Raises:
        NotFound: not a message of the actor's.
        Conflict: the message is still being written.
        TooManyRequests: the text quota for the day is used up.
    """
    message = await messages.get_message_for(session, actor, message_id)
    source = await get_chat_for(session, actor, message.chat_id)
    path = list(await session.scalars(path_query(source.id, message.id, LONGEST_PATH)))[::-1]
    if any(row.status in ACTIVE for row in path):
        raise Conflict("error.chat_busy")
    text_quota.charge(actor, (text for row in path for text in (row.content, row.reasoning)))
    chat = ChatHistory(
        user_id=actor.user_id,
        project_id=source.project_id,
        model_id=source.model_id,
        model_name=source.model_name,
        title=await branch_title(session, actor, source.title),
        title_is_automatic=source.title_is_automatic,
        branched_from=source.id,
        settings=dict(source.settings),
        is_temporary=source.is_temporary,
        updated_at=now(),
    )
    session.add(chat)
    await session.flush()
    copies = {row.id: new_id() for row in path}
    rows = [
        {name: getattr(row, name) for name in _COPIED}
        | {"id": copies[row.id], "chat_id": chat.id, "parent_id": copies.get(row.parent_id or "")}
        for row in path
    ]
    # One statement, in order, so that each parent exists before its children.
    await session.execute(sa.insert(ChatMessage), rows)
    await messages.copy_files(session, copies)
    chat.active_leaf_id = copies[message.id]
    live_updates.changed(session, actor.user_id, chat.id)
    return head_of(chat)


async def rate(session: AsyncSession, actor: Actor, message_id: str, value: int) -> int:
    """Rate an answer as good (1), bad (-1) or neither (0); returns the stored value.

    Raises:
        NotFound: not an answer of the actor's.
        InvalidInput: any other value.
    """
    if value not in FEEDBACK:
        raise not_one_of("value", map(str, FEEDBACK))
    message = await messages.get_message_for(session, actor, message_id)
    if message.role != MessageRole.ASSISTANT:
        raise NotFound
    message.feedback = value or None
    live_updates.changed(session, actor.user_id, message.chat_id)
    return value
