"""The routes for admins, below /admin; everybody else is refused."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.admin import (
    backups,
    jobs,
    keys,
    log,
    media,
    model_files,
    overview,
    people,
    providers,
)

router = APIRouter(prefix="/admin")
for each in (overview, log, keys, jobs, backups, people, providers, media, model_files):
    router.include_router(each.router)
