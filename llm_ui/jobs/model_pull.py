"""Pull a model onto an Ollama."""

from __future__ import annotations

from typing import Any

from llm_ui.jobs.context import JobContext
from llm_ui.services.catalogue import ollama_models


async def run(job: JobContext) -> dict[str, Any]:
    """Pull the model named in the payload; parts that already exist are not downloaded again.
    Returns the size of the model."""
    provider_id, model = str(job.payload["provider_id"]), str(job.payload["model"])
    return await ollama_models.download(provider_id, model, job.progress)
