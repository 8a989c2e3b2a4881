"""A worker dies in the middle of answers: what was seen is kept, and can be continued."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench.soak_kills import Killer
from bench.stage import Stage

# The application writes five times a second; a machine busy with other tests takes longer.
KEPT_AFTER_S = 0.8


def is_alive(pid: int) -> bool:
    """Whether there is such a process, other than one that waits to be forgotten."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


async def all_right_after_kills(at: Stage, seeds: list[int]) -> None:
    killer = Killer(at, answers=2, kept_after=KEPT_AFTER_S)
    await killer.open()
    interrupted = seen = 0
    for seed in seeds:
        report = await killer.kill(seed)
        print(report.line())
        assert not report.problems
        interrupted += report.interrupted
        seen += report.seen
        assert report.continued == report.interrupted
    # A kill that meets no answer would prove nothing.
    assert interrupted
    assert seen
    await killer.close()


async def test_one_worker_and_the_whole_server_may_be_killed(single: Stage) -> None:
    await all_right_after_kills(single, [1, 2])


@pytest.mark.postgres
@pytest.mark.redis
async def test_one_of_two_workers_may_be_killed(twin: Stage) -> None:
    await all_right_after_kills(twin, [4, 5])


def test_workers_do_not_outlive_their_server(single: Stage) -> None:
    """One that did would hold the port, and the next start would be refused."""
    assert single.running is not None
    workers = single.workers
    assert workers
    single.running.kill()
    single.running.wait()
    deadline = time.monotonic() + 10
    while any(is_alive(pid) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    single.start_server()
    single.until_ready()
    assert single.workers
