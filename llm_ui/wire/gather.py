"""Letting what a stream says gather in the socket, so that one read takes many pieces.

To wake for each piece costs more than all else that is done with it: the event loop turns,
one or two system calls, the HTTP parser, a task. A stream whose pieces come closely
is therefore not read again for a moment; meanwhile the kernel keeps what comes. The pause
stands between two reads only, and only behind a piece that was not waited for long: the
first token, and each one of a slow stream, are read the moment they come.

The asyncio transport is paused, not aiohttp's protocol, which may already be past its
answer and then refuses.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

# What a reader of the page cannot tell from at once. With 0.07 the pushes of a 13 kB answer at
# 200 tokens a second, 157 bytes each beside their text, came to more than the goal of 60 kB.
SHORTEST_S = 0.08
LONGEST_S = 0.15
# With many streams each waits longer: together they wake this often in a second, at most.
WAKES_PER_SECOND = 2000.0

# The first reads bring the answer's opening and its first token, which nobody shall wait for.
FREE_READS = 3

FindTransport = Callable[[], asyncio.Transport | None]


class Tempo:
    """The pause between two reads, for all streams of a client."""

    def __init__(self) -> None:
        self._streams = 0

    def enter(self) -> None:
        """A stream begins."""
        self._streams += 1

    def leave(self) -> None:
        """A stream has ended."""
        self._streams -= 1

    @property
    def pause(self) -> float:
        """Seconds."""
        return min(LONGEST_S, max(SHORTEST_S, self._streams / WAKES_PER_SECOND))


async def hold(transport: asyncio.Transport | None, seconds: float) -> None:
    """Read nothing from a connection for a while; None (it has been given back) is fine."""
    if transport is None or transport.is_closing():
        return
    transport.pause_reading()
    try:
        await asyncio.sleep(seconds)
    finally:
        if not transport.is_closing():
            transport.resume_reading()


async def gathered(
    read: Callable[[], Awaitable[bytes]], transport: FindTransport, tempo: Tempo
) -> AsyncGenerator[bytes]:
    """What `read` gives, a few pieces at a time, until it gives nothing.

    Args:
        transport: finds the connection's; None when the answer's end has been seen.
    """
    tempo.enter()
    reads = 0
    try:
        asked = time.perf_counter()
        while chunk := await read():
            waited = time.perf_counter() - asked
            yield chunk
            reads += 1
            pause = tempo.pause
            if reads > FREE_READS and waited < pause:
                await hold(transport(), pause)
            asked = time.perf_counter()
    finally:
        tempo.leave()
