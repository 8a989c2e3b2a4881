"""Ends the runs of dead workers, and starts runs that no worker has claimed.

On the same machine, a worker's lock shows whether it is alive (owner.py). A worker on another
machine is considered dead if its heartbeat is old by the database's clock, except just after a time
when no worker could send one. Output that a dead worker had shown but not written to the database
is in its journal.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.enums import RunState
from llm_ui.generation import store
from llm_ui.generation.log import grown, sources_in
from llm_ui.generation.owner import life_of
from llm_ui.generation.store import StoredRun
from llm_ui.generation.types import Outcome
from llm_ui.generation.unwritten import Kept, read
from llm_ui.models.base import now

if TYPE_CHECKING:
    from llm_ui.generation.engine import Engine

UNCLAIMED_AFTER = timedelta(seconds=2)
STALE_AFTER = timedelta(seconds=30)


def _is_dead(engine: Engine, run: StoredRun, moment: datetime, *, trusts: bool) -> bool:
    if run.owner == engine.owner:
        # Ours according to its row, but nobody streams it: it was lost on the way.
        return not engine.has(run.id)
    life = life_of(run.owner or "")
    if life != "unknown":
        return life == "dead"
    if run.heartbeat_at is None:
        return True
    return trusts and run.heartbeat_at < moment - STALE_AFTER


async def reap(engine: Engine) -> None:
    """Run one round."""
    async with engine.database.unit_of_work(writes=False) as session:
        queued = await store.unclaimed(session, UNCLAIMED_AFTER)
        moment = await store.time_of(session)
        trusts = engine.hearts.look(moment)
        running = await store.running(session)
        stops = await store.to_stop(session, engine.owner)
    dead = [run for run in running if _is_dead(engine, run, moment, trusts=trusts)]
    for run_id in stops:
        engine.stop_run(run_id)
    left = await asyncio.to_thread(_left_behind, engine)
    for run in dead:
        kept = next((found[run.id] for found in left.values() if run.id in found), Kept())
        await _interrupt(engine, run, kept)
    still_running = {run.id for run in running} - {run.id for run in dead}
    for path, found in left.items():
        await _take_over(engine, path, found, still_running)
    for run_id in queued:
        engine.wake(run_id)


def _left_behind(engine: Engine) -> dict[Path, dict[str, Kept]]:
    """The journals that dead workers left on this disk."""
    paths = engine.journal.left_behind() if engine.journal else []
    return {path: read(path) for path in paths}


async def _interrupt(engine: Engine, run: StoredRun, kept: Kept) -> None:
    async with engine.database.unit_of_work() as session:
        outcome = await _outcome(session, run, kept)
        if await store.finish(session, outcome, run.owner or ""):
            await engine.settle(session, outcome)
    engine.bus.wake(run.id)


async def _outcome(session: AsyncSession, run: StoredRun, kept: Kept) -> Outcome:
    """The outcome of a run whose worker died: as journaled, or interrupted with all its output."""
    if kept.outcome is not None:
        return kept.outcome
    before, thought_before = await store.text_of(session, run.message_id)
    events = await store.events(session, run.id)
    events = kept.beyond(events, len(before) + len(thought_before))
    text, reasoning = grown(before, thought_before, events)
    return Outcome(
        run_id=run.id,
        state=RunState.INTERRUPTED,
        text=text,
        reasoning=reasoning,
        created_at=run.created_at,
        started_at=run.started_at or run.created_at,
        finished_at=run.heartbeat_at or now(),
        base=len(before),
        sources=sources_in(events),
    )


async def _take_over(
    engine: Engine, path: Path, found: dict[str, Kept], still_running: set[str]
) -> None:
    """Apply a journal to runs that were ended without it, and delete it."""
    if still_running & set(found):
        # Its worker may still be alive, on another machine.
        return
    for run_id, kept in found.items():
        async with engine.database.unit_of_work() as session:
            run = await store.load(session, run_id)
            if run is None or run.state != RunState.INTERRUPTED:
                continue
            outcome = kept.outcome or await _longer(session, run, kept)
            await store.amend(session, outcome, run.owner or "")
        engine.bus.wake(run_id)
    with contextlib.suppress(OSError):
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _longer(session: AsyncSession, run: StoredRun, kept: Kept) -> Outcome:
    """The outcome of an interrupted run, extended by the journal beyond the stored output."""
    outcome = await _outcome(session, run, Kept())
    # Start after the stored log, or where the journal starts: sources count as positions too.
    first = min((piece.start for piece in kept.pieces), default=0)
    more = kept.beyond([], max(first, len(outcome.text) + len(outcome.reasoning)))
    outcome.text, outcome.reasoning = grown(outcome.text, outcome.reasoning, more)
    return outcome
