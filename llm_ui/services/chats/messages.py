"""Messages for display: a page of a branch, or a single one.

New ones are created in `asking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.enums import MessageRole, RunState
from llm_ui.errors import NotFound, one_line
from llm_ui.generation import short_number
from llm_ui.i18n import translate
from llm_ui.models import ACTIVE, ChatHistory, ChatMessage, Generation, MessageFile
from llm_ui.schemas.chats.views import UNKNOWN, MessageView
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.services.chats import attachments, tree
from llm_ui.services.chats.tree import path_query
from llm_ui.services.token_estimates import writing_rate
from llm_ui.wire.finish import CUT

PAGE = 40
# A page ends early after this many, as every tab that shows it holds them in memory.
PAGE_CHARACTERS = 2_000_000
# The alternative text of an image need not be longer.
ALT_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of a branch, oldest first.

    `earlier` is the `before` for the previous page and `later` the `after` for the next one; "" if
    there is none. `aside` is set if it is not the chat's active branch.
    """

    messages: list[MessageView]
    earlier: str = ""
    later: str = ""
    aside: bool = False


async def page_of(
    session: AsyncSession,
    actor: Actor,
    chat: ChatHistory,
    *,
    limit: int = PAGE,
    before: str | None = None,
    after: str | None = None,
    around: str | None = None,
) -> Slice:
    """A page of a chat's branch: by default its end, or what precedes the message `before`.

    With `after` or `around`, the page is from a branch that contains that message: the active one
    if possible, else the newest. If the message is not in this chat, `around` gives the end of the
    active branch, `before` and `after` an empty page.
    """
    way = None
    if after is not None or around is not None:
        way = await tree.way_to(session, chat, after or around or "")
        if way is None and after is not None:
            return Slice([])
    leaf: str | None
    later = ""
    while True:
        if way is None:
            leaf = await _end(session, chat, before)
        elif after is not None:
            leaf, later, limit = _below(way.ids[:-1], limit)
        else:
            ends_at = max(0, len(way.ids) - 1 - limit // 2)
            leaf = way.ids[ends_at]
            later = leaf if ends_at else ""
        if leaf is None:
            return Slice([])
        sizes = await _sizes(session, chat.id, leaf, limit + 1)
        fitting = _as_many([size for _, size in sizes], limit)
        if way is None or fitting == limit:
            break
        # A page that ends early may end before the message that it is to contain or to follow.
        limit = max(1, limit // 2)
    earlier = sizes[fitting - 1][0] if len(sizes) > fitting else ""
    rows = list(await session.scalars(path_query(chat.id, leaf, fitting)))
    path = await tree.with_pairs(session, chat.id, rows[::-1])
    views = await _views(session, actor, chat.id, path)
    return Slice(views, earlier, later, way is not None and way.aside)


async def _end(session: AsyncSession, chat: ChatHistory, before: str | None) -> str | None:
    """The last message of the active branch, or the one that precedes `before`."""
    if before is None:
        return chat.active_leaf_id
    found: str | None = await session.scalar(
        sa.select(col(ChatMessage.parent_id)).where(
            col(ChatMessage.id) == before, col(ChatMessage.chat_id) == chat.id
        )
    )
    return found


def _below(ids: Sequence[str], limit: int) -> tuple[str | None, str, int]:
    """For a page of the messages below another message: where it ends, the `after` of the next
    page, and how many messages it has. `ids` begins with the last message of the branch."""
    limit = min(limit, len(ids))
    leaf = ids[-limit] if ids else None
    return leaf, leaf if leaf and limit < len(ids) else "", limit


async def _sizes(
    session: AsyncSession, chat_id: str, leaf_id: str, limit: int
) -> list[tuple[str, int]]:
    """The ids of at most `limit` messages of a branch, from its leaf, and how many characters each
    has. They are counted in the database, as a page may have to leave most of them out."""
    size = sa.func.length(col(ChatMessage.content)) + sa.func.length(col(ChatMessage.reasoning))
    query = path_query(chat_id, leaf_id, limit)
    query = query.with_only_columns(col(ChatMessage.id), size, maintain_column_froms=True)
    return [(row[0], row[1]) for row in await session.execute(query)]


def _as_many(sizes: Sequence[int], limit: int) -> int:
    """How many messages of these sizes, at most `limit` and at least one, fit on a page."""
    characters = 0
    for number, size in enumerate(sizes[:limit]):
        characters += size
        if number and characters > PAGE_CHARACTERS:
            return number
    return limit


async def _views(
    session: AsyncSession, actor: Actor, chat_id: str, rows: list[ChatMessage]
) -> list[MessageView]:
    """Views of the messages of a path, oldest first."""
    runs = await _last_runs(session, [row.id for row in rows])
    for row in rows:
        # On PostgreSQL, every statement sees the database as of its own start: an answer may have
        # ended between the two. If it were shown as running although its run has ended, nothing
        # would follow it.
        if row.status in ACTIVE and not runs.get(row.id, ("", ""))[1]:
            await session.refresh(row)
    places = await tree.places(session, chat_id, rows)
    shown: list[MessageView] = []
    for row in rows:
        last, running = runs.get(row.id, ("", ""))
        view = view_of(row, actor.language, running, places.get(row.id), last)
        is_second = bool(view.pair and shown and shown[-1].pair == 1)
        shown.append(replace(view, pair=2) if is_second else view)
    if any(IMAGE in row.modes for row in rows if row.role == MessageRole.ASSISTANT):
        shown = await _with_prompts(session, rows, shown)
    return await attachments.with_files(session, actor, shown)


async def _with_prompts(
    session: AsyncSession, rows: list[ChatMessage], shown: list[MessageView]
) -> list[MessageView]:
    """The views, with the prompt added to each generated image."""
    asked = {
        row.id: row.parent_id for row in rows if row.role == MessageRole.ASSISTANT and row.modes
    }
    query = sa.select(col(ChatMessage.id), col(ChatMessage.content)).where(
        col(ChatMessage.id).in_([each for each in asked.values() if each])
    )
    words = {row[0]: shortened(row[1]) for row in (await session.execute(query)).all()}
    return [
        replace(view, prompt=words.get(asked[view.id] or "", "")) if view.id in asked else view
        for view in shown
    ]


def shortened(text: str) -> str:
    """A question as the alternative text of its image, on one line."""
    return one_line(text, ALT_CHARS)


async def _last_runs(session: AsyncSession, message_ids: list[str]) -> dict[str, tuple[str, str]]:
    """For each message with runs: the ID of the newest run, and the same ID again if that run is
    still active, else "".

    IDs sort by creation time.
    """
    active = sa.case((col(Generation.state).in_(ACTIVE), col(Generation.id)))
    query = (
        sa.select(col(Generation.message_id), sa.func.max(col(Generation.id)), sa.func.max(active))
        .where(col(Generation.message_id).in_(message_ids))
        .group_by(col(Generation.message_id))
    )
    return {row[0]: (row[1], row[2] or "") for row in (await session.execute(query)).all()}


def view_of(
    row: ChatMessage,
    language: str,
    run_id: str | None = None,
    place: tree.Place | None = None,
    last_run_id: str = "",
) -> MessageView:
    """The view of a message.

    Args:
        run_id: the run that is writing it now, if any.
        last_run_id: its newest run; `run_id` if not given.
        place: its place among its siblings; if not given, it has no siblings.
    """
    place = place or tree.Place()
    return MessageView(
        id=row.id,
        role=row.role,
        content=row.content,
        reasoning=row.reasoning,
        status=row.status,
        error=_error_text(row, language),
        error_code=row.error_code,
        model_name=row.model_name,
        model_id=row.model_id or "",
        run=short_number(run_id) if run_id else 0,
        run_id=run_id or "",
        last_run_id=last_run_id or run_id or "",
        ttft_ms=_known(row.ttft_ms),
        tokens_per_second=_rate(row),
        duration_ms=_known(row.duration_ms),
        input_tokens=_known(row.input_tokens),
        output_tokens=_known(row.output_tokens),
        estimated=row.is_estimated,
        created_at=row.created_at.isoformat(),
        modes=row.modes,
        sources=row.sources,
        thinking_ms=_known(row.thinking_ms),
        sibling=place.number,
        siblings=place.count,
        before_id=place.before,
        after_id=place.after,
        pair=1 if row.pair_id else 0,
        feedback=row.feedback or 0,
        finish_reason=row.finish_reason,
        truncated=row.finish_reason in CUT,
    )


def _known(value: int | None) -> int:
    return UNKNOWN if value is None else value


def _rate(row: ChatMessage) -> float:
    if row.ttft_ms is None or row.duration_ms is None or row.output_tokens is None:
        return UNKNOWN
    rate = writing_rate(row.output_tokens, row.ttft_ms, row.duration_ms)
    return UNKNOWN if rate is None else round(rate, 1)


def _error_text(row: ChatMessage, language: str) -> str:
    if row.error_key:
        return translate(row.error_key, language, **row.error_params)
    return translate("error.interrupted", language) if row.status == RunState.INTERRUPTED else ""


async def last_model(session: AsyncSession, chat: ChatHistory) -> str:
    """The name of the model that last answered in a chat; "" if none has."""
    query = (
        sa.select(col(ChatMessage.model_name))
        .where(
            col(ChatMessage.chat_id) == chat.id,
            col(ChatMessage.role) == MessageRole.ASSISTANT,
            sa.cast(col(ChatMessage.modes), sa.String).not_like(f'%"{IMAGE}"%'),
        )
        .order_by(col(ChatMessage.id).desc())
        .limit(1)
    )
    return await session.scalar(query) or ""


async def get_message_for(session: AsyncSession, actor: Actor, message_id: str) -> ChatMessage:
    """The actor's message. Raises NotFound."""
    message = await session.scalar(
        sa.select(ChatMessage)
        .join(ChatHistory, col(ChatHistory.id) == ChatMessage.chat_id)
        .where(
            col(ChatMessage.id) == message_id,
            col(ChatHistory.user_id) == actor.user_id,
            col(ChatHistory.deleted_at).is_(None),
        )
    )
    if message is None:
        raise NotFound
    return message


async def require_in(session: AsyncSession, actor: Actor, chat_id: str, message_id: str) -> None:
    """Raise NotFound unless the actor's message is in this chat."""
    if (await get_message_for(session, actor, message_id)).chat_id != chat_id:
        raise NotFound


async def get_view(session: AsyncSession, actor: Actor, message_id: str) -> MessageView:
    """The current view of one message. Raises NotFound."""
    row = await get_message_for(session, actor, message_id)
    rows = await tree.with_pairs(session, row.chat_id, [row])
    views = await _views(session, actor, row.chat_id, rows)
    return next(view for view in views if view.id == message_id)


async def has_files(session: AsyncSession, message_id: str) -> bool:
    """Whether files are attached to a message."""
    query = sa.select(sa.exists().where(col(MessageFile.message_id) == message_id))
    return bool(await session.scalar(query))


async def copy_files(session: AsyncSession, copies: Mapping[str, str]) -> None:
    """Attach the originals' files to copied messages; `copies` maps original IDs to new ones."""
    query = sa.select(MessageFile).where(col(MessageFile.message_id).in_(list(copies)))
    for link in list(await session.scalars(query)):
        session.add(
            MessageFile(
                message_id=copies[link.message_id], file_id=link.file_id, position=link.position
            )
        )
