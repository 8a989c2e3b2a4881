"""The texts of a project's files in a prompt: the short ones whole, of the others what matters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llm_ui.services import passages
from llm_ui.services.file_texts import (
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
from llm_ui.services.tokens import estimate

# Texts up to this size are there whole, if together they take no more than half of the room.
SHORT_TOKENS = 1500
# Passages of each text to choose among; more than these no prompt has room for.
CANDIDATES = 40

# Gives a number to a file, or to a part of it.
Cite = Callable[[Given, Part | None], int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a file, which one it is, and of how many."""

    file_id: str
    number: int
    of: int
    text: str


async def blocks_of(
    texts: Sequence[Given], question: str, room: int, cite: Cite
) -> tuple[list[str], int]:
    """The blocks of a project's texts, and how many tokens they take.

    Whole are all of them if they fit, else the short ones; of the others there are the
    passages that the question is about, chosen among all of them together.

    Args:
        room: how many tokens they may take.
        cite: asked for the number of each file that is shown.
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
    """Of several texts together the passages that a question is about.

    The texts are read one after the other, and of each only what may be chosen stays in
    memory. What is left of the budget goes to how each of them begins.

    Returns:
        as many as fit into the budget, by file, those of a file in reading order.
    """
    found: list[Passage] = []
    beginnings: list[Passage] = []
    for file_id in file_ids:
        parts = await parts_of(file_id)
        best = await asyncio.to_thread(passages.matching, parts, question, CANDIDATES)
        found += [Passage(file_id, n, len(parts), parts[n]) for n in best]
        beginnings += [Passage(file_id, 0, len(parts), text) for text in parts[:1]]
    # Ranks within one text say nothing beside those of another: once more, among the best.
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
    """Passages of one text, with a mark where something between them is missing."""
    text = ""
    end = 0
    for each in chosen:
        text += ("" if each.number == end else "\n[…]\n") + each.text
        end = each.number + 1
    return text.strip()
