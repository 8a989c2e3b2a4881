"""Image models: listed for a user, and chosen for a question."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.errors import InvalidInput
from llm_ui.models import AIModel, ChatMessage, Generation
from llm_ui.schemas.chats.chats import AskOptions
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.services.catalogue.models import get_model_for, list_image_models

# The longest prompt that a current model accepts.
PROMPT_LIMIT = 32_000


async def get_image_model(session: AsyncSession, actor: Actor, wanted: str) -> AIModel:
    """An image model for the actor, as in `models.get_model_for`; the first one for "".

    Raises:
        InvalidInput: there is no such model, no image model, or several with this name.
        ModelUnavailable: it is switched off, or its provider no longer offers it.
    """
    if not wanted:
        known = await list_image_models(session, actor)
        if not known:
            raise InvalidInput("error.image_no_models", field="image_model")
        wanted = known[0].id
    return await get_model_for(session, actor, wanted, "image_model", images=True)


async def asked_for(
    session: AsyncSession, actor: Actor, content: str, options: AskOptions
) -> AIModel:
    """The model for a question in image mode.

    Raises:
        InvalidInput: combined with another mode, a second model or files; the text is too long; or
            there is no such model.
        ModelUnavailable: see `get_image_model`.
    """
    if set(options.modes) != {IMAGE} or options.also_model_id:
        raise InvalidInput("error.image_alone", field="modes")
    if options.file_ids:
        raise InvalidInput("error.image_files", field="file_ids")
    check_prompt(content)
    return await get_image_model(session, actor, options.image_model_id)


def check_prompt(content: str) -> None:
    """Raise InvalidInput if the prompt is too long for every image model."""
    if len(content) > PROMPT_LIMIT:
        raise InvalidInput("error.image_long", field="content", limit=PROMPT_LIMIT)


async def asked_last(session: AsyncSession, actor: Actor, question_id: str) -> str:
    """The image model used last for this question, if the actor may still use it, else ""."""
    last = await session.scalar(
        sa.select(col(Generation.model_id))
        .join(ChatMessage, col(ChatMessage.id) == Generation.message_id)
        .where(col(ChatMessage.parent_id) == question_id, col(Generation.model_id).is_not(None))
        .order_by(col(Generation.created_at).desc())
        .limit(1)
    )
    known = {each.id for each in await list_image_models(session, actor)}
    return last if last in known else ""
