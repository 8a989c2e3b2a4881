"""Memory of the idle server, without the model service.

python -m bench.idle [--seconds 20]
"""

from __future__ import annotations

import argparse
import time

import httpx

from bench.row import Figure, Row
from bench.stage import proportional_mb, resident_mb, stage

GOAL_MB = 250.0


def measure(seconds: float) -> Row:
    """Resident memory of all the app's processes, some time after the start."""
    with stage() as at:
        httpx.get(f"{at.url}/chat", follow_redirects=True)
        time.sleep(seconds)
        pids = at.server
        each = [round(resident_mb([pid]), 1) for pid in pids]
        shared = round(proportional_mb(pids), 1)
    row = Row("idle server", f"python -m bench.idle --seconds {seconds:.0f}")
    row.figures = [Figure("resident memory, idle", round(sum(each), 1), "MB", GOAL_MB)]
    row.details = {"processes_mb": each, "shared_pages_counted_once_mb": shared}
    return row


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    measure(parser.parse_args().seconds).print()


if __name__ == "__main__":
    main()
