"""File permissions: what the app stores is only for the account it runs as."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

OTHERS = 0o077
_given: list[int] = []


@contextlib.contextmanager
def ours() -> Iterator[None]:
    """Inside the block, this process and its children create files only their own account can
    read."""
    _given.append(os.umask(OTHERS))
    try:
        yield
    finally:
        os.umask(_given.pop())


def usual() -> int:
    """The previous umask: programs, such as those in `.venv`, may be run by others."""
    return _given[0] if _given else -1


def tighten(*places: Path) -> None:
    """Remove others' permissions from existing folders and files, recursively.

    Files that belong to another account are left alone.
    """
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        with contextlib.suppress(OSError):
            status = place.lstat()
            if stat.S_ISLNK(status.st_mode):
                continue
            if status.st_mode & OTHERS:
                place.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)
            if stat.S_ISDIR(status.st_mode):
                waiting += [Path(entry.path) for entry in os.scandir(place)]
