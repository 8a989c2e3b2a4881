"""Streams that are open to a caller, so that they end with the session or the API key.

A page's socket is ended by whoever holds sockets; this is the same for programs that
watch something by one long answer.
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
    """An event that is set when what the actor came in with ends while this is open."""
    ended, entry = asyncio.Event(), actor.session_id or actor.key_id
    _open[entry].add(ended)
    try:
        yield ended
    finally:
        _open[entry].discard(ended)
        if not _open[entry]:
            del _open[entry]


async def end(ids: Iterable[str]) -> None:
    """End the streams of sessions and keys that have ended."""
    for entry in ids:
        for ended in _open.get(entry, ()):
            ended.set()


async def check() -> None:
    """End the streams whose entry has ended without anybody telling this worker."""
    ids = set(_open)
    if not ids:
        return
    async with unit_of_work(writes=False) as session:
        living = await auth.living(session, ids) | await auth.living_keys(session, ids)
    await end(ids - living)
