"""Extracting the text of files: in a separate process, stored as passages.

Files may be hostile. The process that opens one (`llm_ui.reading`) has limits on memory and time,
an empty environment and no write access; the size of its output is checked. A few run at once,
taking turns by user; interrupted extractions are resumed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import get_args

import orjson
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.config import ROOT
from llm_ui.db import unit_of_work
from llm_ui.enums import FileStatus
from llm_ui.generation.gate import Gate, Lane
from llm_ui.models import FilePassage, StoredFile
from llm_ui.models.base import now
from llm_ui.reading.parts import NoteName
from llm_ui.security.text import storable
from llm_ui.services.files import file_storage, passages

logger = logging.getLogger(__name__)

# Concurrent extractions, in total and per user: slow files must not hold up other people's.
AT_ONCE = 3
PER_PERSON = 2
# CPU seconds for a file, and for one of many that its owner has waiting.
CPU_S = 40
CPU_OF_MANY_S = 12
MANY = 4
# Seconds of wall-clock time allowed per CPU second, for a busy machine.
WALL_FACTOR = 2.25
# A file that has waited this long fails with an error for its owner.
WAIT_S = 1800.0
# The JSON of the longest text the reader returns, with every character maximally escaped.
MAX_OUTPUT = 40 * 1024 * 1024
CHUNK = 1024 * 1024
# A file that has waited less than this is probably being handled by another worker.
FORGOTTEN_AFTER = timedelta(minutes=10)
UNREADABLE = "error.file_damaged"
SLOW = "error.file_slow"
WAITED = "error.file_waited"
# The valid notes of a file, and the maximum length of their parameters.
NOTES: tuple[str, ...] = get_args(NoteName)
NOTE_LIMIT = 200
# The reasons the reader may give for not returning a text.
REASONS = (
    "error.file_bomb",
    "error.file_damaged",
    "error.file_encrypted",
    "error.file_no_text",
    "error.file_slow",
    "error.file_text_long",
)

_tasks: dict[str, asyncio.Task[None]] = {}
_gates: dict[asyncio.AbstractEventLoop, Gate] = {}
_of_person: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file's text with notes, or the message key of the error."""

    text: str = ""
    error: str = ""
    notes: list[list[str]] = field(default_factory=list)


def wake(file_id: str) -> None:
    """Start extracting a file's text in the background."""
    if file_id in _tasks:
        return
    task = asyncio.create_task(_read_and_keep(file_id), name=f"reading-{file_id}")
    _tasks[file_id] = task
    task.add_done_callback(lambda _: _tasks.pop(file_id, None))


async def settled() -> None:
    """Wait until all extractions on this worker have ended."""
    while _tasks:
        await asyncio.gather(*_tasks.values(), return_exceptions=True)


async def stop() -> None:
    """Cancel running extractions; they are resumed at the next start."""
    for task in list(_tasks.values()):
        task.cancel()
    await settled()
    _gates.clear()


async def take_up(*, all_of_them: bool = False) -> None:
    """Resume extractions left by a dead worker, or (with `all_of_them`) all that are waiting."""
    before = now() if all_of_them else now() - FORGOTTEN_AFTER
    async with unit_of_work(writes=False) as session:
        waiting = await session.scalars(
            sa.select(col(StoredFile.id)).where(
                col(StoredFile.status) == FileStatus.WAITING, col(StoredFile.created_at) < before
            )
        )
        ids = list(waiting)
    for file_id in ids:
        wake(file_id)


def _gate() -> Gate:
    return _gates.setdefault(asyncio.get_running_loop(), Gate())


async def _waiting(file_id: str) -> StoredFile | None:
    async with unit_of_work(writes=False) as session:
        row = await session.get(StoredFile, file_id)
    return row if row is not None and row.status == FileStatus.WAITING else None


async def _read_and_keep(file_id: str) -> None:
    row = await _waiting(file_id)
    if row is None:
        return
    _of_person[row.user_id] += 1
    try:
        found = await _in_turn(row)
    finally:
        _of_person[row.user_id] -= 1
    if found is not None:
        parts = await asyncio.to_thread(passages.split, found.text)
        await _keep(file_id, parts, found)


async def _in_turn(row: StoredFile) -> Extracted | None:
    """Extract a file's text in its owner's turn; None if the file has since been deleted."""
    gate = _gate()
    try:
        async with asyncio.timeout(WAIT_S):
            place = await gate.enter(Lane(row.user_id, "files", PER_PERSON, AT_ONCE))
    except TimeoutError:
        return Extracted(error=WAITED)
    try:
        if await _waiting(row.id) is None:
            return None
        is_one_of_many = _of_person[row.user_id] >= MANY
        seconds = CPU_OF_MANY_S if is_one_of_many else CPU_S
        return await read(file_storage.path_of(row.id), row.media_type, seconds)
    finally:
        gate.leave(place)


async def _keep(file_id: str, parts: list[str], found: Extracted) -> None:
    async with unit_of_work() as session:
        # The file may have since been deleted, or extracted by another worker too.
        row = await session.get(StoredFile, file_id, with_for_update=True)
        if row is None or row.status != FileStatus.WAITING:
            return
        if parts:
            values = [
                {"file_id": file_id, "number": n, "text": part} for n, part in enumerate(parts)
            ]
            await session.execute(sa.insert(FilePassage), values)
        row.characters = sum(map(len, parts))
        row.notes = found.notes
        row.status = FileStatus.FAILED if found.error else FileStatus.READY
        row.error_key = found.error


async def read(path: Path, media_type: str, cpu_s: int = CPU_S) -> Extracted:
    """Extract a file's text.

    Args:
        cpu_s: the CPU time allowed, in seconds.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "llm_ui.reading",
        str(path),
        media_type,
        str(cpu_s),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(cpu_s * WALL_FACTOR):
            output = await _output(process)
            await process.wait()
    except TimeoutError:
        return Extracted(error=SLOW)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return await asyncio.to_thread(_understood, output)


async def _output(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    found = bytearray()
    while chunk := await process.stdout.read(CHUNK):
        found += chunk
        if len(found) > MAX_OUTPUT:
            return b""
    return bytes(found)


def _understood(output: bytes) -> Extracted:
    """Parse the reader's output, which is untrusted because it has handled an untrusted file."""
    try:
        said = orjson.loads(output)
    except orjson.JSONDecodeError:
        return Extracted(error=UNREADABLE)
    if not isinstance(said, dict):
        return Extracted(error=UNREADABLE)
    text, error = said.get("text"), said.get("error")
    if isinstance(text, str) and text:
        return Extracted(text, notes=_notes(said.get("notes")))
    return Extracted(error=str(error) if error in REASONS else UNREADABLE)


def _notes(said: object) -> list[list[str]]:
    found: list[list[str]] = []
    for each in said if isinstance(said, list) else []:
        match each:
            case [str(name), str(words)] if name in NOTES:
                found.append([name, storable(words)[:NOTE_LIMIT]])
    return found[: len(NOTES)]
