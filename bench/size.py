"""Disk usage of a fresh setup: clone, `dev.py run` until ready, measure.

    python -m bench.size

Uses the committed files, not the working tree; takes minutes and downloads the requirements.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.row import Figure, Row
from bench.stage import ROOT, free_port

GOAL_MB = 600.0
READY_S = 900.0
PARTS = (".venv", ".web", ".git", "data")


def disk_mb(folder: Path) -> float:
    """The disk usage of a folder in MB; hard links count once."""
    seen: dict[tuple[int, int], int] = {}
    for path, _, names in os.walk(folder):
        for name in (".", *names):
            found = (Path(path) / name).lstat()
            seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values()) / 1e6


def run_once(home: Path) -> float:
    """Run `dev.py run` in a fresh checkout until ready; returns the seconds it took."""
    port, began = free_port(), time.monotonic()
    kept = ("PATH", "HOME", "LANG", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    env = {name: os.environ[name] for name in os.environ if name in kept or "PIP_" in name}
    command = [sys.executable, "dev.py", "run", "--port", str(port), "--no-open"]
    with (home.parent / "run.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=home, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while time.monotonic() - began < READY_S and process.poll() is None:
            try:
                url = f"http://localhost:{port}/health/ready"
                if httpx.get(url).status_code == 200:
                    return time.monotonic() - began
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        raise RuntimeError((home.parent / "run.log").read_text()[-2000:])
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def measure() -> Row:
    """The total and its parts."""
    with tempfile.TemporaryDirectory(prefix="llm-ui-bench-") as folder:
        home = Path(folder) / "llm-ui"
        clone = ["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(home)]
        subprocess.run(clone, check=True)
        took = run_once(home)
        whole = disk_mb(home)
        parts = {name: round(disk_mb(home / name), 1) for name in PARTS}
    row = Row("installed size", "python -m bench.size")
    row.figures = [Figure("on disk, with model and JS runtime", round(whole), "MB", GOAL_MB)]
    row.details = {
        "parts_mb": parts,
        "whole_mib": round(whole / 1.048576),
        "first_run_s": round(took),
    }
    return row


def main() -> None:
    """Measure and print one JSON object."""
    measure().print()


if __name__ == "__main__":
    main()
