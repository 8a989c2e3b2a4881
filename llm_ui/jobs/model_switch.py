"""Make the built-in service load another model file."""

from __future__ import annotations

import asyncio
from typing import Any

from llm_ui.jobs.context import JobCancelled, JobContext
from llm_ui.services.catalogue import model_files


async def run(job: JobContext) -> dict[str, Any]:
    """Load the file named in the payload; if that fails, the previous file is in use again."""
    try:
        return await model_files.load(str(job.payload.get("path", "")), job.progress)
    except (JobCancelled, asyncio.CancelledError):
        if job.cancelled:
            await model_files.go_back()
        raise
