"""How many threads to use for inference."""

from __future__ import annotations

import os
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cores() -> int:
    """The number of physical cores available to this process, at least 1.

    Hyper-threads count once (a second thread per core slows llama.cpp down), and a container's
    quota is respected: threads that share a core wait for each other in every layer.
    """
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:  # not available on this system
        return max(1, (os.cpu_count() or 2) // 2)
    siblings = set()
    for cpu in allowed:
        try:
            siblings.add((_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:
            siblings.add(str(cpu))
    return max(1, min(len(siblings), _quota() or len(siblings)))


def default_threads() -> int:
    """One less than the available cores, at least 1: the web server needs one of them.

    llama.cpp's threads wait for each other by spinning. On two busy cores, two threads managed 9
    tokens/s and one managed 90; on two idle cores, it was 120 against 90.
    """
    return max(1, available_cores() - 1)


def _quota() -> int | None:
    try:
        limit, period = _QUOTA.read_text().split()
        return max(1, int(limit) // int(period))
    except (OSError, ValueError):  # no cgroup v2, or "max": no quota
        return None
