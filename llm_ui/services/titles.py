"""Automatic titles: the question's own first words, at once and for nothing."""

from __future__ import annotations

import re

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
