"""A run's rows: each state transition is one conditional UPDATE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from llm_ui.enums import FinishReason, RunState, SourceState
from llm_ui.errors import AppError
from llm_ui.generation.gate import Lane, NoPlace
from llm_ui.generation.log import Piece
from llm_ui.generation.types import Outcome
from llm_ui.models import (
    ACTIVE,
    AIModel,
    ChatHistory,
    ChatMessage,
    Generation,
    GenerationEvent,
)
from llm_ui.models.base import now


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as stored in its row."""

    id: str
    message_id: str
    state: RunState
    owner: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


def clock(session: AsyncSession) -> Any:
    """The database's clock, used to write and compare heartbeats, because machines' clocks differ.

    On SQLite it is the clock of this machine.
    """
    is_shared = session.get_bind().dialect.name == "postgresql"
    return sa.func.clock_timestamp() if is_shared else now()


async def time_of(session: AsyncSession) -> datetime:
    """The current time of the database's clock."""
    moment = clock(session)
    if isinstance(moment, datetime):
        return moment
    found: datetime = (await session.scalars(sa.select(moment))).one()
    return found


async def _changed(session: AsyncSession, statement: Any) -> int:
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def claim(
    session: AsyncSession, run_id: str, owner: str, shared: Lane | None = None
) -> StoredRun | None:
    """Claim a queued run; None if it has been claimed already or is no longer queued.

    Args:
        shared: limits that apply to all workers together.

    Raises:
        NoPlace: a limit has been reached; the run stays queued.
    """
    moment = now()
    if shared:
        await _one_at_a_time(session, shared)
    won = await _changed(
        session,
        sa.update(Generation)
        .where(
            col(Generation.id) == run_id,
            col(Generation.state) == RunState.QUEUED,
            *(running < limit for _, running, limit in (_limits(shared) if shared else ())),
        )
        .values(
            state=RunState.RUNNING, owner=owner, started_at=moment, heartbeat_at=clock(session)
        ),
    )
    if not won and shared and await _is_queued(session, run_id):
        raise NoPlace(await _full(session, shared))
    if not won:
        return None
    run = await load(session, run_id)
    if run is not None:
        await session.execute(
            sa.update(ChatMessage)
            .where(col(ChatMessage.id) == run.message_id)
            .values(status=RunState.RUNNING)
        )
    return run


def _limits(lane: Lane) -> list[tuple[str, sa.ScalarSelect[int], int]]:
    """For each limit: whose it is, the number of running runs, and the maximum."""
    other = aliased(Generation)
    running = sa.select(sa.func.count()).where(col(other.state) == RunState.RUNNING)
    found = []
    if lane.per_user is not None:
        own = running.where(col(other.user_id) == lane.user_id)
        found.append((lane.user_id, own.scalar_subquery(), lane.per_user))
    if lane.per_provider is not None:
        models = sa.select(col(AIModel.id)).where(col(AIModel.provider_id) == lane.provider_id)
        theirs = running.where(col(other.model_id).in_(models))
        found.append((lane.provider_id, theirs.scalar_subquery(), lane.per_provider))
    return found


async def _one_at_a_time(session: AsyncSession, lane: Lane) -> None:
    """Serialize claims in this lane until the commit, so that two runs don't both get the last
    slot.

    SQLite has only one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Always people first, then providers, to avoid deadlocks.
        for whose, _, _ in _limits(lane):
            key = sa.func.hashtextextended(f"lane {whose}", 0)
            await session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


async def _is_queued(session: AsyncSession, run_id: str) -> bool:
    run = await load(session, run_id)
    return run is not None and run.state == RunState.QUEUED


async def _full(session: AsyncSession, lane: Lane) -> frozenset[str]:
    return frozenset(
        [
            whose
            for whose, running, limit in _limits(lane)
            if (await session.scalar(sa.select(running)) or 0) >= limit
        ]
    )


async def _lock_chat(session: AsyncSession, run_id: str) -> None:
    """Lock the run's chat before anything in it.

    Code that deletes or changes a chat also locks it first, and finishing an answer adds it to the
    full-text index, whose row refers to the chat. Any other order could deadlock. SQLite has only
    one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        chat = sa.select(col(Generation.chat_id)).where(col(Generation.id) == run_id)
        await session.execute(
            sa.select(col(ChatHistory.id))
            .where(col(ChatHistory.id) == chat.scalar_subquery())
            .with_for_update(key_share=True)
        )


