"""Files in a prompt: those that questions brought, and those of the chat's project."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.models import (
    ChatHistory,
    ChatMessage,
    FilePassage,
    MessageFile,
    ProjectFile,
    StoredFile,
)
from llm_ui.schemas.files import Source
from llm_ui.services import file_bytes, passages
from llm_ui.services.tokens import estimate
from llm_ui.wire.events import PromptImage, PromptMessage

# How much of what a prompt may be goes to files; the rest is the conversation's.
SHARE = 0.7
# Where the model's window is not known.
USUAL_TOKENS = 48_000
# Of a text that does not fit whole: enough for an answer, few enough to be read through.
RANKED_TOKENS = 12_000
# With less room than this a file is only named.
LEAST_TOKENS = 150
# An estimate from the count of characters alone, before the text is loaded.
CHARS_PER_TOKEN = 5
MOST_IMAGES = 8
MOST_IMAGE_BYTES = 30 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """A file of a turn of the prompt; `message_id` is "" for one of the chat's project."""

    message_id: str
    id: str
    name: str
    kind: str
    media_type: str
    characters: int


async def given_in(session: AsyncSession, chat_id: str) -> list[Given]:
    """The files that a chat's questions brought, and those of its project."""
    file = (
        col(StoredFile.id), col(StoredFile.name), col(StoredFile.kind),
        col(StoredFile.media_type), col(StoredFile.characters),
    )  # fmt: skip
    attached: Any = (
        sa.select(col(MessageFile.message_id), *file, col(MessageFile.position).label("place"))
        .join(StoredFile, col(StoredFile.id) == MessageFile.file_id)
        .join(ChatMessage, col(ChatMessage.id) == MessageFile.message_id)
        .where(col(ChatMessage.chat_id) == chat_id, col(StoredFile.status) == "ready")
    )
    of_project = (
        sa.select(sa.literal(""), *file, sa.literal(0))
        .join(ProjectFile, col(ProjectFile.file_id) == StoredFile.id)
        .join(ChatHistory, col(ChatHistory.project_id) == ProjectFile.project_id)
        .where(col(ChatHistory.id) == chat_id, col(StoredFile.status) == "ready")
    )
    rows = (await session.execute(attached.union_all(of_project))).all()
    return [Given(*row[:6]) for row in sorted(rows, key=lambda row: (row[0], row[6]))]


async def put_in(
    turns: list[PromptMessage],
    given: list[Given],
    *,
    seeing: bool,
    tokens: int | None,
    before: int = 0,
) -> tuple[list[PromptMessage], list[Source]]:
    """The turns with their files: texts in front of the words, images beside them.

    The newest turn is served first. A text that fits is there whole; of a longer one the
    passages that the last question is about, with numbers to cite.

    Args:
        turns: oldest first; those that were made of messages say of which.
        seeing: whether the model can look at images.
        tokens: how many the whole prompt may have; None if nobody knows.
        before: how many sources are numbered already.

    Returns:
        the turns, and what the numbers in them stand for.
    """
    last = next((turn for turn in reversed(turns) if turn.role == "user"), None)
    if not given or last is None:
        return turns, []
    filling = _Filling(
        last.content, int(tokens * SHARE) if tokens else USUAL_TOKENS, seeing, before
    )
    filled: list[PromptMessage] = []
    used: set[str] = set()
    for turn in reversed(turns):
        wanted = {turn.message_id} - {""} | ({""} if turn is last else set())
        mine = {e.id: e for e in given if e.message_id in wanted and e.id not in used}
        used |= set(mine)
        filled.append(await filling.fill(turn, list(mine.values())) if mine else turn)
    return filled[::-1], filling.sources


async def cite(message_id: str, sources: list[Source]) -> None:
    """Note what an answer rests on."""
    if not sources:
        return
    async with unit_of_work() as session:
        await session.execute(
            sa.update(ChatMessage).where(col(ChatMessage.id) == message_id).values(sources=sources)
        )


