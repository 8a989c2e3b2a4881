"""The journal: output shown while the database was down, kept on disk until it is written.

A worker also keeps it in memory and retries; the journal is needed if the worker dies first. There
is one file per worker, `DATA_DIR/unwritten/<identity>.jsonl`: it is appended to and synced, read by
the worker that ends the dead worker's runs (reaper.py), and deleted once the database has
everything.

Each line is `{"run", "start", "kind", "payload"}`, a section of a run's log, or `{"run", "end"}`,
how it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from llm_ui.enums import RunState
from llm_ui.errors import AppError
from llm_ui.generation.log import Piece
from llm_ui.generation.owner import life_of
from llm_ui.generation.types import Outcome
from llm_ui.wire.events import Usage

logger = logging.getLogger(__name__)

FOLDER = "unwritten"
SUFFIX = ".jsonl"
# More than an hour without a database at a thousand characters per second.
MOST_BYTES = 64 * 2**20
_TIMES = ("created_at", "started_at", "finished_at", "first_token_at")


class Recalled(AppError):
    """The error of a run's end, read back from the journal: as much of it as the rows store."""

    def __init__(self, code: str, status: int, message_key: str, params: dict[str, Any]) -> None:
        super().__init__(message_key, **params)
        self.code = code  # type: ignore[misc]
        self.status = status  # type: ignore[misc]


@dataclass
class Kept:
    """What a journal has about one run."""

    pieces: list[Piece] = field(default_factory=list)
    outcome: Outcome | None = None

    def beyond(self, pieces: list[Piece], base: int) -> list[Piece]:
        """The stored log, which starts at `base`, followed by what the journal has beyond it."""
        found = list(pieces)
        end = found[-1].end if found else base
        for piece in sorted(self.pieces, key=lambda each: each.start):
            rest = piece.after(end)
            if rest is not None and rest.start == end:
                found.append(rest)
                end = rest.end
        return found


class Journal:
    """This worker's journal, and access to those of others.

    Args:
        data: the data folder.
        identity: this worker's.
    """

    def __init__(self, data: Path, identity: str, most: int = MOST_BYTES) -> None:
        self._folder = data / FOLDER
        self._path = self._folder / f"{identity}{SUFFIX}"
        self._most, self._size = most, 0

    @property
    def is_used(self) -> bool:
        """Whether the journal contains anything."""
        return self._size > 0

    async def keep(self, pieces: dict[str, list[Piece]], ends: list[Outcome]) -> bool:
        """Append pieces and ends of runs; False if they could not be safely written."""
        lines = [
            {"run": run_id, "start": each.start, "kind": each.kind, "payload": each.payload}
            for run_id, found in pieces.items()
            for each in found
        ]
        lines += [{"run": each.run_id, "end": _plain(each)} for each in ends]
        data = b"".join(orjson.dumps(each) + b"\n" for each in lines)
        if self._size + len(data) > self._most:
            return False
        try:
            await asyncio.to_thread(self._append, data)
        except OSError as error:
            logger.debug("could not write to disk; recent output is only in memory: %s", error)
            return False
        self._size += len(data)
        return True

    def _append(self, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self._path, flags, 0o600), "ab", buffering=0) as out:
            before = out.tell()
            try:
                if out.write(data) != len(data):
                    raise OSError("only part of the data was written")
                os.fdatasync(out.fileno())
            except OSError:
                # A partial line would swallow the next one.
                with contextlib.suppress(OSError):
                    out.truncate(before)
                raise

    async def clear(self) -> None:
        """Delete the journal: the database has everything."""
        self._size = 0
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._path.unlink, missing_ok=True)

    def left_behind(self) -> list[Path]:
        """The journals of workers that are not known to be alive."""
        try:
            found = sorted(self._folder.glob(f"*{SUFFIX}"))
        except OSError:
            return []
        return [path for path in found if path != self._path and life_of(path.stem) != "alive"]


def read(path: Path) -> dict[str, Kept]:
    """Read a journal, by run. A line that was cut off by a crash is skipped."""
    found: dict[str, Kept] = {}
    try:
        data = path.read_bytes()
    except OSError:
        return found
    for line in _lines(data):
        kept = found.setdefault(str(line["run"]), Kept())
        if "end" in line:
            kept.outcome = _outcome(line["end"])
        else:
            kept.pieces.append(Piece(int(line["start"]), str(line["kind"]), str(line["payload"])))
    return found


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.split(b"\n"):
        with contextlib.suppress(orjson.JSONDecodeError):
            found = orjson.loads(line)
            if isinstance(found, dict) and "run" in found:
                yield found


def _plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON-compatible form."""
    values = {
        each.name: getattr(outcome, each.name)
        for each in dataclasses.fields(outcome)
        if each.name != "error"
    }
    error = outcome.error
    if error is not None:
        values["error"] = [error.code, error.status, error.message_key, error.params]
    return values


def _outcome(values: dict[str, Any]) -> Outcome:
    """An outcome read back; fields only known to another version are ignored."""
    known = {each.name for each in dataclasses.fields(Outcome)}
    found = {name: value for name, value in values.items() if name in known}
    found["state"] = RunState(found["state"])
    for name in _TIMES:
        if found.get(name):
            found[name] = datetime.fromisoformat(found[name])
    usage = {each.name for each in dataclasses.fields(Usage)}
    given = found.get("usage") or {}
    found["usage"] = Usage(**{name: value for name, value in given.items() if name in usage})
    found["sources"] = tuple(found.get("sources") or ())
    found["error"] = Recalled(*found["error"]) if found.get("error") else None
    return Outcome(**found)
