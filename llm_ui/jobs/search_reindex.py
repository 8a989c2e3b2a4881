"""Make the index of words anew."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.services import search_index


async def run(job: JobContext) -> dict[str, Any]:
    """Says how many entries there are, and what had to be put right."""
    return asdict(await search_index.rebuild(job.progress))
