"""What models are told before a chat's first question, and who said it.

A chat's own instructions come behind its project's, or take their place where the chat's
settings say so. Without either it is the person's default prompt, else what an admin has set
for the model.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor
from llm_ui.errors import NotFound
from llm_ui.models import AIModel, ChatHistory, Project
from llm_ui.schemas.views import InstructionsView
from llm_ui.services import prompts
from llm_ui.services.chat_settings import REPLACE
from llm_ui.services.projects import get_project_for


async def of_chat(session: AsyncSession, chat: ChatHistory, model: AIModel) -> str:
    """The system prompt of a chat's answers, or ""."""
    own = str(chat.settings.get("system_prompt", ""))
    around = ""
    if chat.project_id and not (own and chat.settings.get("instructions") == REPLACE):
        project = await session.get(Project, chat.project_id)
        around = project.system_prompt if project is not None else ""
    told = "\n\n".join(each for each in (around, own) if each)
    return told or await prompts.default_text(session, chat.user_id) or model.system_prompt


async def around_chat(session: AsyncSession, actor: Actor, project_id: str) -> InstructionsView:
    """What holds beside the instructions of a chat in this project; "" for one in none.

    What a model is told by an administrator is not among it: its words are the admin's own.
    """
    name = text = ""
    if project_id:
        try:
            project = await get_project_for(session, actor, project_id)
            name, text = project.name, project.system_prompt
        except NotFound:
            # Deleted in another tab: its chats are in none now.
            pass
    is_prompted = bool(await prompts.default_text(session, actor.user_id))
    return InstructionsView(project=name, text=text, prompted=is_prompted)