async def refuse(session: AsyncSession, run_id: str) -> bool:
    """Stop a run that is still queued; False if it isn't."""
    moment = now()
    await _lock_chat(session, run_id)
    won = await _changed(
        session,
        sa.update(Generation)
        .where(col(Generation.id) == run_id, col(Generation.state) == RunState.QUEUED)
        .values(state=RunState.STOPPED, finished_at=moment),
    )
    run = await load(session, run_id) if won else None
    if run is not None:
        await session.execute(
            sa.update(ChatMessage)
            .where(col(ChatMessage.id) == run.message_id)
            .values(status=RunState.STOPPED, finished_at=moment)
        )
    return bool(won)


async def load(session: AsyncSession, run_id: str) -> StoredRun | None:
    """A run's row, or None."""
    row = await session.get(Generation, run_id, populate_existing=True)
    return _stored(row) if row else None


def _stored(row: Generation) -> StoredRun:
    return StoredRun(
        id=row.id,
        message_id=row.message_id,
        state=row.state,
        owner=row.owner,
        created_at=row.created_at,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
    )


async def append(
    session: AsyncSession, pieces: dict[str, list[Piece]], beating: list[str], owner: str
) -> set[str]:
    """Append to the logs of many runs, and update the heartbeats of the `beating` ones.

    Returns:
        those of the `beating` runs that still belong to `owner`.
    """
    rows = [
        {"run_id": run_id, "seq": piece.start, "kind": piece.kind, "payload": piece.payload}
        for run_id, found in pieces.items()
        for piece in found
    ]
    if rows:
        await session.execute(sa.insert(GenerationEvent), rows)
    if not beating:
        return set()
    alive = (
        sa.update(Generation)
        .where(
            col(Generation.id).in_(beating),
            col(Generation.state) == RunState.RUNNING,
            col(Generation.owner) == owner,
        )
        .values(heartbeat_at=clock(session))
        .returning(col(Generation.id))
    )
    return set(await session.scalars(alive))


async def note_prompt(session: AsyncSession, run_id: str, tokens: int) -> None:
    """Store the estimated prompt tokens of a run that is waiting for its first token."""
    await session.execute(
        sa.update(Generation)
        .where(col(Generation.id) == run_id, col(Generation.state) == RunState.RUNNING)
        .values(input_tokens=tokens)
    )


async def events(session: AsyncSession, run_id: str, after: int = 0) -> list[Piece]:
    """The stored log from a position on, including part of a piece that contains it."""
    before = sa.select(sa.func.max(GenerationEvent.seq)).where(
        col(GenerationEvent.run_id) == run_id, col(GenerationEvent.seq) <= after
    )
    first = await session.scalar(before) or 0
    query = (
        sa.select(GenerationEvent)
        .where(col(GenerationEvent.run_id) == run_id, col(GenerationEvent.seq) >= first)
        .order_by(col(GenerationEvent.seq))
    )
    pieces = (Piece(row.seq, row.kind, row.payload) for row in (await session.scalars(query)))
    return [rest for piece in pieces if (rest := piece.after(after))]


async def finish(session: AsyncSession, outcome: Outcome, owner: str) -> bool:
    """End a run: set its state, store its message's text, and delete its log.

    Returns:
        False if the run no longer belonged to `owner`; nothing is changed then.
    """
    usage = outcome.usage
    await _lock_chat(session, outcome.run_id)
    won = await _changed(
        session,
        sa.update(Generation)
        .where(
            col(Generation.id) == outcome.run_id,
            col(Generation.state) == RunState.RUNNING,
            col(Generation.owner) == owner,
        )
        .values(
            state=outcome.state,
            finished_at=outcome.finished_at,
            first_token_at=outcome.first_token_at,
            error_code=outcome.error.code if outcome.error else "",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
        ),
    )
    if not won:
        return False
    run = await load(session, outcome.run_id)
    if run is not None:
        await session.execute(
            sa.update(ChatMessage)
            .where(col(ChatMessage.id) == run.message_id)
            .values(**_message_values(outcome))
        )
    await session.execute(
        sa.delete(GenerationEvent).where(col(GenerationEvent.run_id) == outcome.run_id)
    )
    return True


