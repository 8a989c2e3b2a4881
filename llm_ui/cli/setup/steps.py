"""One step of a setup: what it is doing, how long it has taken, and what to do if it fails."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from llm_ui.cli.setup import private_files

TAIL_LINES = 15
# A terminal gets an animated line; a file or CI log gets a line at this interval, in seconds.
QUIET_INTERVAL = 10.0
LINE_WIDTH = 78

Spotlight = Callable[[str], "str | None"]


class StepFailed(Exception):
    """A step failed; the text says what happened and what to do."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(text: str = "") -> None:
    """Print a line immediately."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print a line about an error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def seconds(duration: float) -> str:
    """A human-readable duration: `3.4 s`, `1 min 12 s`."""
    if duration < 60:
        return f"{duration:.1f} s"
    return f"{int(duration // 60)} min {int(duration % 60)} s"


class Progress:
    """Shows a running step: an animated line on a terminal, an occasional line elsewhere."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.begun = time.monotonic()
        self._moving = sys.stdout.isatty()
        self._next = self.begun + (0.0 if self._moving else QUIET_INTERVAL)
        if not self._moving:
            say(f"{title} …")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    def tick(self) -> None:
        """Redraw if it is time to; call this often."""
        if time.monotonic() < self._next:
            return
        detail = f": {self.detail}" if self.detail else ""
        if self._moving:
            line = f"{self.title} … {self.elapsed:.0f} s{detail}"[:LINE_WIDTH]
            sys.stdout.write(f"\r{line:<{LINE_WIDTH}}")
            sys.stdout.flush()
            self._next = time.monotonic() + 0.5
        else:
            say(f"  {self.elapsed:.0f} s{detail}")
            self._next = time.monotonic() + QUIET_INTERVAL

    def end(self, outcome: str) -> None:
        """Print the step's last line."""
        line = f"{self.title}: {outcome} ({seconds(self.elapsed)})"
        say(
            f"\r{line:<{LINE_WIDTH}}".rstrip()
            if self._moving
            else f"  {outcome} in {seconds(self.elapsed)}"
        )


def _pump(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _follow(
    process: subprocess.Popen[str], progress: Progress, log: IO[str], spotlight: Spotlight
) -> list[str]:
    lines: queue.Queue[str | None] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    while True:
        progress.tick()
        try:
            line = lines.get(timeout=0.25)
        except queue.Empty:
            continue
        if line is None:
            return list(tail)
        log.write(line)
        if line.strip():
            tail.append(line.rstrip())
            progress.detail = spotlight(line.strip()) or progress.detail


def run_step(
    title: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: dict[str, str],
    advice: str,
    spotlight: Spotlight = lambda line: line,
) -> None:
    """Run one command of a setup, showing its progress and writing its complete output to a file.

    Args:
        title: what is being done, for example "Installing the requirements".
        log: the file for the output; its last lines are shown if the command fails.
        advice: one sentence on what to do if it fails.
        spotlight: extracts the sub-step from a line of output; None keeps the previous one.

    Raises:
        StepFailed: the command exited with an error.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    progress = Progress(title)
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            umask=private_files.usual(),
        )
        try:
            tail = _follow(process, progress, file, spotlight)
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code == 0:
        progress.end("done")
        return
    progress.end("failed")
    shown = "\n".join(f"    {line}" for line in tail)
    raise StepFailed(f"{title} failed. Last lines of output:\n{shown}\n{advice}\nFull log: {log}")
