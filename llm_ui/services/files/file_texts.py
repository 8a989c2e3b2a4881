"""The texts of files, and their form in a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.models import FilePassage
from llm_ui.schemas.files.files import TextPart
from llm_ui.services.files.files import get_file_for

# With less room than this, only the file's name is mentioned.
LEAST_TOKENS = 150
# The limit for a text that doesn't fit whole: enough for an answer, little enough to read.
RANKED_TOKENS = 12_000
# Which passages of a file were used: `first` to `last`, or `used` many, `of` how many.
Part = Mapping[str, int]
# For estimates from the character count alone, before the text is loaded.
CHARS_PER_TOKEN = 5
# Passages shown at a time when a user views a file, about 50 kB.
SHOWN_PASSAGES = 40


@dataclass(frozen=True, slots=True)
class Given:
    """A file for a turn of the prompt; `message_id` is "" for a project's file."""

    message_id: str
    id: str
    name: str
    kind: str
    media_type: str
    characters: int


async def parts_of(file_id: str) -> list[str]:
    """A file's passages, which joined make up its text."""
    async with unit_of_work(writes=False) as session:
        query = (
            sa.select(col(FilePassage.text))
            .where(col(FilePassage.file_id) == file_id)
            .order_by(col(FilePassage.number))
        )
        return list(await session.scalars(query))


async def text_for(session: AsyncSession, actor: Actor, file_id: str, start: int) -> TextPart:
    """Part of the text of the actor's file, starting at a passage. Raises NotFound."""
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
    """A file's name without characters that could pass for the prompt's markup."""
    return name.replace('"', "'").replace("<", "(").replace(">", ")")


def inside(text: str) -> str:
    """The text with anything removed that could end its block and pass for the user's words."""
    return text.replace("</file", "<\\/file")


def block(file: Given, *parts: str) -> str:
    """A file's block with the given parts, which must already be safe."""
    return "\n".join([f'<file name="{plain(file.name)}">', *parts, "</file>"])
