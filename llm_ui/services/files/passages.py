"""Passages of long texts: splitting texts, and finding the passages relevant to a question.

The ranking uses SQLite's full-text search (FTS5, bm25) in memory, with the same words as the search
of chats (`llm_ui.folding`). So it is the same for every database that the application may use, and
nothing is stored.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from llm_ui.folding import fold, runs, search_words, term
from llm_ui.services.token_estimates import estimate

PASSAGE_CHARS = 1200
# Only the first words of a longer question count; each one is an index lookup.
QUERY_WORDS = 96
# Where a text may be split, best places first.
_CUTS = (("\n\n",), ("\n",), (". ", "。", "！", "？", "।", "؟ "), (" ", "，", "、"))


def split(text: str, size: int = PASSAGE_CHARS) -> list[str]:
    """Split a text into passages of at most `size` characters.

    Splits at paragraphs, lines, sentences or words; joined, the passages are the text.
    """
    found: list[str] = []
    start = 0
    while len(text) - start > size:
        end = _cut(text, start, start + size)
        found.append(text[start:end])
        start = end
    if start < len(text):
        found.append(text[start:])
    return found


def _cut(text: str, start: int, end: int) -> int:
    for marks in _CUTS:
        # Not so early that passages become tiny.
        places = [text.rfind(mark, start + (end - start) // 3, end) for mark in marks]
        if max(places) >= 0:
            return max(p + len(m) for p, m in zip(places, marks, strict=True) if p >= 0)
    return end


def _wanted(query: str) -> list[str]:
    """The FTS5 terms of a question.

    These are words of two letters or more, and in scripts without spaces each pair of characters.
    """
    found: dict[str, None] = {}
    for run, dense in runs(fold(query)):
        words, only_beginning = term(run)
        for word in words:
            if len(word) > 1:
                found[f'"{word}"'] = None
            elif dense and only_beginning:
                found[f'"{word}" *'] = None
    return list(found)[:QUERY_WORDS]


def rank(passages: Sequence[str], query: str, budget_tokens: int) -> list[int]:
    """The passages relevant to a question, as many as fit into a budget.

    Args:
        passages: the text, in reading order.
        query: the question, in the user's own words.
        budget_tokens: the (estimated) tokens that the chosen passages may have together.

    Returns:
        indexes into `passages`, in reading order. The rest of the budget is filled from the
        beginning of the text, or all of it, if no word of the question occurs in the text.
    """
    best = matching(passages, query)
    chosen: set[int] = set()
    left = budget_tokens
    for place in dict.fromkeys([*best, *range(len(passages))]):
        cost = estimate(passages[place])
        if cost > left:
            # Skip matches that don't fit, but don't leave gaps when filling up from the beginning.
            if place in best:
                continue
            break
        chosen.add(place)
        left -= cost
    return sorted(chosen)


async def rank_aside(passages: Sequence[str], query: str, budget_tokens: int) -> list[int]:
    """`rank` in a thread, because a long text would block the event loop."""
    return await asyncio.to_thread(rank, passages, query, budget_tokens)


def matching(passages: Sequence[str], query: str, limit: int = -1) -> list[int]:
    """The passages that contain words of the question, best first.

    Args:
        limit: the most to return; negative for all.
    """
    wanted = _wanted(query)
    if not wanted or not passages:
        return []
    index = sqlite3.connect(":memory:")
    try:
        index.execute(
            "CREATE VIRTUAL TABLE passage USING fts5(text, content='', tokenize='porter ascii')"
        )
        index.executemany(
            "INSERT INTO passage(rowid, text) VALUES (?, ?)",
            enumerate(map(search_words, passages), start=1),
        )
        rows = index.execute(
            "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY bm25(passage) LIMIT ?",
            (" OR ".join(wanted), limit),
        )
        return [row[0] - 1 for row in rows]
    finally:
        index.close()
