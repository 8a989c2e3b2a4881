"""Delete what has exceeded its retention period."""

from __future__ import annotations

from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.services.operations import retention


async def run(job: JobContext) -> dict[str, Any]:
    """Returns how many rows were deleted."""
    return dict(await retention.apply(job.progress))
