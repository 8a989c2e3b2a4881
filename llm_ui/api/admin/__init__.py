"""The routes for admins, below /admin; everybody else is refused."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.admin import backups, figures, jobs, keys, log, models, overview, people, providers

router = APIRouter(prefix="/admin")
for each in (overview, log, keys, jobs, backups, people, providers, models, figures):
    router.include_router(each.router)
