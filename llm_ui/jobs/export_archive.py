"""Create a personal archive: everything that one user owns, for download."""

from __future__ import annotations

from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.models.base import now
from llm_ui.services.accounts import export_jobs


async def run(job: JobContext) -> dict[str, Any]:
    """Create the requesting user's archive; returns its size and until when it is kept."""
    size = await export_jobs.write(job.id, job.actor_id, job.progress)
    until = now() + export_jobs.KEPT_FOR
    return {
        "bytes": size,
        "link": f"/api/v1/jobs/{job.id}/file",
        "expires_at": until.isoformat(),
    }
