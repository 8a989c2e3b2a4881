"""Many answers at once: whole, and in as few frames as one alone."""

from __future__ import annotations

from bench.figures import Load
from bench.load import open_tabs, play
from bench.soak_rounds import problems_of
from bench.stage import Stage

PUSH_EVERY_S = 0.06
# What comes beside the answer: accepted, busy, the message at the end, ….
BESIDE = 20
# A push's own bytes, without its text.
PUSH_BYTES = 170
BESIDE_BYTES = 16_000


async def test_twenty_answers_at_once_come_whole_and_small(single: Stage) -> None:
    load = Load(sessions=20, rate=50, seconds=3)
    tabs = await open_tabs(single, load.sessions)
    try:
        figures = await play(single, tabs, load, "round")
    finally:
        for tab in tabs:
            await tab.drop()
    assert problems_of([figures], []) == []
    most = load.seconds / PUSH_EVERY_S + BESIDE
    assert figures["frames_per_answer"] <= most
    text = len("".join(load.pieces()))
    assert figures["bytes_per_answer"] <= 2 * text + PUSH_BYTES * most + BESIDE_BYTES
    assert set(figures["lag_ms"]) == {"p50", "p95", "p99", "worst"}


def test_lost_answers_and_growing_memory_are_told() -> None:
    good = {"lost_or_doubled": 0, "problems": []}
    bad = {"lost_or_doubled": 2, "problems": ["did not end"]}
    assert problems_of([good, good, good], [100.0, 110.0, 115.0]) == []
    assert problems_of([good, bad, good], [100.0, 110.0, 116.0]) == [
        "round 2: 2 answers lost or doubled: ['did not end']",
        "memory grew from 110.0 to 116.0 MB",
    ]
