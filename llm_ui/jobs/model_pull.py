"""Download a model to an Ollama."""

from __future__ import annotations

from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.services import ollama_models


async def run(job: JobContext) -> dict[str, Any]:
    """The model that the payload names; what is there of it already is not loaded again. Says
    how large it is."""
    provider_id, model = str(job.payload["provider_id"]), str(job.payload["model"])
    return await ollama_models.download(provider_id, model, job.progress)
