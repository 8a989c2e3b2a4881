"""Who this worker is, and whether another one is still alive.

A worker's name begins with a random identity: host names repeat, process numbers too. While it
lives it holds a lock on a file of that name below the data folder. The system gives the lock
back however a process ends, and takes it from nobody who is merely stopped, slow, or whose
clock was set: on one machine the lock is the truth. Of workers elsewhere only their heartbeat
tells (`Hearts`).
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
# Of a worker that died, its file is of use until its runs have been seen to.
FORGET_AFTER_S = 86400.0
# More between two looks than so much: something stood still, or a clock was set.
GAP_S = 10.0
# Then everybody who lives gets time to show it.
GRACE_S = 15.0


def boot_id() -> str:
    """Which run of which machine this is; locks of another one say nothing here."""
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
        # The process number is for people who read the log.
        return f"{self.id}:{self.pid}"


_own = _Own()


def _current() -> _Own:
    global _own  # noqa: PLW0603 - one per process: a forked child is somebody else
    if _own.pid != os.getpid():
        _own = _Own()
    return _own


def own_name() -> str:
    """This worker's name; no other process, on any machine, ever has the same."""
    return _current().name


def begin(data: Path) -> None:
    """Show this worker alive, for as long as the process lives.

    Where the data folder takes no locks, only heartbeats tell; that is said.
    """
    own = _current()
    folder = data / FOLDER
    if own.folder == folder:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, made = tempfile.mkstemp(dir=folder)
        lock = os.fdopen(descriptor, "wb")
        # Locked before it has its name: nobody ever sees it free while its owner lives.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.write(boot_id().encode())
        lock.flush()
        Path(made).rename(folder / f"{own.id}{SUFFIX}")
        _sweep(folder)
    except OSError as error:
        logger.warning("%s takes no locks; heartbeats tell who is alive: %s", folder, error)
        return
    own.folder, own.lock = folder, lock


def _sweep(folder: Path) -> None:
    """Remove the files of workers that are long gone."""
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
    """Whether a worker lives, as far as can be told from here; else its heartbeat decides."""
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
        # A shared folder's lock may be unknown to the machine next to this one.
        return "dead" if path.read_bytes() == boot_id().encode() else "unknown"
    except OSError:
        return "unknown"


class Hearts:
    """Whether an old heartbeat says that somebody is dead.

    It does not just after the database was away or a machine stood still: then nobody could
    show themselves alive. Nor when the database's clock was set.

    Args:
        trusting: whether that is so from the first look on.
    """

    def __init__(self, *, trusting: bool) -> None:
        self._seen: tuple[float, datetime] | None = None
        self._trusted_from = 0.0 if trusting else time.monotonic() + GRACE_S

    def look(self, database_time: datetime) -> bool:
        """Note a look into the database, and what its clock said then.

        Returns:
            whether old heartbeats may be believed.
        """
        moment = time.monotonic()
        if self._seen is not None:
            passed = moment - self._seen[0]
            on_clock = (database_time - self._seen[1]).total_seconds()
            if passed > GAP_S or abs(on_clock - passed) > GAP_S:
                self._trusted_from = moment + GRACE_S
        self._seen = (moment, database_time)
        return moment >= self._trusted_from
