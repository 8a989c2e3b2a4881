"""Following a run. The caller sets the pace: text that arrived between two steps is one piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from llm_ui.bus import END, Feed
from llm_ui.enums import RunState
from llm_ui.generation import store
from llm_ui.generation.live import LiveRun
from llm_ui.generation.log import REASONING, TEXT, THOUGHT, Piece, grown, joined, sources_in
from llm_ui.generation.types import Ended, FollowEvent, Snapshot
from llm_ui.outages import patiently

if TYPE_CHECKING:
    from llm_ui.generation.engine import Engine

# How long to wait for an update before checking the database.
POLL_EVERY_S = 0.25
# The same with a working bus: only what the stream cannot report has to be found this way.
QUIET_S = 1.0
# The same interval while the run is queued on this worker, which wakes its followers. It is longer,
# because with hundreds of waiting runs, each check of the database would delay the others.
WAITING_S = 10.0
# How long to wait, when the stream has a gap, for the log's next write.
GAP_S = 0.1


async def follow_live(live: LiveRun, after: int | None) -> AsyncGenerator[FollowEvent, None]:
    """Follow a run of this process."""
    if after is None or after > live.log.length:
        yield (whole := _snapshot(live))
        position = whole.seq
    else:
        position = after
    while True:
        for piece in live.log.since(position):
            if piece.kind == THOUGHT:
                # Text already sent turned out to be reasoning; only a snapshot can say so.
                yield (whole := _snapshot(live))
                position = whole.seq
                break
            yield piece
            position = piece.end
        if live.is_over and position >= live.log.length:
            yield Ended(position, live.state)
            return
        await live.beyond(position)


def _snapshot(live: LiveRun) -> Snapshot:
    log = live.log
    text, reasoning = log.whole(TEXT), log.whole(REASONING)
    return Snapshot(log.length, text, reasoning, live.thinking_ms or 0, log.sources)


async def follow_stored(
    engine: Engine, run_id: str, after: int | None
) -> AsyncGenerator[FollowEvent, None]:
    """Follow a run that has ended, is queued, or is streamed by another worker.

    The database has everything, with a delay; the run's stream has everything immediately, but only
    from some position on. The two are joined without gaps: what has already been read is skipped in
    the stream, and what the stream lacks is read from the database. A run that has ended is sent in
    full, because its log has been deleted.
    """
    position, patience = after, WAITING_S if engine.is_waiting(run_id) else POLL_EVERY_S
    with engine.bus.follow(run_id) as feed:
        while True:
            feed.news.clear()
            live = engine.live(run_id)
            if live is not None:
                async for event in follow_live(live, position):
                    yield event
                return
            stored = await patiently(partial(_read, engine, run_id, position))
            for event in stored.events(position, is_first=position == after):
                yield event
                if isinstance(event, Ended):
                    return
                position = _end(event)
            assert position is not None
            # Read from the stream as long as it continues from here.
            while True:
                while events := _fitting(feed, position):
                    # More may arrive while the caller handles these.
                    for event in events:
                        yield event
                        if isinstance(event, Ended):
                            return
                        position = _end(event)
                if feed.increments:
                    # There is a gap, which the log's next write will fill.
                    await asyncio.sleep(GAP_S)
                    break
                if not await _within(feed.news, patience) or not feed.increments:
                    break
                feed.news.clear()
                patience = QUIET_S
            patience = _patience(engine, run_id)


def _patience(engine: Engine, run_id: str) -> float:
    if engine.is_waiting(run_id):
        return WAITING_S
    return QUIET_S if engine.bus.is_up else POLL_EVERY_S


def _end(event: Snapshot | Piece) -> int:
    return event.seq if isinstance(event, Snapshot) else event.end


async def _within(news: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return False
    return True


def _fitting(feed: Feed, position: int) -> list[Piece | Ended]:
    """Take from the feed what continues at `position`; what comes after a gap stays there."""
    pieces: list[Piece] = []
    while feed.increments and feed.increments[0].start <= position:
        if feed.increments[0].kind == THOUGHT and feed.increments[0].start == position:
            # Treat it like a gap: the database will soon have the whole.
            break
        increment = feed.increments.popleft()
        if increment.kind == END:
            if increment.start == position:
                return [*joined(pieces), Ended(position, RunState(increment.payload))]
            continue
        rest = Piece(increment.start, increment.kind, increment.payload).after(position)
        if rest is not None:
            pieces.append(rest)
            position = rest.end
    return list(joined(pieces))


def _turn(pieces: Iterable[Piece]) -> bool:
    """Whether part of the log turns the text before it into reasoning."""
    return any(piece.kind == THOUGHT for piece in pieces)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A run as stored: `text` and `reasoning` of its message, then the log."""

    state: RunState
    text: str = ""
    reasoning: str = ""
    pieces: tuple[Piece, ...] = ()
    is_over: bool = True
    exists: bool = True

    def events(self, position: int | None, *, is_first: bool) -> list[FollowEvent]:
        """The events for a follower that has reached `position`."""
        base = len(self.text) + len(self.reasoning)
        if self.is_over:
            return [*self._last(position, base, is_first=is_first), Ended(base, self.state)]
        if position is not None and position >= base and not _turn(self.pieces):
            return list(self.pieces)
        end_of_log = self.pieces[-1].end if self.pieces else base
        text, reasoning = grown(self.text, self.reasoning, self.pieces)
        return [Snapshot(end_of_log, text, reasoning, sources=sources_in(self.pieces))]

    def _last(self, position: int | None, base: int, *, is_first: bool) -> list[FollowEvent]:
        """What a follower is missing of a run that has ended, as little as can be determined."""
        if not self.exists or (position == base and not is_first):
            return []
        if not is_first and position is not None and position < base and not self.reasoning:
            return [Piece(position, TEXT, self.text[position:])]
        return [Snapshot(base, self.text, self.reasoning)]


async def _read(engine: Engine, run_id: str, position: int | None) -> _Stored:
    async with engine.database.unit_of_work(writes=False) as session:
        run = await store.load(session, run_id)
        if run is None:
            return _Stored(RunState.INTERRUPTED, exists=False)
        # The log of a continued answer starts after what the message already contained.
        text, reasoning = await store.text_of(session, run.message_id)
        if not run.is_active:
            return _Stored(run.state, text, reasoning)
        base = len(text) + len(reasoning)
        pieces = await store.events(session, run_id, max(position or 0, base))
        if (position or 0) > base and _turn(pieces):
            pieces = await store.events(session, run_id, base)
    return _Stored(run.state, text, reasoning, tuple(pieces), is_over=False)
