"""Have the bundled service load another model file."""

from __future__ import annotations

import asyncio
from typing import Any

from llm_ui.jobs.context import JobCancelled, JobContext
from llm_ui.services import gguf


async def run(job: JobContext) -> dict[str, Any]:
    """The file that the payload names; if it does not load, the one of before is in use again."""
    try:
        return await gguf.load(str(job.payload.get("path", "")), job.progress)
    except (JobCancelled, asyncio.CancelledError):
        if job.cancelled:
            await gguf.go_back()
        raise
