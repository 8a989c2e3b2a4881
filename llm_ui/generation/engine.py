"""The life cycle of a run: claim, stream, store, and a single place where every run ends.

Nothing here depends on pages or chats. `prepare` determines what to ask which provider; `settle`
turns the outcome into usage and metrics, in the transaction that ends the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from llm_ui.bus import END, Bus, Increment
from llm_ui.db import Database
from llm_ui.enums import RunState
from llm_ui.errors import AppError, ProviderError, ProviderRemoved
from llm_ui.generation import reaper, store
from llm_ui.generation.follow import follow_live, follow_stored
from llm_ui.generation.gate import Gate, Lane, NoPlace
from llm_ui.generation.keeping import Keeper
from llm_ui.generation.live import LiveRun
from llm_ui.generation.log import REASONING, TEXT, Piece
from llm_ui.generation.owner import Hearts, own_name
from llm_ui.generation.types import Admit, FollowEvent, Outcome, Plan, Prepare, Settle, Unhandled
from llm_ui.generation.unwritten import Journal
from llm_ui.models.base import now
from llm_ui.outages import patiently

logger = logging.getLogger(__name__)

# How long a request takes from the provider's adapter to the socket.
LEAD_S = 0.004
REAP_EVERY_S = 5.0
# Shorter with other workers, so that their death is noticed soon.
REAP_OTHERS_EVERY_S = 1.0
# How often followers on other workers get updates.
PUBLISH_EVERY_S = 0.04
# How long an orderly shutdown waits for ends to be written; after that they stay in the journal.
LAST_WRITES_S = 3.0


class Engine:
    """All runs of this process."""

    def __init__(
        self,
        database: Database,
        prepare: Prepare,
        settle: Settle,
        unhandled: Unhandled,
        admit: Admit,
        bus: Bus | None = None,
        data: Path | None = None,
    ) -> None:
        self.database = database
        self.bus = bus or Bus()
        self.settle = settle
        self.owner = own_name()
        self._prepare = prepare
        self._unhandled = unhandled
        self._admit = admit
        self._gate = Gate()
        self._taking: set[str] = set()
        self._stopped_early: set[str] = set()
        self._asked: dict[str, asyncio.Event] = {}
        self._live: dict[str, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._keeper = Keeper(database, self.owner, self._live, settle, unhandled, data)
        self.hearts = Hearts(trusting=False)
        self._publishing = asyncio.Lock()
        self._reaping = asyncio.Lock()
        self._accepting = True

    # --- life cycle ---------------------------------------------------------------

    def start(self) -> None:
        """Start the loops that write, send heartbeats, reap and publish."""
        self._loops = [
            asyncio.create_task(self._keeper.write_loop(), name="generation-writer"),
            asyncio.create_task(self._keeper.journal_loop(), name="generation-journal"),
            asyncio.create_task(self._reap_loop(), name="generation-reaper"),
            asyncio.create_task(self._publish_loop(), name="generation-publisher"),
        ]

    async def stop(self, grace: float) -> None:
        """Let runs finish for `grace` seconds, then interrupt the rest."""
        self._accepting = False
        waiting = [
            task for task in self._tasks if task.get_name().removeprefix("run-") not in self._live
        ]
        for task in waiting:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for live in list(self._live.values()):
            live.cancel(RunState.INTERRUPTED)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WRITES_S)
        await self._keeper.keep(math.inf)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    def wake(self, run_id: str) -> None:
        """Try to take a run that has just been queued. Returns immediately."""
        if self._accepting and run_id not in self._taking:
            self._taking.add(run_id)
            self._asked[run_id] = asyncio.Event()
            self._spawn(self._queue(run_id), f"run-{run_id}")

    async def until_asked(self, run_id: str, patience: float) -> None:
        """Wait until the model has been asked, for at most `patience` seconds.

        Work for the page is deferred until then, because it would delay the request.
        """
        asked = self._asked.get(run_id)
        if asked is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asked.wait()

    def stop_run(self, run_id: str) -> bool:
        """Stop a run of this process; False if it is not here."""
        live = self._live.get(run_id)
        if live is not None:
            live.cancel(RunState.STOPPED)
        elif run_id in self._taking:
            # It may just have been claimed and not be in `_live` yet.
            self._stopped_early.add(run_id)
        return live is not None

    def withdraw_run(self, run_id: str) -> bool:
        """End a run of this process because its provider is being removed; False if it is not here.

        The partial answer is kept.
        """
        live = self._live.get(run_id)
        if live is not None:
            live.cancel(RunState.FAILED, ProviderRemoved())
        return live is not None

    async def withdraw(self, run_id: str) -> None:
        """End a run whose provider is being removed, on this or another worker."""
        if not self.withdraw_run(run_id):
            await self.bus.tell_withdrawn(run_id)

    def look_for_places(self) -> None:
        """Let waiting runs try again, because a run has ended on another worker."""
        self._gate.news()

    async def stop_or_refuse(self, run_id: str) -> None:
        """Stop a run: immediately if it is here, before it starts if queued, else on its own
        worker."""
        if self.stop_run(run_id):
            return
        async with self.database.unit_of_work() as session:
            refused = await store.refuse(session, run_id)
        if refused:
            self.bus.wake(run_id)
        else:
            await self.bus.tell_stop(run_id)

    def follow(self, run_id: str, after: int | None = None) -> AsyncGenerator[FollowEvent, None]:
        """Follow a run: a Snapshot, then pieces without gaps or duplicates, then Ended.

        With `after`, the pieces after that position come instead of the Snapshot.
        """
        live = self._live.get(run_id)
        if live is not None:
            return follow_live(live, after)
        return follow_stored(self, run_id, after)

    def is_waiting(self, run_id: str) -> bool:
        """Whether the run is queued here and no other worker can take it.

        Its followers are then always woken when its state changes, so they need not poll.
        """
        return run_id in self._taking and not self.bus.crosses

    def live(self, run_id: str) -> LiveRun | None:
        """The run, if this process streams it."""
        return self._live.get(run_id)

    @property
    def journal(self) -> Journal | None:
        """Where pieces and ends are kept that could not be written to the database."""
        return self._keeper.journal

    def has(self, run_id: str) -> bool:
        """Whether this process is running the run, or might be about to."""
        return run_id in self._live or run_id in self._taking

    @property
    def running(self) -> int:
        """How many runs this process streams."""
        return len(self._live)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- one run ------------------------------------------------------------------

    async def _queue(self, run_id: str) -> None:
        """Wait for a place, take the run, and release the place."""
        try:
            lane = await self._admit(run_id)
            if lane is None:
                return
            place = await self._gate.enter(lane)
            try:
                while (full := await self._take(run_id, lane)) is not None:
                    await self._gate.wait_again(place, full)
            finally:
                self._gate.leave(place)
            if lane.is_limited:
                await self.bus.tell_freed()
        except (SQLAlchemyError, OSError):
            logger.exception("could not claim run %s; trying again", run_id)
        finally:
            self._taking.discard(run_id)
            self._asked.pop(run_id).set()
            self._stopped_early.discard(run_id)
            # Whatever the outcome.
            self.bus.wake(run_id)

    async def _take(self, run_id: str, lane: Lane) -> frozenset[str] | None:
        """Claim and execute the run.

        If there is no free slot for it, returns the owners of the limits that were reached.
        """
        if not self._accepting:
            return None
        # Reading the conversation takes about as long as committing the claim, so do both at once.
        plan = asyncio.ensure_future(self._prepare(run_id))
        try:
            live = await self._claim(run_id, lane)
            if live is not None:
                await self._run(live, plan)
        except NoPlace as kept_out:
            return kept_out.full
        finally:
            plan.cancel()
            await asyncio.gather(plan, return_exceptions=True)
        return None

    async def _claim(self, run_id: str, lane: Lane) -> LiveRun | None:
        # The gate counts for this worker; with several workers, the database counts for all.
        shared = lane if self.bus.crosses and lane.is_limited else None
        async with self.database.unit_of_work() as session:
            run = await store.claim(session, run_id, self.owner, shared)
            before = await store.text_of(session, run.message_id) if run else ("", "")
        return LiveRun(run_id, run.created_at, *before) if run else None

    async def _run(self, live: LiveRun, plan: asyncio.Future[Plan]) -> None:
        self._live[live.id] = live
        live.stream = asyncio.create_task(self._stream(live, plan), name=f"stream-{live.id}")
        if live.id in self._stopped_early:
            live.cancel(RunState.STOPPED)
        self.bus.wake(live.id)
        state = RunState.DONE
        try:
            await live.stream
        except asyncio.CancelledError:
            state = live.cancel_state or RunState.INTERRUPTED
        except AppError as error:
            state, live.error = RunState.FAILED, error
        except Exception as error:  # noqa: BLE001 - the one place that must outlive anything
            state, live.error = RunState.FAILED, await self._unhandled(error, f"run {live.id}")
        await self._finish(live, state)

    async def _stream(self, live: LiveRun, plan: asyncio.Future[Plan]) -> None:
        ready = await self._ready(live.id, plan)
        if (asked := self._asked.get(live.id)) is not None:
            # Send the request before anyone waiting for this event resumes.
            asyncio.get_running_loop().call_later(LEAD_S, asked.set)
        request = ready.request
        if ready.prompt_tokens:
            self._spawn(self._note_prompt(live.id, ready.prompt_tokens), f"prompt-{live.id}")
        if ready.look_up:
            request = await ready.look_up(live.note_source)
            # Metrics measure the model, not the time it took to fetch pages.
            live.started_at = now()
        try:
            async with aclosing(ready.provider.stream(request)) as events:
                async for event in events:
                    live.take(event)
                    if live.is_full:
                        break
            if ready.writes:
                live.require_words()
        except ProviderError as error:
            error.named(ready.provider_name, ready.model_name)
            raise

    async def _note_prompt(self, run_id: str, tokens: int) -> None:
        """Show people who are waiting that the prompt is long."""
        with contextlib.suppress(SQLAlchemyError):
            async with self.database.unit_of_work() as session:
                await store.note_prompt(session, run_id, tokens)

    async def _ready(self, run_id: str, plan: asyncio.Future[Plan]) -> Plan:
        """The plan, once the conversation can be read."""
        plans = iter([plan])
        return await patiently(lambda: next(plans, None) or self._prepare(run_id))

    async def _finish(self, live: LiveRun, state: RunState) -> None:
        """The only place where a run ends: message, usage and metrics in one transaction."""
        live.take_rest()
        outcome = Outcome(
            run_id=live.id,
            state=state,
            text=live.log.whole(TEXT),
            reasoning=live.log.whole(REASONING),
            created_at=live.created_at,
            started_at=live.started_at,
            finished_at=now(),
            first_token_at=live.first_token_at,
            usage=live.usage,
            error=live.error,
            base=live.base,
            thinking_ms=live.thinking_ms,
            sources=live.log.sources,
            address=live.address,
            finish_reason=live.finish_reason if state == RunState.DONE else "",
        )
        # Until it is written the run stays in memory, can be followed, and isn't reported as over.
        live.state = await self._keeper.write_end(live, outcome)
        self._live.pop(live.id, None)
        live.wake()
        await self._publish_end(live)

    # --- loops --------------------------------------------------------------------

    async def flush(self) -> None:
        """Write what all runs have produced since the last time."""
        await self._keeper.flush()

    async def _publish_loop(self) -> None:
        while True:
            await self.bus.until_wanted()
            await self.publish()
            await asyncio.sleep(PUBLISH_EVERY_S)

    async def publish(self) -> None:
        """Send followers on other workers what their runs have produced since the last time.

        The first time, this is the output that the database doesn't have yet.
        """
        async with self._publishing:
            wanted = self.bus.wanted()
            fresh: dict[str, list[Piece]] = {}
            for run in self._live.values():
                if run.id not in wanted:
                    run.published = None
                    continue
                if run.published is None:
                    run.published = run.written
                if pieces := run.log.since(run.published):
                    fresh[run.id] = pieces
            if not fresh:
                return
            sent = await self.bus.publish({key: _increments(each) for key, each in fresh.items()})
            for run_id, pieces in fresh.items():
                if (live := self._live.get(run_id)) is not None:
                    live.published = pieces[-1].end if sent else None

    async def _publish_end(self, live: LiveRun) -> None:
        """Publish the rest of a run's stream and its end; anything lost is in the database."""
        async with self._publishing:
            if live.id not in self.bus.wanted():
                return
            start = live.written if live.published is None else live.published
            last, end = live.log.since(start), live.log.length
            await self.bus.publish(
                {live.id: [*_increments(last), Increment(end, end, END, live.state)]}
            )

    async def reap(self) -> None:
        """Check the database for runs to end, stop or take."""
        async with self._reaping:
            await reaper.reap(self)
        self.look_for_places()

    async def _reap_loop(self) -> None:
        pause = REAP_OTHERS_EVERY_S if self.bus.crosses else REAP_EVERY_S
        while True:
            try:
                await self.reap()
            except SQLAlchemyError:
                logger.exception("the reaper could not read the runs; trying again")
            await asyncio.sleep(pause)


def _increments(pieces: list[Piece]) -> list[Increment]:
    return [Increment(each.start, each.end, each.kind, each.payload) for each in pieces]


_current: Engine | None = None


def start_engine(
    database: Database,
    prepare: Prepare,
    settle: Settle,
    unhandled: Unhandled,
    admit: Admit,
    bus: Bus | None = None,
    data: Path | None = None,
) -> Engine:
    """Create and start this process's engine; `data` is the data folder, for the journal."""
    global _current  # noqa: PLW0603 - one per process, made and ended by the lifespan
    _current = Engine(database, prepare, settle, unhandled, admit, bus, data)
    _current.start()
    return _current


async def stop_engine(grace: float) -> None:
    """Stop this process's engine."""
    global _current
    engine, _current = _current, None
    if engine is not None:
        await engine.stop(grace)


def current_engine() -> Engine | None:
    """This process's engine; None in scripts, whose runs a server's reaper takes."""
    return _current
