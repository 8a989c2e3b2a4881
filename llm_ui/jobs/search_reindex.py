"""Rebuild the full-text index."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.services.chats import search_index


async def run(job: JobContext) -> dict[str, Any]:
    """Returns the number of entries, and what had to be repaired."""
    return asdict(await search_index.rebuild(job.progress))
