"""File contents are stored in the data folder, in files named only by the ID of their row.

User input is never part of a path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.models import StoredFile
from llm_ui.services.files import upload_reservations

ARRIVING = "arriving"
# Older than anything that is still being received or written.
ORPHAN_AGE = timedelta(hours=2)


def folder() -> Path:
    """The folder of all file contents."""
    return get_settings().data_path / "files"


def path_of(file_id: str) -> Path:
    """The path of a row's file; the ID must come from the row."""
    return folder() / file_id


def arriving(file_id: str) -> Path:
    """The path to write an upload to before its row exists."""
    return folder() / ARRIVING / file_id


async def remove(ids: Sequence[str]) -> None:
    """Delete the files of deleted rows."""
    for file_id in ids:
        await asyncio.to_thread(path_of(file_id).unlink, missing_ok=True)


async def remove_orphans() -> None:
    """Delete files without a row, left by deleted accounts and interrupted uploads."""
    await asyncio.to_thread(upload_reservations.sweep, folder() / ARRIVING)
    old = await asyncio.to_thread(_old_files)
    for start in range(0, len(old), 500):
        part = old[start : start + 500]
        async with unit_of_work(writes=False) as session:
            names = [path.name for path in part]
            query = sa.select(col(StoredFile.id)).where(col(StoredFile.id).in_(names))
            known = set(await session.scalars(query))
        for path in part:
            if path.parent.name == ARRIVING or path.name not in known:
                await asyncio.to_thread(path.unlink, missing_ok=True)


def _old_files() -> list[Path]:
    before = datetime.now().astimezone() - ORPHAN_AGE
    found = []
    for place in (folder(), folder() / ARRIVING):
        for path in place.iterdir() if place.is_dir() else ():
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                found.append(path)
    return found
