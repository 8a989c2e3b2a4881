"""All benchmarks, one after the other; `python3 dev.py bench` prepares what they need.

    python3 dev.py bench                       everything; writes docs/performance.md
    python3 dev.py bench --only server idle    some rows; prints the table, writes nothing
    python3 dev.py bench --quick               one repeat each, less load; writes nothing
    python3 dev.py bench --profile             also: where the time goes, in data/profiles

Each row is a module of its own that prints one JSON object; a row that fails is reported in the
table and does not keep the others from running.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from bench import machine, report
from bench.stage import ROOT
from llm_ui.cli.options import bench as options_of_bench

PAGE = ROOT / "docs" / "performance.md"
PROFILES = ROOT / "data" / "profiles"
ROWS: dict[str, list[str]] = {
    "browser": ["bench.browser"],
    "browser-8000": ["bench.browser", "--tokens", "8000", "--rate", "400"],
    "server": ["bench.server"],
    "streams": ["bench.streams"],
    "first-load": ["bench.first_load"],
    "idle": ["bench.idle"],
    "search": ["bench.search"],
    "finding": ["bench.finding"],
    "usage": ["bench.usage"],
    "size": ["bench.size"],
}
QUICK: dict[str, list[str]] = {
    "browser": ["--repeat", "1"],
    "browser-8000": ["--repeat", "1"],
    "server": ["--repeat", "1"],
    "streams": ["--sizes", "50,200", "--seconds", "8"],
    "first-load": ["--repeat", "1"],
    "idle": ["--seconds", "5"],
    "search": ["--messages", "20000", "--chats", "1000", "--repeat", "100"],
    "finding": ["--messages", "20000", "--chats", "1000", "--repeat", "20"],
    "usage": ["--rows", "200000", "--metrics", "100000", "--repeat", "5"],
}
PROFILED = ("browser", "browser-8000", "server", "finding")


def run(name: str, *, quick: bool, profile: bool) -> dict[str, Any]:
    """Run one row in a process of its own; returns what it printed, or how it failed."""
    command = [sys.executable, "-m", *ROWS[name], *(QUICK.get(name, []) if quick else [])]
    if profile and name in PROFILED:
        PROFILES.mkdir(parents=True, exist_ok=True)
        command += ["--profile", str(PROFILES / f"{name}.txt")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    print(done.stderr, file=sys.stderr)
    last = (done.stderr.strip().splitlines() or ["no error message"])[-1]
    return {"row": name, "failed": last[:200]}


def main() -> int:
    """Run the rows, print the table, and write the page after a full run."""
    parser = argparse.ArgumentParser(prog="python3 dev.py bench", description=__doc__)
    options_of_bench(parser)
    options = parser.parse_args()
    names = options.only or [each for each in ROWS if not options.quick or each in QUICK]
    facts = {
        "Date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "Machine": machine.hardware(),
        "Load average at the start": machine.load(),
        "Versions": machine.versions(),
        "Command": " ".join(["python3 dev.py bench", *sys.argv[1:]]),
    }
    rows = []
    for name in names:
        print(f"{name} …", flush=True)
        began = time.monotonic()
        rows.append(run(name, quick=options.quick, profile=options.profile))
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        if options.json:
            print(json.dumps(rows[-1], indent=2))
    part = report.measured(facts, rows)
    print(f"\n{part}")
    failed = any("failed" in row for row in rows)
    if options.only or options.quick or failed:
        print("\nNothing was written: this requires a full run without failures.")
    else:
        PAGE.write_text(report.put_in(PAGE.read_text(encoding="utf-8"), part), encoding="utf-8")
        print(f"\nWritten: {PAGE.relative_to(ROOT)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
