"""Files of a question: tied to it when it is asked, and shown with it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.errors import Conflict, InvalidInput, NotFound, StillReading
from llm_ui.models import AIModel, AIProvider, ChatMessage, MessageFile, StoredFile
from llm_ui.schemas.chats import Asked
from llm_ui.schemas.files import FileItem
from llm_ui.schemas.views import MessageView
from llm_ui.services import files
from llm_ui.services.modes import IMAGE
from llm_ui.services.vision import sees

MOST_FILES = 10


def parse_ids(text: str, most: int = MOST_FILES) -> list[str]:
    """The ids in a JSON list that a page sends, at most so many. Raises InvalidInput."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        said = None
    found = [each for each in said if isinstance(each, str)] if isinstance(said, list) else None
    if found is None or found != said or any(len(each) > 64 for each in found):
        raise InvalidInput("error.request_invalid", field="file_ids")
    if len(found) > most:
        raise InvalidInput("error.file_count", field="file_ids", limit=most)
    return found


async def attach(
    session: AsyncSession,
    actor: Actor,
    question: ChatMessage,
    model: AIModel,
    file_ids: tuple[str, ...],
) -> list[FileItem]:
    """Tie files of the actor's to a question that is about to be sent to a model.

    Raises:
        NotFound: one is missing or somebody else's.
        Conflict: one is still being read, or could not be read.
        InvalidInput: too many, or images for a model that cannot see.
    """
    wanted = list(dict.fromkeys(file_ids))
    if not wanted:
        return []
    if len(wanted) > MOST_FILES:
        raise InvalidInput("error.file_count", field="file_ids", limit=MOST_FILES)
    found = await files.get_files(session, actor, wanted)
    if len(found) != len(wanted):
        raise NotFound("error.file_gone")
    for each in found:
        if each.status == "waiting":
            raise StillReading(name=each.name)
        if each.status != "ready":
            raise Conflict("error.file_failed", name=each.name)
    if any(each.kind == "image" for each in found):
        await _require_sight(session, model)
    session.add_all(
        MessageFile(message_id=question.id, file_id=each.id, position=place)
        for place, each in enumerate(found)
    )
    await session.flush()
    return found


async def _require_sight(session: AsyncSession, model: AIModel) -> None:
    provider = await session.get(AIProvider, model.provider_id)
    if provider is None or not sees(model, provider.type):
        raise InvalidInput("error.model_blind", field="file_ids", model=model.display_name)


def shown_with(asked: Asked, attached: list[FileItem]) -> Asked:
    """What a page gets of a question, its files with it."""
    if not attached or not asked.shown:
        return asked
    question, *rest = asked.shown
    return replace(asked, shown=(replace(question, files=attached), *rest))


async def with_files(
    session: AsyncSession, actor: Actor, views: list[MessageView]
) -> list[MessageView]:
    """The messages, each question with its files, and each answer with images with those."""
    questions = [view.id for view in views if view.role == "user" or IMAGE in view.modes]
    if not questions:
        return views
    query = (
        sa.select(col(MessageFile.message_id), StoredFile)
        .join(StoredFile, col(StoredFile.id) == MessageFile.file_id)
        .where(col(MessageFile.message_id).in_(questions))
        .order_by(col(MessageFile.position))
    )
    found: dict[str, list[FileItem]] = {}
    for message_id, row in (await session.execute(query)).all():
        found.setdefault(message_id, []).append(files.item_of(row, actor.language))
    if not found:
        return views
    return [replace(view, files=found[view.id]) if view.id in found else view for view in views]
