"""Delete what is older than the installation keeps it."""

from __future__ import annotations

from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.services import retention


async def run(job: JobContext) -> dict[str, Any]:
    """Says how many rows went."""
    return dict(await retention.apply(job.progress))
