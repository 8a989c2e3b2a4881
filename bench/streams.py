"""How many live streams a single worker can carry with p95 lag within the goal.

    python -m bench.streams [--sizes 50,100,150,200,250] [--seconds 30]

Runs bench/load.py, which stops at the first size that misses the goal.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from bench.row import Figure, Row
from bench.stage import ROOT

CAP = 100
GOAL = 200.0


def measure(sizes: str, seconds: float) -> Row:
    """The largest number of streams of 50 tokens/s that met the goal, and their cost."""
    arguments = ["--rate", "50", "--search", sizes, "--seconds", f"{seconds:g}"]
    command = [sys.executable, "-m", "bench.load", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    last, least = found["rounds"][-1], found["floor"]
    row = Row("many streams", f"python -m bench.streams --sizes {sizes} --seconds {seconds:g}")
    cpu, least_cpu = last["server_cpu_ms_per_1000"], least["server_cpu_ms_per_1000"]
    row.figures = [
        Figure(
            "streams of 50 tokens/s per worker, p95 lag at most 200 ms",
            found["most_sessions"],
            "",
            GOAL,
            cap=CAP,
            at_least=True,
        ),
        Figure(
            f"server CPU for 1,000 tokens, {last['sessions']} streams", cpu, "ms", floor=least_cpu
        ),
    ]
    row.details = found
    return row


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="50,100,150,200,250")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    measure(options.sizes, options.seconds).print()


if __name__ == "__main__":
    main()
