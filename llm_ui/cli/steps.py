"""One step of a set-up: what it is doing, for how long, and what to do when it fails."""

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

from llm_ui.cli import private

TAIL_LINES = 15
# A terminal gets a moving line; a file or a CI log gets a line this often, in seconds.
QUIET_INTERVAL = 10.0
LINE_WIDTH = 78

Spotlight = Callable[[str], "str | None"]


class StepFailed(Exception):
    """A step did not work; the text says what happened and what to do."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(text: str = "") -> None:
    """A line for the person, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line about something that went wrong."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def seconds(duration: float) -> str:
    """A duration for people: `3.4 s`, `1 min 12 s`."""
    if duration < 60:
        return f"{duration:.1f} s"
    return f"{int(duration // 60)} min {int(duration % 60)} s"


class Progress:
    """Shows a running step: one moving line on a terminal, a line now and then elsewhere."""

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
        """Called often; draws when it is time to."""
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
        """The step's last line."""
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
    """Run one command of a set-up with its progress shown and its whole output in a file.

    Args:
        title: what is being done, for example "Installing the requirements".
        log: where the output goes; its last lines are shown when the command fails.
        advice: one sentence on what to do when it fails.
        spotlight: picks the sub-step out of a line of output; None keeps the last one.

    Raises:
        StepFailed: the command ended with an error.
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
            umask=private.usual(),
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
    raise StepFailed(f"{title} failed. The last lines were:\n{shown}\n{advice}\nAll of it: {log}")
