"""This worker's identity, and whether another worker is still alive.

A worker's name starts with a random identity, because host names and process IDs repeat. While it
is alive, it holds a lock on a file of that name below the data folder. The system releases the lock
however a process ends, but not if it is merely suspended, slow, or its clock was changed: on one
machine, the lock is authoritative. For workers on other machines there is only the heartbeat
(`Hearts`).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

logger = logging.getLogger(__name__)

Life = Literal["alive", "dead", "unknown"]

FOLDER = "workers"
SUFFIX = ".lock"
# A dead worker's file is needed until its runs have been handled.
FORGET_AFTER_S = 86400.0
# A longer gap between two checks means that the machine was suspended or a clock was changed.
GAP_S = 10.0
# After that, live workers get this long to send a heartbeat.
GRACE_S = 15.0


def boot_id() -> str:
    """Identifies this boot of this machine; locks from another boot say nothing here."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return os.uname().nodename


class _Own:
    """This process's identity, and its lock once there is a data folder."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.id = secrets.token_hex(12)
        self.folder: Path | None = None
        self.lock: IO[bytes] | None = None

    @property
    def name(self) -> str:
        # The process ID is for people who read the log.
        return f"{self.id}:{self.pid}"


_own = _Own()


def _current() -> _Own:
    global _own  # noqa: PLW0603 - one per process: a forked child is somebody else
    if _own.pid != os.getpid():
        _own = _Own()
    return _own


def own_name() -> str:
    """This worker's name, which no other process on any machine ever has."""
    return _current().name


def begin(data: Path) -> None:
    """Mark this worker as alive for as long as the process lives.

    If the data folder doesn't support locks, a warning is logged and only heartbeats count.
    """
    own = _current()
    folder = data / FOLDER
    if own.folder == folder:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, made = tempfile.mkstemp(dir=folder)
        lock = os.fdopen(descriptor, "wb")
        # Locked before it gets its name, so that it is never seen unlocked while its owner lives.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.write(boot_id().encode())
        lock.flush()
        Path(made).rename(folder / f"{own.id}{SUFFIX}")
        _sweep(folder)
    except OSError as error:
        logger.warning(
            "%s does not support file locks; using only heartbeats to detect dead workers: %s",
            folder,
            error,
        )
        return
    own.folder, own.lock = folder, lock


def _sweep(folder: Path) -> None:
    """Remove the files of workers that died long ago."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            is_old = time.time() - path.stat().st_mtime > FORGET_AFTER_S
            if is_old and _is_free(path):
                path.unlink()


def _is_free(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def life_of(owner: str) -> Life:
    """Whether a worker is alive, as far as its lock shows; if "unknown", its heartbeat decides."""
    own = _current()
    identity = owner.partition(":")[0]
    if identity == own.id:
        return "alive"
    if own.folder is None or not identity.isalnum():
        return "unknown"
    path = own.folder / f"{identity}{SUFFIX}"
    try:
        if not _is_free(path):
            return "alive"
        # On a shared folder, another machine's lock may not be visible here.
        return "dead" if path.read_bytes() == boot_id().encode() else "unknown"
    except OSError:
        return "unknown"


class Hearts:
    """Whether an old heartbeat means that its worker is dead.

    It does not if the database was just down or the machine was just suspended, because no worker
    could send a heartbeat then, nor if the database's clock was changed.

    Args:
        trusting: whether to trust heartbeats from the first check on.
    """

    def __init__(self, *, trusting: bool) -> None:
        self._seen: tuple[float, datetime] | None = None
        self._trusted_from = 0.0 if trusting else time.monotonic() + GRACE_S

    def look(self, database_time: datetime) -> bool:
        """Record a check of the database and the time of its clock.

        Returns:
            whether old heartbeats can be trusted.
        """
        moment = time.monotonic()
        if self._seen is not None:
            passed = moment - self._seen[0]
            on_clock = (database_time - self._seen[1]).total_seconds()
            if passed > GAP_S or abs(on_clock - passed) > GAP_S:
                self._trusted_from = moment + GRACE_S
        self._seen = (moment, database_time)
        return moment >= self._trusted_from
