"""Many answers, round after round: nothing lost, nothing duplicated, no memory growth."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from bench.figures import Load
from bench.load import at_once, open_tabs, play
from bench.stage import Stage, resident_mb

SETTLE_S = 5.0
# From the second round to the last; the first ones fill caches.
GROWTH = 1.05


def problems_of(rounds: list[dict[str, Any]], memory: list[float]) -> list[str]:
    """What went wrong, given these rounds and the memory after each (in MB)."""
    found = [
        f"round {number}: {each['lost_or_doubled']} answers lost or doubled: {each['problems']}"
        for number, each in enumerate(rounds, 1)
        if each["lost_or_doubled"]
    ]
    if len(memory) > 2 and memory[-1] > GROWTH * memory[1]:
        found.append(f"memory grew from {memory[1]:.1f} to {memory[-1]:.1f} MB")
    return found


async def soak_rounds(at: Stage, options: argparse.Namespace) -> list[str]:
    """Run the rounds with the same tabs; returns the problems."""
    load = Load(options.sessions, options.rate, options.seconds)
    tabs = await open_tabs(at, load.sessions)
    rounds, memory = [], []
    for number in range(options.rounds):
        # A new chat each time: a longer one legitimately takes more memory.
        await at_once([tab.open("/chat") for tab in tabs])
        await at_once([tab.ready() for tab in tabs])
        rounds.append(await play(at, tabs, load, f"round-{number}"))
        await asyncio.sleep(SETTLE_S)
        memory.append(resident_mb(at.workers))
        figures = rounds[-1]
        print(
            f"  {number + 1}/{options.rounds} {figures['lost_or_doubled']} of {load.sessions} "
            f"answers lost or doubled, lag p95 {figures['lag_ms'].get('p95')} ms, "
            f"{memory[-1]:.1f} MB, {figures['cores']['server']} cores",
            flush=True,
        )
    for tab in tabs:
        await tab.drop()
    return problems_of(rounds, memory)
