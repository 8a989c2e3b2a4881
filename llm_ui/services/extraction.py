"""The text of files: read by a process of its own, kept as passages.

A file may be hostile. The process that opens it (`llm_ui.reading`) has limits on memory and
time, an empty environment and nothing to write to; what it says is checked for its size.
A few run at once; files whose reading was interrupted are taken up again.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import timedelta
from pathlib import Path

import orjson
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.config import ROOT
from llm_ui.db import unit_of_work
from llm_ui.models import FilePassage, StoredFile
from llm_ui.models.base import now
from llm_ui.services import file_bytes, passages

logger = logging.getLogger(__name__)

AT_ONCE = 2
READ_S = 90.0
# JSON of the longest text that the reader gives, each character at its most expensive.
MAX_OUTPUT = 40 * 1024 * 1024
CHUNK = 1024 * 1024
# Another worker has surely begun with a file that has waited less than this.
FORGOTTEN_AFTER = timedelta(minutes=10)
UNREADABLE = "error.file_damaged"
SLOW = "error.file_slow"
# Why a file has no text, as the reader may say it.
REASONS = (
    "error.file_bomb",
    "error.file_damaged",
    "error.file_encrypted",
    "error.file_no_text",
    "error.file_text_long",
)

_tasks: dict[str, asyncio.Task[None]] = {}
_gates: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def wake(file_id: str) -> None:
    """Begin to read a file, in the background."""
    if file_id in _tasks:
        return
    task = asyncio.create_task(_read_and_keep(file_id), name=f"reading-{file_id}")
    _tasks[file_id] = task
    task.add_done_callback(lambda _: _tasks.pop(file_id, None))


async def settled() -> None:
    """Wait until nothing is being read here any more."""
    while _tasks:
        await asyncio.gather(*_tasks.values(), return_exceptions=True)


async def stop() -> None:
    """End what is being read; it is taken up at the next start."""
    for task in list(_tasks.values()):
        task.cancel()
    await settled()
    _gates.clear()


async def take_up(*, all_of_them: bool = False) -> None:
    """Read what was left waiting: by a worker that died, or before this start."""
    before = now() if all_of_them else now() - FORGOTTEN_AFTER
    async with unit_of_work(writes=False) as session:
        waiting = await session.scalars(
            sa.select(col(StoredFile.id)).where(
                col(StoredFile.status) == "waiting", col(StoredFile.created_at) < before
            )
        )
        ids = list(waiting)
    for file_id in ids:
        wake(file_id)


def _gate() -> asyncio.Semaphore:
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))


async def _read_and_keep(file_id: str) -> None:
    async with _gate():
        async with unit_of_work(writes=False) as session:
            row = await session.get(StoredFile, file_id)
        if row is None or row.status != "waiting":
            return
        text, error = await read(file_bytes.path_of(row.id), row.media_type)
        parts = await asyncio.to_thread(passages.split, text)
        await _keep(file_id, parts, error)


async def _keep(file_id: str, parts: list[str], error: str) -> None:
    async with unit_of_work() as session:
        # It may have been deleted meanwhile, or read by another worker too.
        row = await session.get(StoredFile, file_id, with_for_update=True)
        if row is None or row.status != "waiting":
            return
        if parts:
            values = [
                {"file_id": file_id, "number": n, "text": part} for n, part in enumerate(parts)
            ]
            await session.execute(sa.insert(FilePassage), values)
        row.characters = sum(map(len, parts))
        row.status, row.error_key = ("failed", error) if error else ("ready", "")


async def read(path: Path, media_type: str) -> tuple[str, str]:
    """The text of a file and "", or "" and the message key that says why there is none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "llm_ui.reading",
        str(path),
        media_type,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(READ_S):
            output = await _output(process)
            await process.wait()
    except TimeoutError:
        return "", SLOW
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


def _understood(output: bytes) -> tuple[str, str]:
    """What the reader said; it has read a stranger's file and is believed nothing."""
    try:
        said = orjson.loads(output)
    except orjson.JSONDecodeError:
        return "", UNREADABLE
    if not isinstance(said, dict):
        return "", UNREADABLE
    text, error = said.get("text"), said.get("error")
    if isinstance(text, str) and text:
        return text, ""
    return "", str(error) if error in REASONS else UNREADABLE
