"""Where a server's time goes, sampled by py-spy, as text.

Waiting threads are left out, recognised by the source line they are at. Sampling slows the server
slightly, so rely on shares, not totals.
"""

from __future__ import annotations

import linecache
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.stage import cpu_ms

PER_SECOND = 250
TOP = 25
FRAME = re.compile(r"(?P<name>.*) \((?P<file>.*):(?P<line>\d+)\)")
# The source lines at which idle threads wait: the event loop, thread pools, aiosqlite's threads.
WAITS = re.compile(r"\.poll\(|\.select\(|\.acquire\(\)|queue\.get\(|tx\.get\(|\.join\(|\.wait\(")


def is_waiting(frame: str) -> bool:
    """Whether a thread with this innermost frame is idle."""
    found = FRAME.fullmatch(frame)
    if not found:
        return not frame.strip()
    return bool(WAITS.search(linecache.getline(found["file"], int(found["line"]))))


def named(frame: str) -> str:
    """A frame, with its path reduced to the last two parts."""
    found = FRAME.fullmatch(frame)
    if not found:
        return frame
    return f"{found['name']} ({'/'.join(Path(found['file']).parts[-2:])}:{found['line']})"


def summary(stacks: list[str]) -> str:
    """The top functions in py-spy's raw stacks: `outer;…;inner count`."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        innermost = stack.rpartition(";")[2]
        if is_waiting(innermost):
            continue
        frames = [named(frame) for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        for frame in set(frames):
            within[frame] += int(count)
    whole = sum(own.values()) or 1
    parts = []
    for title, found in (("self", own), ("including callees", within)):
        lines = [f"{100 * n / whole:6.1f} %  {name}" for name, n in found.most_common(TOP)]
        parts.append("\n".join([f"Functions, {title}, of {whole} samples", *lines]))
    return "\n\n".join(parts) + "\n"


def busiest(pids: list[int]) -> int:
    """The process with the most CPU time so far: the worker rather than its parent."""
    return max(pids, key=lambda pid: cpu_ms([pid]))


@contextmanager
def sampled(pids: list[int], seconds: float, file: Path) -> Iterator[None]:
    """Sample the busiest process for about `seconds` while the block runs; write the summary to
    `file`."""
    spy = Path(sys.executable).with_name("py-spy")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "stacks.txt"
        command = [
            str(spy),
            "record",
            "--pid",
            str(busiest(pids)),
            "--format",
            "raw",
            "--full-filenames",
        ]
        command += ["--rate", str(PER_SECOND), "--duration", str(int(seconds) + 2)]
        command += ["--output", str(raw)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        yield
        if process.wait(60) != 0:
            raise RuntimeError("py-spy could not attach to the server (it needs ptrace)")
        file.write_text(summary(raw.read_text().splitlines()), encoding="utf-8")
