"""Everything that one person owns, as a file to be fetched."""

from __future__ import annotations

from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.models.base import now
from llm_ui.services import exports


async def run(job: JobContext) -> dict[str, Any]:
    """The archive of whoever asked; says how large it is, and until when it is kept."""
    size = await exports.write(job.id, job.actor_id, job.progress)
    until = now() + exports.KEPT_FOR
    return {
        "bytes": size,
        "link": f"/api/v1/jobs/{job.id}/file",
        "expires_at": until.isoformat(),
    }
