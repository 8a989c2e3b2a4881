"""A run's rows: each transition is one conditional UPDATE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

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
    MediaModel,
)
from llm_ui.models.base import now


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as its row tells it."""

    id: str
    message_id: str
    state: str
    owner: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


def clock(session: AsyncSession) -> Any:
    """The database's own clock, by which heartbeats are written and judged: the clocks of
    several machines differ. SQLite has that of this machine."""
    is_shared = session.get_bind().dialect.name == "postgresql"
    return sa.func.clock_timestamp() if is_shared else now()


async def time_of(session: AsyncSession) -> datetime:
    """What the database's clock says."""
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
    """Take a queued run; None if somebody else has it, or it is no longer queued.

    Args:
        shared: limits that hold for all workers together.

    Raises:
        NoPlace: as many are running as may; the run stays queued.
    """
    moment = now()
    if shared:
        await _one_at_a_time(session, shared)
    won = await _changed(
        session,
        sa.update(Generation)
        .where(
            col(Generation.id) == run_id,
            col(Generation.state) == "queued",
            *(running < limit for _, running, limit in (_limits(shared) if shared else ())),
        )
        .values(state="running", owner=owner, started_at=moment, heartbeat_at=clock(session)),
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
            .values(status="running")
        )
    return run


def _limits(lane: Lane) -> list[tuple[str, sa.ScalarSelect[int], int]]:
    """For each limit: whose it is, how many run at present, how many may."""
    other = aliased(Generation)
    running = sa.select(sa.func.count()).where(col(other.state) == "running")
    found = []
    if lane.per_user is not None:
        own = running.where(col(other.user_id) == lane.user_id)
        found.append((lane.user_id, own.scalar_subquery(), lane.per_user))
    if lane.per_provider is not None:
        models = sa.select(col(AIModel.id)).where(col(AIModel.provider_id) == lane.provider_id)
        media = sa.select(col(MediaModel.id)).where(col(MediaModel.provider_id) == lane.provider_id)
        theirs = running.where(
            sa.or_(col(other.model_id).in_(models), col(other.media_model_id).in_(media))
        )
        found.append((lane.provider_id, theirs.scalar_subquery(), lane.per_provider))
    return found


async def _one_at_a_time(session: AsyncSession, lane: Lane) -> None:
    """Let nobody else claim in this lane until the commit: two that count at the same
    moment would both find the last place. SQLite has one writer anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        # People first, providers second, everywhere: so nobody waits in a circle.
        for whose, _, _ in _limits(lane):
            key = sa.func.hashtextextended(f"lane {whose}", 0)
            await session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


async def _is_queued(session: AsyncSession, run_id: str) -> bool:
    run = await load(session, run_id)
    return run is not None and run.state == "queued"


async def _full(session: AsyncSession, lane: Lane) -> frozenset[str]:
    return frozenset(
        [
            whose
            for whose, running, limit in _limits(lane)
            if (await session.scalar(sa.select(running)) or 0) >= limit
        ]
    )


async def _lock_chat(session: AsyncSession, run_id: str) -> None:
    """Lock the run's chat before anything of it: whoever deletes or changes a chat locks that
    first too, and an answer that is fixed is entered into the index of words, whose row refers
    to the chat. In any other order two of them would wait for one another. SQLite has one
    writer anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        chat = sa.select(col(Generation.chat_id)).where(col(Generation.id) == run_id)
        await session.execute(
            sa.select(col(ChatHistory.id))
            .where(col(ChatHistory.id) == chat.scalar_subquery())
            .with_for_update(key_share=True)
        )


