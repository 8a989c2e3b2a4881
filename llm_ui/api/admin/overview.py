"""How the installation is doing."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.deps import AdminReader
from llm_ui.api.errors import problems
from llm_ui.db import unit_of_work
from llm_ui.schemas.views import DashboardView
from llm_ui.services import dashboard

router = APIRouter(prefix="/overview", tags=["admin: overview"])


@router.get("", responses=problems(401, 403))
async def get_overview(actor: AdminReader) -> DashboardView:
    """Counts as of now; "today" is the UTC day."""
    async with unit_of_work(writes=False) as session:
        return await dashboard.overview(session, actor)
