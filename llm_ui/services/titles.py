"""Automatic titles: the question's own first words, at once and for nothing."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.models import ChatHistory, User

LENGTH = 60
_MARKUP = re.compile(r"^[#>\-*\d.)\s`]+|[`*_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s")


def title_of(question: str) -> str:
    """A title for a chat that begins with this question, at most LENGTH characters.

    The first line that says something, without Markdown's signs; its first sentence if
    that is enough; cut at a word's end.
    """
    lines = (" ".join(_MARKUP.sub("", line).split()) for line in question.splitlines())
    line = next((line for line in lines if line), "") or " ".join(question.split())
    first = _SENTENCE_END.split(line, maxsplit=1)[0]
    text = first if len(first) >= 12 else line
    if len(text) <= LENGTH:
        return text
    cut = text[: LENGTH - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > LENGTH // 2 else cut).rstrip(" ,;:") + "…"


async def give_title(session: AsyncSession, chat: ChatHistory, question: str) -> None:
    """Name a chat after its first question, unless it has a title or the person wants none."""
    if not chat.title_is_automatic or chat.title:
        return
    query = sa.select(col(User.preferences)).where(col(User.id) == chat.user_id)
    preferences = await session.scalar(query) or {}
    if preferences.get("auto_titles", True):
        chat.title = title_of(question)
