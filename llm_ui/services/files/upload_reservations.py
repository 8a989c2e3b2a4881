"""Reserving space for uploads: at the start, until they end, across all workers.

Each upload is a file in a folder whose name contains its owner and its maximum size, so that every
worker can add up the space that is still needed. The writer holds a lock on it; a file without a
lock was left by an interrupted upload and is removed.
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

# Disk space to leave free: the database may be on the same disk.
SPARE = 500 * 1024 * 1024
# How long a client with too many concurrent uploads is told to wait, in seconds.
RETRY_S = 5


class NoRoom(Exception):
    """Together with current uploads, the file would exceed its owner's quota."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload in progress, and its maximum size."""

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
    """Reserve space for a file until the end of the block.

    The block moves the file to its final place; otherwise it is removed.

    Args:
        folder: where it is written; must not contain anything else.
        owner: the ID of the user whose quota it counts toward.
        size: its size; None if unknown, to reserve as much as there is room for.
        largest: the maximum size if `size` is unknown.
        room: what is left of the owner's quota, without current uploads.
        at_once: how many concurrent uploads the owner may have.

    Raises:
        NoRoom: it exceeds the owner's quota.
        DiskFull: the disk has no room for it.
        TooManyRequests: too many uploads are in progress.
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
    """Release a reservation whose caller was canceled while a thread was making it."""
    if not reserving.cancelled() and reserving.exception() is None:
        _release(reserving.result())


def free_room(folder: Path) -> int:
    """The space that files may still use on a folder's disk."""
    return shutil.disk_usage(folder).free - SPARE


def sweep(folder: Path) -> None:
    """Remove what interrupted uploads left."""
    if folder.is_dir():
        with _alone(folder):
            for _ in _look(folder):
                pass


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Prevent others from reserving space meanwhile."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        # Some file systems don't support locks; the database enforces the quota in any case.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _look(folder: Path) -> Iterator[_Coming]:
    """The uploads in progress; removes files that nobody writes any more."""
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
            # Locked by its writer, or the file system doesn't support locks.
            return False
    return True