class _Filling:
    """Fills turns with files, as long as there is room."""

    def __init__(self, question: str, tokens: int, seeing: bool, before: int) -> None:
        self.sources: list[Source] = []
        self._before = before
        self._question = question
        self._left = tokens
        self._seeing = seeing
        self._images = 0
        self._image_bytes = 0

    async def fill(self, turn: PromptMessage, mine: list[Given]) -> PromptMessage:
        """One turn with its files."""
        texts = [each for each in mine if each.kind == "text"]
        blocks: dict[str, str] = {}
        # The short ones whole before a long one takes the room.
        for number, each in enumerate(sorted(texts, key=lambda e: e.characters)):
            blocks[each.id] = await self._block(each, self._left // (len(texts) - number))
        pictures = [await self._picture(each) for each in mine if each.kind == "image"]
        parts = [blocks[each.id] for each in texts]
        parts += [each for each in pictures if isinstance(each, str)]
        images = tuple(each for each in pictures if isinstance(each, PromptImage))
        return replace(turn, content="\n\n".join([*parts, turn.content]), images=images)

    async def _block(self, file: Given, room: int) -> str:
        if room < LEAST_TOKENS:
            return f"<file {_name(file)}>(left out: no room)</file>"
        async with unit_of_work(writes=False) as session:
            query = (
                sa.select(col(FilePassage.text))
                .where(col(FilePassage.file_id) == file.id)
                .order_by(col(FilePassage.number))
            )
            parts = list(await session.scalars(query))
        text = "".join(parts)
        if file.characters <= room * CHARS_PER_TOKEN and (cost := estimate(text)) <= room:
            self._left -= cost
            return f"<file {_name(file)}>\n{_inside(text)}\n</file>"
        return await self._excerpt(file, parts, min(room, RANKED_TOKENS))

    async def _excerpt(self, file: Given, parts: list[str], room: int) -> str:
        chosen = await passages.rank_aside(parts, self._question, room)
        self._left -= sum(estimate(parts[each]) for each in chosen)
        lines = []
        for first, end in _stretches(chosen):
            where = f"{round(100 * first / len(parts))} %"
            number = self._cite(file, where)
            lines.append(f"[{number}]\n{_inside(''.join(parts[first:end]).strip())}")
        note = (
            "Too long to show whole: these are the passages that fit the question. "
            "Cite those you use by their number, like [1]."
        )
        return f"<file {_name(file)}>\n({note})\n\n" + "\n\n".join(lines) + "\n</file>"

    def _cite(self, file: Given, where: str) -> int:
        number = self._before + len(self.sources) + 1
        self.sources.append({
            "number": number,
            "title": f"{file.name} ({where})",
            "url": f"/api/v1/files/{file.id}/content",
            "state": "read",
            "problem": "",
        })  # fmt: skip
        return number

    async def _picture(self, file: Given) -> PromptImage | str:
        if not self._seeing:
            return f"(An image, “{_plain(file.name)}”, that this model cannot look at.)"
        try:
            data = await asyncio.to_thread(file_bytes.path_of(file.id).read_bytes)
        except FileNotFoundError:
            data = b""
        fits = self._image_bytes + len(data) <= MOST_IMAGE_BYTES and self._images < MOST_IMAGES
        if not data or not fits:
            return f"(An earlier image, “{_plain(file.name)}”, is left out.)"
        self._images += 1
        self._image_bytes += len(data)
        return PromptImage(file.media_type, data)


def _plain(name: str) -> str:
    return name.replace('"', "'").replace("<", "(").replace(">", ")")


def _name(file: Given) -> str:
    return f'name="{_plain(file.name)}"'


def _inside(text: str) -> str:
    """The text without what could end its block: it must not pass for the person's words."""
    return text.replace("</file", "<\\/file")


def _stretches(chosen: list[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring passages: (first, one behind the last)."""
    found: list[tuple[int, int]] = []
    for each in chosen:
        if found and found[-1][1] == each:
            found[-1] = (found[-1][0], each + 1)
        else:
            found.append((each, each + 1))
    return found
