"""The texts of files, and how they stand in a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.models import FilePassage
from llm_ui.schemas.files import TextPart
from llm_ui.services.files import get_file_for

# With less room than this a file is only named.
LEAST_TOKENS = 150
# Of a text that does not fit whole: enough for an answer, few enough to be read through.
RANKED_TOKENS = 12_000
# Which passages of a file were used: from `first` to `last`, or so many as `used`, `of` all.
Part = Mapping[str, int]
# An estimate from the count of characters alone, before the text is loaded.
CHARS_PER_TOKEN = 5
# Of a file that somebody looks at, at once: some 50 kB.
SHOWN_PASSAGES = 40


@dataclass(frozen=True, slots=True)
class Given:
    """A file of a turn of the prompt; `message_id` is "" for one of the chat's project."""

    message_id: str
    id: str
    name: str
    kind: str
    media_type: str
    characters: int


async def parts_of(file_id: str) -> list[str]:
    """A file's text in its passages; joined they are the whole."""
    async with unit_of_work(writes=False) as session:
        query = (
            sa.select(col(FilePassage.text))
            .where(col(FilePassage.file_id) == file_id)
            .order_by(col(FilePassage.number))
        )
        return list(await session.scalars(query))


async def text_for(session: AsyncSession, actor: Actor, file_id: str, start: int) -> TextPart:
    """A stretch of the text of the actor's file, from one of its passages on. Raises NotFound."""
    row = await get_file_for(session, actor, file_id)
    query = (
        sa.select(col(FilePassage.text))
        .where(col(FilePassage.file_id) == row.id, col(FilePassage.number) >= start)
        .order_by(col(FilePassage.number))
        .limit(SHOWN_PASSAGES + 1)
    )
    found = list(await session.scalars(query))
    more = len(found) > SHOWN_PASSAGES
    return TextPart("".join(found[:SHOWN_PASSAGES]), start + SHOWN_PASSAGES if more else None)


def plain(name: str) -> str:
    """A file's name without what could pass for markup of the prompt."""
    return name.replace('"', "'").replace("<", "(").replace(">", ")")


def inside(text: str) -> str:
    """The text without what could end its block: it must not pass for the person's words."""
    return text.replace("</file", "<\\/file")


def block(file: Given, *parts: str) -> str:
    """A file with what is shown of it; the parts are fit to stand there."""
    return "\n".join([f'<file name="{plain(file.name)}">', *parts, "</file>"])
