"""Soak tests against the running application: kills and sustained load.

    python3 dev.py soak [--kills 50] [--rounds 5] [--sessions 200] [--rate 50] [--seconds 60]
                        [--outages 8] [--halves 6] [--seed N] [--workers 1|2]
                        [--only kills|rounds|outages|halves]

Without --workers: one worker on SQLite, then two on PostgreSQL and Redis (TEST_POSTGRES_URL and
TEST_REDIS_URL; `dev.py soak` finds them as the tests do). Kill n has the seed N + n; `--only kills
--kills 1 --seed <that>` repeats it. The same goes for outages and halves (requests and uploads that
never finish). The exit code is 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Iterator

from bench.databases import scratch
from bench.soak_halves import soak_halves
from bench.soak_kills import Killer
from bench.soak_outages import soak_outages
from bench.soak_rounds import soak_rounds
from bench.stage import Stage, stage
from llm_ui.cli.options import soak as options_of_soak


@contextlib.contextmanager
def stage_of(workers: int) -> Iterator[Stage]:
    """SQLite for one worker, PostgreSQL and Redis for two."""
    server = os.environ["TEST_POSTGRES_URL"] if workers > 1 else ""
    redis = os.environ["TEST_REDIS_URL"] if workers > 1 else ""
    with (
        scratch(server) as database,
        stage(workers=workers, database_url=database, redis_url=redis, with_pages=False) as at,
    ):
        yield at


async def soak_kills(at: Stage, kills: int, seed: int) -> int:
    """Kill this many times; returns how many went wrong."""
    killer = Killer(at)
    await killer.open()
    wrong = 0
    for number in range(kills):
        report = await killer.kill(seed + number)
        wrong += bool(report.problems)
        print(f"  {number + 1}/{kills} {report.line()}", flush=True)
    await killer.close()
    return wrong


def soak(options: argparse.Namespace) -> int:
    """Run what the options select; returns how many things went wrong."""
    wrong = 0
    for workers in [options.workers] if options.workers else [1, 2]:
        place = "one worker, SQLite" if workers == 1 else "two workers, PostgreSQL and Redis"
        if options.only in (None, "kills"):
            print(f"{options.kills} kills, {place}:", flush=True)
            with stage_of(workers) as at:
                found = asyncio.run(soak_kills(at, options.kills, options.seed))
            print(f"{options.kills} kills, {place}: {found} failed", flush=True)
            wrong += found
        if options.only in (None, "outages"):
            print(f"{options.outages} outages, {place}:", flush=True)
            redis = os.environ.get("TEST_REDIS_URL", "")
            found = soak_outages(workers, options.outages, options.seed, redis)
            print(f"{options.outages} outages, {place}: {found} failed", flush=True)
            wrong += found
        if options.only in (None, "halves"):
            print(f"{options.halves} rounds of halves, {place}:", flush=True)
            servers = [os.environ.get(each, "") for each in ("TEST_POSTGRES_URL", "TEST_REDIS_URL")]
            found = soak_halves(workers, options.halves, options.seed, *servers)
            print(f"{options.halves} rounds of halves, {place}: {found} failed", flush=True)
            wrong += found
        if options.only in (None, "rounds"):
            print(f"{options.rounds} rounds, {place}:", flush=True)
            with stage_of(workers) as at:
                problems = asyncio.run(soak_rounds(at, options))
            print(f"{options.rounds} rounds, {place}: {'; '.join(problems) or 'ok'}")
            wrong += len(problems)
    return wrong


def main() -> None:
    """Run the command line."""
    # Exit normally, so that everything that was started is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(
        prog="dev.py soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options_of_soak(parser)
    options = parser.parse_args()
    if options.seed is None:
        options.seed = secrets.randbelow(1_000_000)
    sys.exit(1 if soak(options) else 0)


if __name__ == "__main__":
    main()
