"""How the installation is doing."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.deps import AdminReader
from llm_ui.api.errors import problems
from llm_ui.db import unit_of_work
from llm_ui.schemas.machines import MachineView
from llm_ui.schemas.views import DashboardView
from llm_ui.services import dashboard, machines

router = APIRouter(prefix="/overview", tags=["admin: overview"])


@router.get("/machine", responses=problems(401, 403))
async def get_machine(actor: AdminReader) -> MachineView:
    """The database, Redis, the disk and the worker that answers, as of now."""
    async with unit_of_work(writes=False) as session:
        return await machines.look(session, actor)


@router.get("", responses=problems(401, 403))
async def get_overview(actor: AdminReader) -> DashboardView:
    """Counts as of now; "today" is the UTC day."""
    async with unit_of_work(writes=False) as session:
        return await dashboard.overview(session, actor)
