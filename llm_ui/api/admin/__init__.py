"""The routes for admins, below /admin; everybody else is refused."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.admin import keys, log, overview, providers

router = APIRouter(prefix="/admin")
for each in (overview, log, keys, providers):
    router.include_router(each.router)
