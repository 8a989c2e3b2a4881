"""Image models as people choose them, and how one is asked for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.errors import InvalidInput, one_line
from llm_ui.models import ChatMessage, Generation, MediaModel, MediaProvider
from llm_ui.schemas.chats import AskOptions
from llm_ui.schemas.media import ImageModelItem
from llm_ui.security.text import storable
from llm_ui.services.modes import IMAGE

# The longest words that a model of today takes.
PROMPT_LIMIT = 32_000


def _usable() -> sa.ColumnElement[bool]:
    return sa.and_(col(MediaModel.is_active).is_(True), col(MediaProvider.is_active).is_(True))


def _by_order() -> tuple[sa.ColumnElement[object], ...]:
    return (
        col(MediaProvider.created_at), col(MediaModel.display_name), col(MediaModel.id),
    )  # type: ignore[return-value]  # fmt: skip


async def list_image_models(session: AsyncSession) -> list[ImageModelItem]:
    """The image models that everybody may use, by provider and name."""
    query = (
        sa.select(MediaModel, col(MediaProvider.name))
        .join(MediaProvider, col(MediaProvider.id) == MediaModel.provider_id)
        .where(_usable())
        .order_by(*_by_order())
    )
    return [
        ImageModelItem(model.id, model.display_name, provider)
        for model, provider in (await session.execute(query)).all()
    ]


async def get_image_model(session: AsyncSession, model_id: str) -> MediaModel:
    """An image model that may be used, by its id, its name or "provider/name"; the first of
    all for "".

    Raises:
        InvalidInput: there is no such model, none at all, or several of that name.
    """
    query = (
        sa.select(MediaModel)
        .join(MediaProvider, col(MediaProvider.id) == MediaModel.provider_id)
        .where(_usable())
        .order_by(*_by_order())
        .limit(1)
    )
    if model_id:
        model = await session.scalar(query.where(col(MediaModel.id) == model_id))
        model = model or await _by_name(session, storable(model_id))
    else:
        model = await session.scalar(query)
    if model is None:
        key = "error.image_model" if model_id else "error.image_no_models"
        raise InvalidInput(key, field="image_model")
    return model


async def _by_name(session: AsyncSession, name: str) -> MediaModel | None:
    """The one image model that bears this name, or None. Raises InvalidInput for several."""
    known = (col(MediaModel.display_name), col(MediaModel.name))
    query = (
        sa.select(MediaModel, col(MediaProvider.name))
        .join(MediaProvider, col(MediaProvider.id) == MediaModel.provider_id)
        .where(
            _usable(),
            sa.or_(
                *(each == name for each in known),
                *(col(MediaProvider.name).concat("/").concat(each) == name for each in known),
            ),
        )
        .order_by(*_by_order())
    )
    found = (await session.execute(query)).all()
    if len(found) > 1:
        raise InvalidInput(
            "error.model_ambiguous", field="image_model", model=one_line(name, 100),
            candidates=", ".join(f"{provider}/{model.name}" for model, provider in found),
        )  # fmt: skip
    return found[0][0] if found else None


async def asked_for(session: AsyncSession, content: str, options: AskOptions) -> MediaModel:
    """The model for a question in the image mode.

    Raises:
        InvalidInput: another mode, a second model or files beside it, too long a text, or no
            such model.
    """
    if set(options.modes) != {IMAGE} or options.also_model_id:
        raise InvalidInput("error.image_alone", field="modes")
    if options.file_ids:
        raise InvalidInput("error.image_files", field="file_ids")
    check_prompt(content)
    return await get_image_model(session, options.image_model_id)


def check_prompt(content: str) -> None:
    """Raise InvalidInput for words that no image model takes."""
    if len(content) > PROMPT_LIMIT:
        raise InvalidInput("error.image_long", field="content", limit=PROMPT_LIMIT)


async def asked_last(session: AsyncSession, question_id: str) -> str:
    """The image model that a question was put to last, if it may still be used; else ""."""
    found = await session.scalar(
        sa.select(col(MediaModel.id))
        .join(Generation, col(Generation.media_model_id) == MediaModel.id)
        .join(ChatMessage, col(ChatMessage.id) == Generation.message_id)
        .join(MediaProvider, col(MediaProvider.id) == MediaModel.provider_id)
        .where(col(ChatMessage.parent_id) == question_id, _usable())
        .order_by(col(Generation.created_at).desc())
        .limit(1)
    )
    return found or ""