async def refuse(session: AsyncSession, run_id: str) -> bool:
    """Stop a run that nobody has taken yet; False if there is no such run (any more)."""
    moment = now()
    await _lock_chat(session, run_id)
    won = await _changed(
        session,
        sa.update(Generation)
        .where(col(Generation.id) == run_id, col(Generation.state) == "queued")
        .values(state="stopped", finished_at=moment),
    )
    run = await load(session, run_id) if won else None
    if run is not None:
        await session.execute(
            sa.update(ChatMessage)
            .where(col(ChatMessage.id) == run.message_id)
            .values(status="stopped", finished_at=moment)
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
    """Add to the logs of many runs, and show the `beating` ones alive.

    Returns:
        those of the beating ones that are still `owner`'s.
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
            col(Generation.state) == "running",
            col(Generation.owner) == owner,
        )
        .values(heartbeat_at=clock(session))
        .returning(col(Generation.id))
    )
    return set(await session.scalars(alive))


async def note_prompt(session: AsyncSession, run_id: str, tokens: int) -> None:
    """While a run waits for its first word: about how many tokens the model has to read."""
    await session.execute(
        sa.update(Generation)
        .where(col(Generation.id) == run_id, col(Generation.state) == "running")
        .values(input_tokens=tokens)
    )


async def events(session: AsyncSession, run_id: str, after: int = 0) -> list[Piece]:
    """The stored log from a position on (a piece that holds the position included)."""
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
    """Fix a run's end: its state, its message's text, and the log thrown away.

    Returns:
        False if the run was no longer `owner`'s to end; then nothing is changed.
    """
    usage = outcome.usage
    await _lock_chat(session, outcome.run_id)
    won = await _changed(
        session,
        sa.update(Generation)
        .where(
            col(Generation.id) == outcome.run_id,
            col(Generation.state) == "running",
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


async def amend(session: AsyncSession, outcome: Outcome, owner: str) -> str:
    """Give a run that somebody ended in `owner`'s place what they could not know: all that it
    said, and how it ended. Its ledger row stays as it was settled.

    Returns:
        the state that it has now; "" if there is no such run any more, or something has been
        done with its answer meanwhile: then nothing is changed.
    """
    run = await session.get(Generation, outcome.run_id, populate_existing=True)
    message = await session.get(ChatMessage, run.message_id) if run else None
    if run is None or message is None or run.owner != owner or run.state != "interrupted":
        return run.state if run else ""
    later = sa.select(col(Generation.id)).where(
        col(Generation.message_id) == run.message_id, col(Generation.created_at) > run.created_at
    )
    is_more = outcome.text.startswith(message.content) and outcome.reasoning.startswith(
        message.reasoning
    )
    if message.status != "interrupted" or not is_more or await session.scalar(later.limit(1)):
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
    # A continued answer keeps what its first part thought and read.
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


def kept_reason(reason: str) -> str:
    """What is kept of the reason for an end: of what nobody needs to know, "stop"."""
    return "stop" if reason in ("tool", "unknown") else reason


def _ended(source: dict[str, Any]) -> dict[str, Any]:
    """A source of a run that is over: what was still being read has not been read."""
    if source.get("state") != "reading":
        return source
    return {**source, "state": "failed", "problem": "stopped"}


async def text_of(session: AsyncSession, message_id: str) -> tuple[str, str]:
    """A message's text and reasoning."""
    row = await session.get(ChatMessage, message_id, populate_existing=True)
    return (row.content, row.reasoning) if row else ("", "")


async def unclaimed(session: AsyncSession, older_than: timedelta) -> list[str]:
    """Queued runs that nobody has taken."""
    query = sa.select(col(Generation.id)).where(
        col(Generation.state) == "queued", col(Generation.created_at) < now() - older_than
    )
    return list(await session.scalars(query.order_by(col(Generation.created_at)).limit(100)))


async def running(session: AsyncSession) -> list[StoredRun]:
    """Running runs of all workers."""
    # Plain columns: this is asked every second or so, of as many rows as there are answers.
    query = sa.select(
        col(Generation.id),
        col(Generation.message_id),
        col(Generation.state),
        col(Generation.owner),
        col(Generation.created_at),
        col(Generation.started_at),
        col(Generation.heartbeat_at),
    ).where(col(Generation.state) == "running")
    return [StoredRun(*row) for row in (await session.execute(query)).all()]


async def to_stop(session: AsyncSession, owner: str) -> list[str]:
    """Runs of this worker that somebody, perhaps on another worker, wants stopped."""
    query = sa.select(col(Generation.id)).where(
        col(Generation.owner) == owner,
        col(Generation.state) == "running",
        col(Generation.stop_requested).is_(True),
    )
    return list(await session.scalars(query))
