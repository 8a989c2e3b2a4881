"""Read coalescing: the pieces of a stream accumulate in the socket, and one read returns many of
them.

Waking up for every piece costs more than all other work on it: an event loop iteration, one or two
system calls, the HTTP parser and a task. So a stream whose pieces arrive in quick succession is not
read for a moment, while the kernel buffers. The pause comes only between reads, and only after a
piece that arrived without much waiting: the first token, and every token of a slow stream, is read
as soon as it arrives.

What gets paused is the asyncio transport, not aiohttp's protocol: the protocol may already have
finished its response, and then refuses to be paused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

# Too short for a reader of the page to notice. At 0.07, the pushes of a 13 kB answer at 200 tokens
# per second, with 157 bytes of overhead each, exceeded the goal of 60 kB.
SHORTEST_S = 0.08
LONGEST_S = 0.15
# With many streams each one waits longer: together they wake up at most this often per second.
WAKES_PER_SECOND = 2000.0

# The first reads bring the start of the response and the first token, which must not wait.
FREE_READS = 3

FindTransport = Callable[[], asyncio.Transport | None]


class Tempo:
    """The pause between two reads, shared by all streams of a client."""

    def __init__(self) -> None:
        self._streams = 0

    def enter(self) -> None:
        """A stream has started."""
        self._streams += 1

    def leave(self) -> None:
        """A stream has ended."""
        self._streams -= 1

    @property
    def pause(self) -> float:
        """The pause in seconds."""
        return min(LONGEST_S, max(SHORTEST_S, self._streams / WAKES_PER_SECOND))


async def hold(transport: asyncio.Transport | None, seconds: float) -> None:
    """Stop reading from a connection for a while; None means that it was already released."""
    if transport is None or transport.is_closing():
        return
    transport.pause_reading()
    try:
        await asyncio.sleep(seconds)
    finally:
        if not transport.is_closing():
            transport.resume_reading()


async def coalesced(
    read: Callable[[], Awaitable[bytes]], transport: FindTransport, tempo: Tempo
) -> AsyncGenerator[bytes]:
    """Yield what `read` returns, several pieces at a time, until it returns b"".

    Args:
        transport: finds the connection's transport; None once the response is complete.
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
