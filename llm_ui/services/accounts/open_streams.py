"""Open response streams, closed when the session or API key they were opened with ends.

A page's socket is closed by the socket registry; this does the same for programs that read a
streaming response.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from llm_ui import auth
from llm_ui.auth import Actor
from llm_ui.db import unit_of_work

_open: dict[str, set[asyncio.Event]] = defaultdict(set)


@contextmanager
def until_ended(actor: Actor) -> Iterator[asyncio.Event]:
    """Yield an event that is set when the actor's session or API key ends."""
    ended, entry = asyncio.Event(), actor.session_id or actor.key_id
    _open[entry].add(ended)
    try:
        yield ended
    finally:
        _open[entry].discard(ended)
        if not _open[entry]:
            del _open[entry]


async def end(ids: Iterable[str]) -> None:
    """Close the streams of these sessions and keys."""
    for entry in ids:
        for ended in _open.get(entry, ()):
            ended.set()


async def check() -> None:
    """Close streams whose session or key has ended without this worker being notified."""
    ids = set(_open)
    if not ids:
        return
    async with unit_of_work(writes=False) as session:
        living = await auth.living(session, ids) | await auth.living_keys(session, ids)
    await end(ids - living)
