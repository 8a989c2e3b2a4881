"""The instructions models are given before a chat's first question, and where they come from.

A chat's own instructions follow those of its project, or replace them if the chat's settings say
so. If there are neither, the user's default prompt is used, or else the model's instructions.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor
from llm_ui.errors import NotFound
from llm_ui.models import AIModel, ChatHistory, Project
from llm_ui.schemas.chats.views import InstructionsView
from llm_ui.services.catalogue.chat_settings import REPLACE
from llm_ui.services.projects.projects import get_project_for
from llm_ui.services.prompts import prompts


async def of_chat(session: AsyncSession, chat: ChatHistory, model: AIModel) -> str:
    """The system prompt for a chat's answers, or ""."""
    own = str(chat.settings.get("system_prompt", ""))
    around = ""
    if chat.project_id and not (own and chat.settings.get("instructions") == REPLACE):
        project = await session.get(Project, chat.project_id)
        around = project.system_prompt if project is not None else ""
    told = "\n\n".join(each for each in (around, own) if each)
    return told or await prompts.default_text(session, chat.user_id) or model.system_prompt


async def around_chat(session: AsyncSession, actor: Actor, project_id: str) -> InstructionsView:
    """The instructions that apply besides those of a chat in this project; "" for no project.

    The model's instructions are not included: only administrators may read them.
    """
    name = text = ""
    if project_id:
        try:
            project = await get_project_for(session, actor, project_id)
            name, text = project.name, project.system_prompt
        except NotFound:
            # Deleted in another tab; its chats are no longer in a project.
            pass
    is_prompted = bool(await prompts.default_text(session, actor.user_id))
    return InstructionsView(project=name, text=text, prompted=is_prompted)
