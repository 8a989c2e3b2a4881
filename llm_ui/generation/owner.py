"""The name of this worker, and whether another one is still alive."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def _started(pid: int) -> str:
    """A process's start time in clock ticks (field 22 of proc(5)'s stat), or "" if there is
    none, or only what is left of one until its parent notices."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def own_name() -> str:
    """host:pid:start time; no later process on any machine has the same."""
    pid = os.getpid()
    return f"{socket.gethostname()[:32]}:{pid}:{_started(pid)}"[:64]


def is_known_dead(owner: str) -> bool:
    """Whether `owner` was a process of this machine that is gone.

    False means only that this cannot be told from here: then its heartbeat decides.
    """
    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname()[:32] or not pid.isdigit() or not started:
        return False
    return _started(int(pid)) != started
