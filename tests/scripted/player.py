"""Plays a script on one connection: precomputed bytes, sent at an exact pace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

from tests.scripted.dialects import Dialect
from tests.scripted.script import Script

LONG_LINE_BYTES = 2_000_000
BATCH_BYTES = 64 * 1024
COMMENT_SECONDS = 0.02
SPLIT_BYTES = 3

Send = Callable[[bytes], Awaitable[None]]


class Progress(Protocol):
    """What is noted while a script is played; see RequestRecord."""

    sent: int
    paced_from: float | None
    latest: float


@dataclass
class Plan:
    """What goes over the wire: `lead` at once, `paced` one by one, `tail` at once.

    `ending` says how it ends: done (the body is finished), cut (the connection is
    closed in mid-body) or stall (nothing more ever comes).
    """

    lead: list[bytes]
    paced: list[bytes]
    tail: list[bytes] = field(default_factory=list)
    ending: str = "done"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _fault(script: Script, dialect: Dialect, name: str) -> tuple[list[bytes], str]:
    if name in ("stall", "cut"):
        return [], name
    if name == "error":
        return [dialect.error(script.error_message)], "done"
    prefix = b"" if dialect.comment == b"\n" else b"data: "
    if name == "garbage":
        return [dialect.token("oops").replace(b"}", b"")], "done"
    if name == "long_line":
        block = b"x" * BATCH_BYTES
        return [prefix + b'{"x": "', *([block] * (LONG_LINE_BYTES // BATCH_BYTES))], "stall"
    if name == "bad_utf8":
        return [dialect.token("MARK").replace(b"MARK", b"\xff\xfe")], "done"
    return [dialect.wrong_types], "done"


def plan(script: Script, dialect: Dialect, model: str) -> Plan:
    """Lay out every byte of the answer before its first one is sent."""
    # A load test asks hundreds of times for the same answer at another moment.
    return _plan(replace(script, delay=0.0, rate=0.0), dialect, model)


@lru_cache(maxsize=4)
def _plan(script: Script, dialect: Dialect, model: str) -> Plan:
    pieces = script.pieces()
    fault = script.fault()
    thinking = [dialect.reasoning(p) for p in script.reasoning_pieces()]
    shown = pieces if fault is None else pieces[: fault[1]]
    paced = thinking + [dialect.token(p) for p in shown]
    if script.unknown_events:
        paced = [dialect.unknown + frame for frame in paced]
    tail: list[bytes] = []
    ending = "done"
    if fault is not None:
        tail, ending = _fault(script, dialect, fault[0])
    elif not script.never_done:
        tail = [dialect.done(script.finish, len(paced), not script.no_usage)]
    result = Plan([dialect.start(model)], paced, tail, ending)
    for part in (result.lead, result.paced, result.tail):
        part[:] = [
            _cut_up(frame) if script.split_utf8 else _chunk(frame) for frame in part if frame
        ]
    return result


def _cut_up(frame: bytes) -> bytes:
    parts = (frame[i : i + SPLIT_BYTES] for i in range(0, len(frame), SPLIT_BYTES))
    return b"".join(_chunk(part) for part in parts)


async def _comment_until(send: Send, dialect: Dialect, end: float) -> None:
    loop = asyncio.get_running_loop()
    while (left := end - loop.time()) > 0:
        await send(_chunk(dialect.comment))
        await asyncio.sleep(min(COMMENT_SECONDS, left))


async def _wait(seconds: float, script: Script, dialect: Dialect, send: Send) -> None:
    if script.comments:
        await _comment_until(send, dialect, asyncio.get_running_loop().time() + seconds)
    elif seconds:
        await asyncio.sleep(seconds)


async def _send_all(frames: list[bytes], send: Send) -> None:
    batch: list[bytes] = []
    size = 0
    for frame in frames:
        batch.append(frame)
        size += len(frame)
        if size >= BATCH_BYTES:
            await send(b"".join(batch))
            batch, size = [], 0
    if batch:
        await send(b"".join(batch))


async def _send_paced(frames: list[bytes], rate: float, send: Send, progress: Progress) -> None:
    """Frame i leaves at start + i / rate; late ones catch up, so that the mean is exact."""
    loop = asyncio.get_running_loop()
    progress.paced_from = start = loop.time()
    index = 0
    while index < len(frames):
        due = min(len(frames), int((loop.time() - start) * rate) + 1)
        if due > index:
            progress.latest = max(progress.latest, loop.time() - start - index / rate)
            await send(b"".join(frames[index:due]))
            progress.sent = index = due
        if index < len(frames):
            await asyncio.sleep(max(0.0, start + index / rate - loop.time()))


async def play(script: Script, dialect: Dialect, model: str, send: Send, progress: Progress) -> str:
    """Send the body, noting how far it is. Returns the ending."""
    body = plan(script, dialect, model)
    await _send_all(body.lead, send)
    await _wait(script.delay, script, dialect, send)
    if script.rate:
        await _send_paced(body.paced, script.rate, send, progress)
    else:
        await _send_all(body.paced, send)
        progress.sent = len(body.paced)
    await _send_all(body.tail, send)
    if body.ending == "stall":
        await _wait(86_400.0, script, dialect, send)
    if body.ending == "done":
        await send(b"0\r\n\r\n")
    return body.ending
