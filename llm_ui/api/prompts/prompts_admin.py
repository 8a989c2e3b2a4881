"""Administration of public prompts."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.http.deps import AdminChanger
from llm_ui.api.http.errors import problems
from llm_ui.db import unit_of_work
from llm_ui.services.prompts import prompts

router = APIRouter(prefix="/prompts", tags=["admin: prompts"])


@router.post("/{prompt_id}/unshare", status_code=204, responses=problems(404))
async def unshare_prompt(prompt_id: str, actor: AdminChanger) -> None:
    """Make a user's public prompt private. Its owner keeps it."""
    async with unit_of_work() as session:
        await prompts.unshare(session, actor, prompt_id)
