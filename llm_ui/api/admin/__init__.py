"""The routes for admins, below /admin; everybody else is refused."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.admin import (
    backups,
    figures,
    jobs,
    keys,
    log,
    media,
    model_files,
    models,
    overview,
    people,
    prompts,
    providers,
)

ROUTERS = (
    overview,
    log,
    keys,
    jobs,
    backups,
    people,
    prompts,
    providers,
    models,
    media,
    model_files,
    figures,
)
router = APIRouter(prefix="/admin")
for each in ROUTERS:
    router.include_router(each.router)
