"""Sync the models of every provider."""

from __future__ import annotations

from typing import Any

from llm_ui.db import unit_of_work
from llm_ui.enums import ProviderStatus
from llm_ui.jobs.context import JobContext
from llm_ui.services.catalogue import providers


async def run(job: JobContext) -> dict[str, Any]:
    """Sync all active providers concurrently; returns how many there are, and what they offer."""
    await job.progress(0.0, "jobs.note.asking")
    await providers.sync_all()
    async with unit_of_work(writes=False) as session:
        found = await providers.health(session)
    return {
        "providers": len(found),
        "down": sum(each.status != ProviderStatus.OK for each in found),
        "models": sum(each.models for each in found),
    }
