"""The routes for admins, below /admin; everybody else is refused."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.admin import backups, jobs, keys, log, media, overview, people, providers

router = APIRouter(prefix="/admin")
for each in (overview, log, keys, jobs, backups, people, providers, media):
    router.include_router(each.router)
