"""The texts of a project's files in a prompt: short ones whole, relevant passages of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llm_ui.services.files import passages
from llm_ui.services.files.file_texts import (
    CHARS_PER_TOKEN,
    LEAST_TOKENS,
    RANKED_TOKENS,
    Given,
    Part,
    block,
    inside,
    parts_of,
    plain,
)
from llm_ui.services.token_estimates import estimate

# Texts up to this size are included whole if together they take at most half of the room.
SHORT_TOKENS = 1500
# How many passages of each text are candidates; no prompt has room for more.
CANDIDATES = 40

# Numbers a file or a part of it as a source.
Cite = Callable[[Given, Part | None], int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a file, with its number and how many the file has."""

    file_id: str
    number: int
    of: int
    text: str


async def blocks_of(
    texts: Sequence[Given], question: str, room: int, cite: Cite
) -> tuple[list[str], int]:
    """The blocks for a project's texts, and how many tokens they take.

    If all texts fit, they are included whole; otherwise only the short ones are, and of the rest
    the passages relevant to the question, ranked across all files.

    Args:
        room: how many tokens they may take.
        cite: called for the number of each file that is shown.
    """
    whole = await _whole(texts, room)
    taken = sum(map(estimate, whole.values()))
    rest = [each.id for each in texts if each.id not in whole]
    budget = min(room - taken, RANKED_TOKENS)
    picked = await pick_among(rest, question, budget) if budget >= LEAST_TOKENS else []
    taken += sum(estimate(each.text) for each in picked)
    found: list[str] = []
    unseen: list[str] = []
    for each in texts:
        chosen = [passage for passage in picked if passage.file_id == each.id]
        if each.id in whole:
            found.append(block(each, f"[{cite(each, None)}]", inside(whole[each.id])))
        elif chosen:
            number = cite(each, {"used": len(chosen), "of": chosen[0].of})
            found.append(block(each, f"[{number}]", inside(_joined(chosen))))
        else:
            unseen.append(f"“{plain(each.name)}”")
    if unseen:
        found.append(f"(Not shown, as there is no room for more: {', '.join(unseen)}.)")
    return found, taken


async def _whole(texts: Sequence[Given], room: int) -> dict[str, str]:
    all_fit = sum(each.characters for each in texts) <= room * CHARS_PER_TOKEN
    found: dict[str, str] = {}
    for each in sorted(texts, key=lambda text: text.characters):
        if not all_fit and each.characters > SHORT_TOKENS * CHARS_PER_TOKEN:
            break
        found[each.id] = "".join(await parts_of(each.id))
    costs = {file_id: estimate(text) for file_id, text in found.items()}
    if all_fit and sum(costs.values()) <= room:
        return found
    left = room // 2
    short: dict[str, str] = {}
    for file_id, cost in costs.items():
        if cost <= min(left, SHORT_TOKENS):
            short[file_id] = found[file_id]
            left -= cost
    return short


async def pick_among(file_ids: Sequence[str], question: str, budget_tokens: int) -> list[Passage]:
    """The passages of several texts that are relevant to a question.

    The texts are read one at a time, and only candidate passages are kept in memory. Any budget
    left over is spent on the beginning of each text.

    Returns:
        as many passages as fit, grouped by file and in reading order.
    """
    found: list[Passage] = []
    beginnings: list[Passage] = []
    for file_id in file_ids:
        parts = await parts_of(file_id)
        best = await asyncio.to_thread(passages.matching, parts, question, CANDIDATES)
        found += [Passage(file_id, n, len(parts), parts[n]) for n in best]
        beginnings += [Passage(file_id, 0, len(parts), text) for text in parts[:1]]
    # Ranks from different texts aren't comparable, so the best of each are ranked again together.
    ranked = await asyncio.to_thread(passages.matching, [each.text for each in found], question)
    chosen: list[Passage] = []
    left = budget_tokens
    for each in dict.fromkeys([*(found[place] for place in ranked), *beginnings]):
        cost = estimate(each.text)
        if cost <= left:
            chosen.append(each)
            left -= cost
    order = {file_id: place for place, file_id in enumerate(file_ids)}
    return sorted(chosen, key=lambda each: (order[each.file_id], each.number))


def _joined(chosen: list[Passage]) -> str:
    """Passages of one text, with a mark wherever something between them is left out."""
    text = ""
    end = 0
    for each in chosen:
        text += ("" if each.number == end else "\n[…]\n") + each.text
        end = each.number + 1
    return text.strip()
