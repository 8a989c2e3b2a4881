"""The admin routes, below /admin; anyone else is refused."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.accounts import api_keys_admin, users
from llm_ui.api.audit import audit_log
from llm_ui.api.catalogue import model_files, models_admin, providers
from llm_ui.api.insights import dashboard, insights
from llm_ui.api.operations import backups, jobs_admin
from llm_ui.api.prompts import prompts_admin

ROUTERS = (
    dashboard,
    audit_log,
    api_keys_admin,
    jobs_admin,
    backups,
    users,
    prompts_admin,
    providers,
    models_admin,
    model_files,
    insights,
)
router = APIRouter(prefix="/admin")
for each in ROUTERS:
    router.include_router(each.router)
