"""The current state of the database, Redis, the disk and the process."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui import __version__, bus
from llm_ui.auth import Actor, require
from llm_ui.config import get_settings
from llm_ui.schemas.chats.views import UNKNOWN
from llm_ui.schemas.insights.system_status import MachineView

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_began = time.monotonic()


async def look(session: AsyncSession, actor: Actor) -> MachineView:
    """The current state of the machine and the services. For administrators."""
    require(actor, "administer")
    began = time.perf_counter()
    await session.execute(sa.text("SELECT 1"))
    database_ms = (time.perf_counter() - began) * 1000
    redis, redis_ms = await _redis()
    disk = await asyncio.to_thread(shutil.disk_usage, get_settings().data_path)
    return MachineView(
        database=DATABASES[session.get_bind().dialect.name],
        database_ms=round(database_ms, 2),
        database_bytes=await _database_size(session),
        redis=redis,
        redis_ms=redis_ms,
        disk_free=disk.free,
        disk_total=disk.total,
        memory=await asyncio.to_thread(_resident),
        uptime_s=int(time.monotonic() - _began),
        version=__version__,
    )


async def _redis() -> tuple[str, float]:
    crossing = bus.current_bus()
    if crossing is None or not crossing.crosses:
        return "off", UNKNOWN
    took = await crossing.ping()
    return ("down", UNKNOWN) if took is None else ("ok", round(took * 1000, 2))


async def _database_size(session: AsyncSession) -> int:
    if session.get_bind().dialect.name == "postgresql":
        size = await session.scalar(sa.text("SELECT pg_database_size(current_database())"))
    else:
        size = await session.scalar(
            sa.text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        )
    return int(size or 0)


def _resident() -> int:
    """The resident memory of this process in bytes, if the system reports it (Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return UNKNOWN
    return pages * os.sysconf("SC_PAGE_SIZE")
