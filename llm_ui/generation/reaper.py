"""The end of runs whose worker died, and the start of runs that nobody took."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from llm_ui.generation import store
from llm_ui.generation.log import sources_in
from llm_ui.generation.owner import is_known_dead
from llm_ui.generation.store import StoredRun
from llm_ui.generation.types import Outcome
from llm_ui.models.base import now

if TYPE_CHECKING:
    from llm_ui.generation.engine import Engine

UNCLAIMED_AFTER = timedelta(seconds=2)
STALE_AFTER = timedelta(seconds=30)


def _is_dead(run: StoredRun) -> bool:
    if run.owner and is_known_dead(run.owner):
        return True
    return run.heartbeat_at is None or run.heartbeat_at < now() - STALE_AFTER


async def reap(engine: Engine) -> None:
    """One round."""
    async with engine.database.unit_of_work(writes=False) as session:
        queued = await store.unclaimed(session, UNCLAIMED_AFTER)
        dead = [
            run for run in await store.running_elsewhere(session, engine.owner) if _is_dead(run)
        ]
        stops = await store.to_stop(session, engine.owner)
    for run_id in stops:
        engine.stop_run(run_id)
    for run in dead:
        await _interrupt(engine, run)
    for run_id in queued:
        engine.wake(run_id)


async def _interrupt(engine: Engine, run: StoredRun) -> None:
    async with engine.database.unit_of_work() as session:
        before, thought_before = await store.text_of(session, run.message_id)
        events = await store.events(session, run.id)
        text, reasoning = store.split(events)
        outcome = Outcome(
            run_id=run.id,
            state="interrupted",
            text=before + text,
            reasoning=thought_before + reasoning,
            created_at=run.created_at,
            started_at=run.started_at or run.created_at,
            finished_at=run.heartbeat_at or now(),
            base=len(before),
            sources=sources_in(events),
        )
        if await store.finish(session, outcome, run.owner or ""):
            await engine.settle(session, outcome)
    engine.bus.wake(run.id)
