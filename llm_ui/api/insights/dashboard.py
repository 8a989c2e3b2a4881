"""The state of the installation."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.http.deps import AdminReader
from llm_ui.db import unit_of_work
from llm_ui.schemas.chats.views import DashboardView
from llm_ui.schemas.insights.system_status import MachineView
from llm_ui.services.insights import dashboard, system_status

router = APIRouter(prefix="/overview", tags=["admin: overview"])


@router.get("/machine")
async def get_machine(actor: AdminReader) -> MachineView:
    """Retrieve the current state of the database, Redis, the disk and the worker that responds."""
    async with unit_of_work(writes=False) as session:
        return await system_status.look(session, actor)


@router.get("")
async def get_overview(actor: AdminReader) -> DashboardView:
    """Retrieve current counts. "Today" is the current UTC day."""
    async with unit_of_work(writes=False) as session:
        return await dashboard.overview(session, actor)
