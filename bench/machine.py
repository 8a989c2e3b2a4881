"""The environment of a run: the machine, and the versions of what was measured."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from bench.chrome import CHROMIUM
from bench.stage import ROOT
from llm_ui import __version__


def _first(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _told(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def hardware() -> str:
    """The processor, its cores and the memory."""
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    cores = len(os.sched_getaffinity(0))
    return f"{_first('/proc/cpuinfo', 'model name')}, {cores} cores, {memory:.1f} GiB of memory"


def load() -> str:
    """The current load: the averages over 1, 5 and 15 minutes."""
    return ", ".join(f"{each:.2f}" for each in os.getloadavg())


def versions() -> str:
    """The versions of what was measured, and of the tools."""
    beside = Path(sys.executable).with_name("node")
    node = str(beside) if beside.exists() else shutil.which("node") or "node"
    changed = "" if _told("git", "status", "--porcelain") == "unknown" else " with local changes"
    return ", ".join(
        (
            f"LLM UI {__version__} ({_told('git', 'rev-parse', '--short', 'HEAD')}{changed})",
            f"Python {platform.python_version()}",
            f"Reflex {version('reflex')}",
            " ".join(_told(CHROMIUM, "--version").split()[:2]),
            f"Node {_told(node, '--version').removeprefix('v')}",
        )
    )
