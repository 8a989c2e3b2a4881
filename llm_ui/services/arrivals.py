"""Room for files on their way: taken at the start, given back at the end, on every worker.

Each upload is a file in a folder whose name says whose it is and how much room it may take, so
that all workers can add up what is still to come. Who writes it holds a lock on it: what an
interrupted upload left is told from one that is coming by that, and removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from llm_ui.errors import DiskFull, TooManyRequests
from llm_ui.models.base import new_id

# So much of the disk stays free: the database may lie there too.
SPARE = 500 * 1024 * 1024
# What a program that sends too many files at once is told to wait, in seconds.
RETRY_S = 5


class NoRoom(Exception):
    """With what is on its way already it would take more than its owner has."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file on its way, and how large it may become."""

    path: Path
    size: int
    file: BinaryIO


@dataclass(frozen=True, slots=True)
class _Coming:
    owner: str
    size: int
    written: int


@contextlib.asynccontextmanager
async def arrive(
    folder: Path, owner: str, size: int | None, *, largest: int, room: int, at_once: int
) -> AsyncIterator[Arrival]:
    """Room for a file until the end of the block, which moves it to its place or leaves it to
    be removed.

    Args:
        folder: where it is written; nothing else may be kept there.
        owner: whose room it takes; an id of ours.
        size: how large it will be; None if nobody says, for as much as there is room.
        largest: how large one may be of which nobody says it.
        room: how much of their own room is left, without what is on its way.
        at_once: how many files of theirs may be on their way.

    Raises:
        NoRoom: the owner has no room for it.
        DiskFull: the disk has none.
        TooManyRequests: too many are on their way.
    """
    wanted = (size, size) if size is not None else (1, largest)
    reserving = asyncio.ensure_future(
        asyncio.to_thread(_reserve, folder, owner, wanted, room, at_once)
    )
    try:
        arrival = await asyncio.shield(reserving)
    except asyncio.CancelledError:
        reserving.add_done_callback(_let_go)
        raise
    try:
        yield arrival
    finally:
        await asyncio.to_thread(_release, arrival)


def _reserve(folder: Path, owner: str, wanted: tuple[int, int], room: int, at_once: int) -> Arrival:
    least, most = wanted
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        coming = list(_look(folder))
        own = [each for each in coming if each.owner == owner]
        if len(own) >= at_once:
            raise TooManyRequests(RETRY_S, "error.uploads_many")
        left = room - sum(each.size for each in own)
        if least > left:
            raise NoRoom
        free = free_room(folder) - sum(max(0, each.size - each.written) for each in coming)
        if least > free:
            raise DiskFull
        taken = min(most, left, free)
        path = folder / f"{owner}.{taken}.{new_id()}"
        file = path.open("xb")
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Arrival(path, taken, file)


def _release(arrival: Arrival) -> None:
    arrival.path.unlink(missing_ok=True)
    arrival.file.close()


def _let_go(reserving: asyncio.Future[Arrival]) -> None:
    """Nobody waits for the room any more that a thread has just taken."""
    if not reserving.cancelled() and reserving.exception() is None:
        _release(reserving.result())


def free_room(folder: Path) -> int:
    """What files may still take of a folder's disk."""
    return shutil.disk_usage(folder).free - SPARE


def sweep(folder: Path) -> None:
    """Remove what interrupted uploads left."""
    if folder.is_dir():
        with _alone(folder):
            for _ in _look(folder):
                pass


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else takes room meanwhile."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        # Some kinds of disk know no locks; then the database has the last word all the same.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _look(folder: Path) -> Iterator[_Coming]:
    """What is on its way; removes what nobody writes any more."""
    for path in folder.iterdir():
        owner, _, rest = path.name.partition(".")
        size = rest.partition(".")[0]
        if not owner or not size.isdigit():
            continue
        try:
            if _is_left(path):
                path.unlink()
            else:
                yield _Coming(owner, int(size), path.stat().st_size)
        except FileNotFoundError:
            continue


def _is_left(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            # Somebody writes it, or this kind of disk knows no locks.
            return False
    return True
