"""The function for each kind of job. Each kind is also declared in services/operations/jobs.py."""

from __future__ import annotations

from llm_ui.jobs import (
    backup,
    export_archive,
    model_pull,
    model_switch,
    models_sync,
    retention,
    search_reindex,
)
from llm_ui.jobs.context import Run

RUNS: dict[str, Run] = {
    "models_sync": models_sync.run,
    "search_reindex": search_reindex.run,
    "retention": retention.run,
    "backup": backup.run,
    "backup_check": backup.check,
    "export_archive": export_archive.run,
    "model_pull": model_pull.run,
    "model_switch": model_switch.run,
}
