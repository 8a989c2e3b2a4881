"""Watching a run. The caller sets the pace: what came between two steps is one piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from llm_ui.generation import store
from llm_ui.generation.live import LiveRun
from llm_ui.generation.log import REASONING, TEXT
from llm_ui.generation.types import Ended, FollowEvent, Snapshot

if TYPE_CHECKING:
    from llm_ui.generation.engine import Engine

POLL_EVERY_S = 0.25


async def follow_live(live: LiveRun, after: int | None) -> AsyncIterator[FollowEvent]:
    """Watch a run of this process."""
    if after is None or after > live.log.length:
        position = live.log.length
        yield Snapshot(position, live.log.whole(TEXT), live.log.whole(REASONING))
    else:
        position = after
    while True:
        for piece in live.log.since(position):
            yield piece
            position = piece.end
        if live.is_over and position >= live.log.length:
            yield Ended(position, live.state)
            return
        await live.beyond(position)


async def follow_stored(
    engine: Engine, run_id: str, after: int | None
) -> AsyncIterator[FollowEvent]:
    """Watch a run by its rows: one that is over, queued, or streamed by another worker.

    A run that is over is given whole: its log has been thrown away.
    """
    position = after
    while True:
        live = engine.live(run_id)
        if live is not None:
            async for event in follow_live(live, position):
                yield event
            return
        async with engine.database.unit_of_work(writes=False) as session:
            run = await store.load(session, run_id)
            if run is None:
                yield Ended(position or 0, "interrupted")
                return
            if not run.is_active:
                text, reasoning = await store.text_of(session, run.message_id)
                total = len(text) + len(reasoning)
                yield Snapshot(total, text, reasoning)
                yield Ended(total, run.state)
                return
            # A continued answer's log begins behind what the message held before.
            text, reasoning = await store.text_of(session, run.message_id)
            base = len(text) + len(reasoning)
            pieces = await store.events(session, run_id, max(position or 0, base))
        if position is None:
            position = pieces[-1].end if pieces else base
            more_text, more_reasoning = store.split(pieces)
            yield Snapshot(position, text + more_text, reasoning + more_reasoning)
        else:
            for piece in pieces:
                yield piece
                position = piece.end
        await asyncio.sleep(POLL_EVERY_S)