async def amend(session: AsyncSession, outcome: Outcome, owner: str) -> RunState | None:
    """Complete a run that another worker ended on `owner`'s behalf.

    Adds what that other worker could not know: all output of the run, and how it ended. Its ledger
    row stays as it was settled.

    Returns:
        its state now; None if the run no longer exists. Nothing is changed if the answer has been
        continued or changed meanwhile.
    """
    run = await session.get(Generation, outcome.run_id, populate_existing=True)
    message = await session.get(ChatMessage, run.message_id) if run else None
    if run is None or message is None or run.owner != owner or run.state != RunState.INTERRUPTED:
        return run.state if run else None
    later = sa.select(col(Generation.id)).where(
        col(Generation.message_id) == run.message_id, col(Generation.created_at) > run.created_at
    )
    is_more = outcome.text.startswith(message.content) and outcome.reasoning.startswith(
        message.reasoning
    )
    if (
        message.status != RunState.INTERRUPTED
        or not is_more
        or await session.scalar(later.limit(1))
    ):
        return run.state
    error = outcome.error.code if outcome.error else ""
    run.state, run.finished_at, run.error_code = outcome.state, outcome.finished_at, error
    await session.execute(
        sa.update(ChatMessage)
        .where(col(ChatMessage.id) == run.message_id)
        .values(**_message_values(outcome))
    )
    await session.execute(
        sa.delete(GenerationEvent).where(col(GenerationEvent.run_id) == outcome.run_id)
    )
    return outcome.state


def _message_values(outcome: Outcome) -> dict[str, Any]:
    error: AppError | None = outcome.error
    values: dict[str, Any] = {}
    # A continued answer keeps the reasoning time and sources of its first part.
    if outcome.thinking_ms is not None:
        values["thinking_ms"] = outcome.thinking_ms
    if outcome.sources:
        values["sources"] = [_ended(source) for source in outcome.sources]
    return {
        **values,
        "content": outcome.text,
        "reasoning": outcome.reasoning,
        "status": outcome.state,
        "finish_reason": kept_reason(outcome.finish_reason),
        "error_code": error.code if error else "",
        "error_key": error.message_key if error else "",
        "error_params": error.params if error else {},
        "finished_at": outcome.finished_at,
    }


def kept_reason(reason: FinishReason | Literal[""]) -> FinishReason | Literal[""]:
    """The finish reason as stored; reasons nobody needs to know become "stop"."""
    is_whole = reason in (FinishReason.TOOL, FinishReason.UNKNOWN)
    return FinishReason.STOP if is_whole else reason


def _ended(source: dict[str, Any]) -> dict[str, Any]:
    """The source of a run that has ended: one still being read has failed."""
    if source.get("state") != SourceState.READING:
        return source
    return {**source, "state": SourceState.FAILED, "problem": "stopped"}


async def text_of(session: AsyncSession, message_id: str) -> tuple[str, str]:
    """A message's text and reasoning."""
    row = await session.get(ChatMessage, message_id, populate_existing=True)
    return (row.content, row.reasoning) if row else ("", "")


async def unclaimed(session: AsyncSession, older_than: timedelta) -> list[str]:
    """Queued runs that nobody has claimed."""
    query = sa.select(col(Generation.id)).where(
        col(Generation.state) == RunState.QUEUED, col(Generation.created_at) < now() - older_than
    )
    return list(await session.scalars(query.order_by(col(Generation.created_at)).limit(100)))


async def running(session: AsyncSession) -> list[StoredRun]:
    """The running runs of all workers."""
    # Plain columns, because this runs about every second, with a row for each running answer.
    query = sa.select(
        col(Generation.id),
        col(Generation.message_id),
        col(Generation.state),
        col(Generation.owner),
        col(Generation.created_at),
        col(Generation.started_at),
        col(Generation.heartbeat_at),
    ).where(col(Generation.state) == RunState.RUNNING)
    return [StoredRun(*row) for row in (await session.execute(query)).all()]


async def to_stop(session: AsyncSession, owner: str) -> list[str]:
    """Runs of this worker that should be stopped, as requested on any worker."""
    query = sa.select(col(Generation.id)).where(
        col(Generation.owner) == owner,
        col(Generation.state) == RunState.RUNNING,
        col(Generation.stop_requested).is_(True),
    )
    return list(await session.scalars(query))
