"""Jobs that make a backup, and test whether one can be restored."""

from __future__ import annotations

import asyncio
from typing import Any

from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict
from llm_ui.jobs.context import JobContext
from llm_ui.services.operations import backups, instance_settings


async def run(job: JobContext) -> dict[str, Any]:
    """Make a backup and delete the oldest backups if there are too many; returns what the new one
    contains.

    Raises:
        Conflict: the backup was made, but files with rows are missing from the data folder.
    """
    made = await job.in_thread(lambda step: backups.make(job.id, step))
    async with unit_of_work(writes=False) as session:
        kept = (await instance_settings.load(session)).backups_kept
    removed = await asyncio.to_thread(backups.keep_newest, kept)
    if made.missing:
        # It is kept, being better than none; but it must not pass for a complete one.
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
    """Restore the backup named in the payload into an empty database, compare, discard."""
    name = str(job.payload.get("name", ""))
    manifest = await job.in_thread(lambda step: backups.try_out(name, job.id, step))
    return {"name": name, "rows": manifest.rows, "tables": len(manifest.tables)}
