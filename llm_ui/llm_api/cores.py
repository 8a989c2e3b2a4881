"""How many threads inference should have."""

from __future__ import annotations

import os
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cores() -> int:
    """Physical cores that this process may use, at least 1.

    Hyper-threads count once (a second one per core slows llama.cpp down), and so does
    a container's quota: threads that take turns wait for each other at every layer.
    """
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:  # not on this system
        return max(1, (os.cpu_count() or 2) // 2)
    siblings = set()
    for cpu in allowed:
        try:
            siblings.add((_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:
            siblings.add(str(cpu))
    return max(1, min(len(siblings), _quota() or len(siblings)))


def default_threads() -> int:
    """One core less than there are, at least 1: the web server needs that one.

    llama.cpp's threads wait for each other by spinning. On two busy cores, two threads
    gave 9 tokens/s where one gave 90; on two idle ones, 120 against 90.
    """
    return max(1, available_cores() - 1)


def _quota() -> int | None:
    try:
        limit, period = _QUOTA.read_text().split()
        return max(1, int(limit) // int(period))
    except (OSError, ValueError):  # no cgroup v2, or "max": no quota
        return None
