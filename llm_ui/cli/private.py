"""What the app keeps is for the account that it runs as, not for others of the machine."""

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
    """Meanwhile this process, and those it starts, write for their own account alone."""
    _given.append(os.umask(OTHERS))
    try:
        yield
    finally:
        os.umask(_given.pop())


def usual() -> int:
    """The umask of before: programs may be for others to run, as those of `.venv` are."""
    return _given[0] if _given else -1


def tighten(*places: Path) -> None:
    """Shut others out of folders and files that are there already, and of all that is in them.

    What belongs to somebody else is left as it is.
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
