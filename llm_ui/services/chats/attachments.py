"""Files attached to a question: attached when it is asked, and shown with it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.enums import FileKind, FileStatus, MessageRole
from llm_ui.errors import Conflict, InvalidInput, NotFound, StillReading
from llm_ui.models import AIModel, AIProvider, ChatMessage, MessageFile, StoredFile
from llm_ui.schemas.chats.chats import Asked
from llm_ui.schemas.chats.views import MessageView
from llm_ui.schemas.files.files import FileItem
from llm_ui.services.catalogue.capabilities import IMAGE, sees
from llm_ui.services.files import files

MOST_FILES = 10


def parse_ids(text: str, most: int = MOST_FILES) -> list[str]:
    """The IDs in a JSON list sent by a page, at most `most`. Raises InvalidInput."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        said = None
    found = [each for each in said if isinstance(each, str)] if isinstance(said, list) else None
    if found is None or found != said or any(len(each) > 64 for each in found):
        raise InvalidInput("error.file_gone", field="file_ids")
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
    """Attach the actor's files to a question that is about to be sent to a model.

    Raises:
        NotFound: a file does not exist or belongs to another user.
        Conflict: a file's text is still being extracted, or could not be.
        InvalidInput: too many files, or images for a model without vision.
    """
    wanted = list(dict.fromkeys(file_ids))
    if not wanted:
        return []
    if len(wanted) > MOST_FILES:
        raise InvalidInput("error.file_count", field="file_ids", limit=MOST_FILES)
    found = await files.get_files(session, actor, wanted)
    if len(found) != len(wanted):
        raise NotFound("error.file_gone", field="file_ids")
    for each in found:
        if each.status == FileStatus.WAITING:
            raise StillReading(name=each.name)
        if each.status != FileStatus.READY:
            raise Conflict("error.file_failed", name=each.name)
    if any(each.kind == FileKind.IMAGE for each in found):
        await _require_sight(session, model)
    session.add_all(
        MessageFile(message_id=question.id, file_id=each.id, position=place)
        for place, each in enumerate(found)
    )
    await session.flush()
    return found


async def _require_sight(session: AsyncSession, model: AIModel) -> None:
    provider = await session.get(AIProvider, model.provider_id)
    if provider is None or not sees(model, provider.provider_type):
        raise InvalidInput("error.model_blind", field="file_ids", model=model.display_name)


def shown_with(asked: Asked, attached: list[FileItem]) -> Asked:
    """The result of asking, with the question's files added for the page."""
    if not attached or not asked.shown:
        return asked
    question, *rest = asked.shown
    return replace(asked, shown=(replace(question, files=attached), *rest))


async def with_files(
    session: AsyncSession, actor: Actor, views: list[MessageView]
) -> list[MessageView]:
    """The messages with their files: those attached to questions, and the images of answers."""
    questions = [view.id for view in views if view.role == MessageRole.USER or IMAGE in view.modes]
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
