"""What people share with everybody."""

from __future__ import annotations

from fastapi import APIRouter

from llm_ui.api.deps import AdminChanger
from llm_ui.api.errors import problems
from llm_ui.db import unit_of_work
from llm_ui.services import prompts

router = APIRouter(prefix="/prompts", tags=["admin: prompts"])


@router.post("/{prompt_id}/unshare", status_code=204, responses=problems(401, 403, 404))
async def unshare_prompt(prompt_id: str, actor: AdminChanger) -> None:
    """Take somebody's public prompt out of everybody's library; its owner keeps it."""
    async with unit_of_work() as session:
        await prompts.unshare(session, actor, prompt_id)
