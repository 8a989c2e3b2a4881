"""Back everything up; and see whether a backup can be restored."""

from __future__ import annotations

import asyncio
from typing import Any

from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict
from llm_ui.jobs.context import JobContext
from llm_ui.services import backups, installation


async def run(job: JobContext) -> dict[str, Any]:
    """A backup, and the oldest ones deleted if there are too many; says what is in it.

    Raises:
        Conflict: it was made, but files that have rows were not in the data folder.
    """
    made = await job.in_thread(lambda step: backups.make(job.id, step))
    async with unit_of_work(writes=False) as session:
        kept = (await installation.load(session)).backups_kept
    removed = await asyncio.to_thread(backups.keep_newest, kept)
    if made.missing:
        # It is kept, and better than none; but nobody shall take it for a whole one.
        raise Conflict("error.backup_incomplete", name=made.name, missing=made.missing)
    return {
        "name": made.name,
        "link": made.link,
        "bytes": made.size,
        "rows": made.rows,
        "files": made.files,
        "removed": removed,
    }


async def check(job: JobContext) -> dict[str, Any]:
    """Restore the backup that the payload names into an empty database, compare, throw away."""
    name = str(job.payload.get("name", ""))
    manifest = await job.in_thread(lambda step: backups.try_out(name, job.id, step))
    return {"name": name, "rows": manifest.rows, "tables": len(manifest.tables)}
