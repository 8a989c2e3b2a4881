"""Streams that are open to a signed-in caller, so that they end with the session.

A page's socket is ended by whoever holds sockets; this is the same for programs that
watch something by one long answer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from llm_ui import auth
from llm_ui.db import unit_of_work

_open: dict[str, set[asyncio.Event]] = defaultdict(set)


@contextmanager
def until_ended(session_id: str) -> Iterator[asyncio.Event]:
    """An event that is set when the session ends while this is open."""
    ended = asyncio.Event()
    if session_id:
        _open[session_id].add(ended)
    try:
        yield ended
    finally:
        _open[session_id].discard(ended)
        if not _open[session_id]:
            del _open[session_id]


async def end(session_ids: Iterable[str]) -> None:
    """End the streams of sessions that have ended."""
    for session_id in session_ids:
        for ended in _open.get(session_id, ()):
            ended.set()


async def check() -> None:
    """End the streams whose sessions have ended without anybody telling this worker."""
    ids = set(_open)
    if not ids:
        return
    async with unit_of_work(writes=False) as session:
        living = await auth.living(session, ids)
    await end(ids - living)
