"""Readiness: whether questions can be asked now, for load balancers and the launcher.

Responds within `PATIENCE_S`, even if a dependency hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from llm_ui import outages
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.generation import current_engine
from llm_ui.models import AIModel, AIProvider
from llm_ui.services.catalogue import providers

PATIENCE_S = 2.0
# Less than this would be used up after a write or two.
LEAST_FREE = 2**20
PROBE = b"x" * 65536

# At most one check of each kind at a time, so that a hanging one isn't started again.
_looks: dict[str, asyncio.Task[str]] = {}


async def checks() -> dict[str, str]:
    """The state of everything a question needs.

    Each value is "ok" or the problem: "down" for the database, "full" or "down" for the disk,
    "loading" for models, and "down" for the engine.
    """
    database, disk = await asyncio.gather(
        _within("database", _database), _within("disk", lambda: asyncio.to_thread(_disk))
    )
    found = {"database": database, "disk": disk}
    found["engine"] = "ok" if current_engine() else "down"
    if database == "loading":
        found |= {"database": "ok", "models": "loading"}
    return found


async def _within(name: str, look: Callable[[], Coroutine[Any, Any, str]]) -> str:
    """The result of a check; "down" if it takes too long."""
    task = _looks.get(name)
    if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
        task = _looks[name] = asyncio.create_task(look(), name=f"readiness-{name}")
    await asyncio.wait({task}, timeout=PATIENCE_S)
    return task.result() if task.done() else "down"


async def _database() -> str:
    usable = sa.exists().where(
        col(AIModel.provider_id) == AIProvider.id,
        col(AIModel.is_active).is_(True),
        col(AIModel.is_available).is_(True),
        col(AIProvider.is_active).is_(True),
    )
    try:
        async with unit_of_work(writes=False) as session:
            has_models = await session.scalar(sa.select(usable))
    except (sa.exc.SQLAlchemyError, OSError, RuntimeError) as error:
        if outages.reason_of(error):
            outages.database.failed(error)
        return "down"
    return "ok" if has_models or not providers.first_look.is_on else "loading"


def _disk() -> str:
    folder: Path = get_settings().data_path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < LEAST_FREE:
            return "full"
        # Disk quotas and limits only show when writing.
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".ready-")
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as out:
                is_whole = out.write(PROBE) == len(PROBE)
        finally:
            with contextlib.suppress(OSError):
                Path(name).unlink()
    except OSError as error:
        return "full" if outages.reason_of(error) == "full" else "down"
    return "ok" if is_whole else "full"
