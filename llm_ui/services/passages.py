"""Passages of long texts: how they are cut, and which of them a question is about.

The ranking is SQLite's own full-text search (FTS5, bm25) in memory, over words as the search of
chats has them (`llm_ui.folding`): the same whatever database the application runs on, and
nothing is kept.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from llm_ui.folding import fold, runs, search_words, term
from llm_ui.services.tokens import estimate

PASSAGE_CHARS = 1200
# A longer question is known by its first words; each one is a look-up in the index.
QUERY_WORDS = 96
# Where a text may be cut, the best places first.
_CUTS = (("\n\n",), ("\n",), (". ", "。", "！", "？", "।", "؟ "), (" ", "，", "、"))


def split(text: str, size: int = PASSAGE_CHARS) -> list[str]:
    """The text in stretches of at most `size` characters, cut at paragraphs, lines,
    sentences or words; joined they are the text."""
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
        # Not so early that the stretches become crumbs.
        places = [text.rfind(mark, start + (end - start) // 3, end) for mark in marks]
        if max(places) >= 0:
            return max(p + len(m) for p, m in zip(places, marks, strict=True) if p >= 0)
    return end


def _wanted(query: str) -> list[str]:
    """What of a question is looked for, as FTS5 is asked: words of two letters and more, and in
    scripts without blanks each two characters."""
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
    """Which passages a question is about, as many as fit into a budget.

    Args:
        passages: the text, in reading order.
        query: the question, in the person's own words.
        budget_tokens: how many (estimated) tokens the chosen ones may have together.

    Returns:
        positions in `passages`, in reading order. Where no word of the question stands in
        the text the beginning is taken, and what is left of the budget is filled from it.
    """
    best = matching(passages, query)
    chosen: set[int] = set()
    left = budget_tokens
    for place in dict.fromkeys([*best, *range(len(passages))]):
        cost = estimate(passages[place])
        if cost > left:
            # The best that fit; a gap among the first ones would tear the text apart.
            if place in best:
                continue
            break
        chosen.add(place)
        left -= cost
    return sorted(chosen)


async def rank_aside(passages: Sequence[str], query: str, budget_tokens: int) -> list[int]:
    """`rank` in a thread: a long text takes longer than the event loop may stand still."""
    return await asyncio.to_thread(rank, passages, query, budget_tokens)


def matching(passages: Sequence[str], query: str, limit: int = -1) -> list[int]:
    """The passages that have words of the question in them, the best first.

    Args:
        limit: at most so many of them; all if negative.
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
