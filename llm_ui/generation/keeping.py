"""Writing to the database: the output of active runs, and how they end.

Output that could not be written is never dropped. It stays in memory and is retried for as long as
the process lives; if the database is behind for more than a moment, it is also written to the local
disk (unwritten.py), in case the process dies before the database is back. An end is not reported to
anyone before it is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import prometheus_client as prometheus
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from llm_ui.db import Database
from llm_ui.enums import RunState
from llm_ui.generation import store
from llm_ui.generation.live import LiveRun
from llm_ui.generation.log import Piece
from llm_ui.generation.types import Outcome, Settle, Unhandled
from llm_ui.generation.unwritten import Journal
from llm_ui.outages import reason_of

logger = logging.getLogger(__name__)

# Whatever a page has shown for 300 ms must survive: this interval plus the duration of a write.
FLUSH_EVERY_S = 0.15
LEAST_PAUSE_S = 0.05
BEAT_EVERY_S = 5.0
# If writes are further behind than this, the database counts as down or too slow to rely on.
BEHIND_S = 0.6
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
# After this many failures because of a bug, an end is written without its usage rows.
BUG_TRIES = 3

failures = prometheus.Counter(
    "llm_ui_end_write_failures", "Failed attempts to write the end of an answer"
)
unwritten = prometheus.Gauge(
    "llm_ui_ends_unwritten",
    "Finished answers waiting to be written to the database",
    multiprocess_mode="livesum",
)


class Keeper:
    """Writes for all runs of a process.

    Args:
        owner: this worker's name.
        live: its runs; not modified here.
        data: the folder of the journal; None for no journal.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        live: Mapping[str, LiveRun],
        settle: Settle,
        unhandled: Unhandled,
        data: Path | None,
    ) -> None:
        self._database = database
        self._owner = owner
        self._live = live
        self._settle = settle
        self._unhandled = unhandled
        self.journal = Journal(data, owner.partition(":")[0]) if data else None
        self._writing = asyncio.Lock()
        self._ending = asyncio.Lock()
        self._journaling = asyncio.Lock()
        self._flushed_at = 0.0

    # --- while running ------------------------------------------------------------------

    async def write_loop(self) -> None:
        """Write new output periodically, forever."""
        clock = asyncio.get_running_loop().time
        beaten = began = clock()
        while True:
            # Measured from start to start, so that a write's duration isn't added.
            await asyncio.sleep(max(LEAST_PAUSE_S, began + FLUSH_EVERY_S - clock()))
            began = clock()
            beat = began - beaten >= BEAT_EVERY_S
            try:
                await self.flush(beat=beat)
                beaten = began if beat else beaten
            except (SQLAlchemyError, OSError):
                logger.exception("could not write the event log; trying again")

    async def flush(self, *, beat: bool = False) -> None:
        """Write the output that all runs have produced since the last call, in one transaction.

        Raises:
            SQLAlchemyError: the write failed; it will be retried.
        """
        async with self._writing:
            began = asyncio.get_running_loop().time()
            fresh: dict[str, list[Piece]] = {}
            for run in self._live.values():
                if not run.closing and run.log.length > run.written:
                    fresh[run.id] = run.log.since(run.written)
            beating = list(self._live) if beat else []
            if fresh or beating:
                try:
                    await self._append(fresh, beating)
                except IntegrityError:
                    # A row was deleted with its chat; that must not block the other runs' logs.
                    await self._one_by_one(fresh)
            self._flushed_at = began

    async def _append(self, fresh: dict[str, list[Piece]], beating: list[str]) -> None:
        async with self._database.unit_of_work() as session:
            mine = await store.append(session, fresh, beating, self._owner)
        for run_id, pieces in fresh.items():
            if (live := self._live.get(run_id)) is not None:
                live.written = pieces[-1].end
        for run_id in set(beating) - mine:
            live = self._live.get(run_id)
            if live is not None and not live.closing:
                logger.warning("run %s no longer belongs to this worker", run_id)
                live.cancel(RunState.INTERRUPTED)

    async def _one_by_one(self, fresh: dict[str, list[Piece]]) -> None:
        for run_id, pieces in fresh.items():
            try:
                await self._append({run_id: pieces}, [])
            except IntegrityError:
                if (live := self._live.get(run_id)) is not None:
                    live.cancel(RunState.STOPPED)

    # --- ends of runs -------------------------------------------------------------------

    async def write_end(self, live: LiveRun, outcome: Outcome) -> RunState:
        """Write the end of a run, retrying for as long as it takes.

        Returns:
            the state stored in its row.
        """
        live.closing, live.outcome = True, outcome
        live.ended_at = asyncio.get_running_loop().time()
        settle: Settle | None = self._settle
        pause, bugs, is_counted = FIRST_PAUSE_S, 0, False
        try:
            while True:
                try:
                    return await self._try_end(outcome, settle)
                except Exception as error:
                    failures.inc()
                    if not is_counted:
                        is_counted = True
                        unwritten.inc()
                    if reason_of(error):
                        logger.exception(
                            "could not write the end of run %s; trying again", outcome.run_id
                        )
                    else:
                        bugs += 1
                        if bugs == BUG_TRIES or not isinstance(error, SQLAlchemyError):
                            await self._unhandled(error, f"the end of run {outcome.run_id}")
                            settle = None
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            if is_counted:
                unwritten.dec()

    async def _try_end(self, outcome: Outcome, settle: Settle | None) -> RunState:
        # At most one end at a time may delay the logs of all runs.
        async with self._ending, self._writing, self._database.unit_of_work() as session:
            if await store.finish(session, outcome, self._owner):
                if settle:
                    await settle(session, outcome)
                return outcome.state
            # Another worker took this one for dead and ended the run; add what it couldn't know.
            return await store.amend(session, outcome, self._owner) or RunState.INTERRUPTED

    # --- the journal --------------------------------------------------------------------

    async def journal_loop(self) -> None:
        """Keep the journal up to date with what the database lacks, forever."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self.keep(asyncio.get_running_loop().time() - BEHIND_S)

    async def keep(self, before: float) -> None:
        """Write to the journal what should have reached the database before a given moment."""
        if self.journal is None:
            return
        async with self._journaling:
            behind = self._flushed_at < before
            pieces: dict[str, list[Piece]] = {}
            ends: list[Outcome] = []
            for run in self._live.values():
                late = run.ended_at < before if run.closing else behind
                start = max(run.written, run.journaled)
                if late and run.log.length > start:
                    pieces[run.id] = run.log.since(start)
                if late and run.outcome is not None and not run.end_is_journaled:
                    ends.append(run.outcome)
            if not pieces and not ends:
                await self._tidy()
            elif await self.journal.keep(pieces, ends):
                self._note(pieces, ends)

    def _note(self, pieces: dict[str, list[Piece]], ends: list[Outcome]) -> None:
        for run_id, found in pieces.items():
            if (live := self._live.get(run_id)) is not None:
                live.journaled = found[-1].end
        for outcome in ends:
            if (live := self._live.get(outcome.run_id)) is not None:
                live.end_is_journaled = True

    async def _tidy(self) -> None:
        """Delete the journal once the database has everything in it."""
        assert self.journal is not None
        if not self.journal.is_used:
            return
        if any(run.closing or run.journaled > run.written for run in self._live.values()):
            return
        for run in self._live.values():
            run.journaled = 0
        await self.journal.clear()
