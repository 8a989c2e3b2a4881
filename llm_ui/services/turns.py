"""The turns of a prompt: which are left out where room is short, and their order.

Many servers apply a template that insists on "system, user, assistant, user, …" and refuse
everything else, so whatever a conversation has been through (answers that failed, that were
stopped before their first word, that are empty), a request has that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from llm_ui.services.file_prompts import IMAGE_TOKENS
from llm_ui.services.tokens import estimate, estimate_prompt
from llm_ui.wire.events import PromptMessage

# What is kept of an answer that is continued, where nearly nothing is left for it.
LEAST_SHARE = 0.25


def is_empty(turn: PromptMessage) -> bool:
    """Whether there is nothing in it that a model could read."""
    return not turn.content.strip() and not turn.images


def alternating(turns: Iterable[PromptMessage]) -> list[PromptMessage]:
    """The same conversation in the order that every server takes: one system turn at most,
    then a user's, and from there on in turns; none of them empty.

    Neighbours of one role become one turn, their words parted by an empty line, their images
    together. What a model said before anybody asked is left out.
    """
    system: PromptMessage | None = None
    found: list[PromptMessage] = []
    for turn in turns:
        if is_empty(turn):
            continue
        if turn.role == "system":
            system = _joined(system, turn) if system else turn
        elif found and found[-1].role == turn.role:
            found[-1] = _joined(found[-1], turn)
        elif found or turn.role == "user":
            found.append(turn)
    return [system, *found] if system else found


def _joined(first: PromptMessage, second: PromptMessage) -> PromptMessage:
    words = [each.content for each in (first, second) if each.content.strip()]
    return replace(
        second, content="\n\n".join(words), images=(*first.images, *second.images)
    )  # fmt: skip


def fit(turns: Sequence[PromptMessage], budget: int, last: int = 1) -> list[PromptMessage]:
    """The turns without the oldest ones that do not fit into `budget` tokens.

    System prompts and the `last` turns always stay; what is left begins with a question.
    Counts are estimates.
    """
    system = [turn for turn in turns if turn.role == "system"]
    rest = [turn for turn in turns if turn.role != "system"]
    left = budget - estimate_prompt(turn.content for turn in system)
    kept: list[PromptMessage] = []
    for turn in reversed(rest):
        left -= cost_of(turn)
        if left < 0 and len(kept) >= last:
            break
        kept.append(turn)
    while len(kept) > last and kept[-1].role != "user":
        kept.pop()
    return [*system, *reversed(kept)]


def cost_of(turn: PromptMessage) -> int:
    """About how many tokens a turn takes, with its images."""
    return estimate_prompt([turn.content]) + IMAGE_TOKENS * len(turn.images)


def ending_of(answer: str, turns: Sequence[PromptMessage], budget: int | None) -> str:
    """As much of the end of an answer as fits beside the instructions and the question that
    it is an answer to: all of it, mostly. A model goes on from the end."""
    if budget is None or (whole := estimate(answer)) == 0:
        return answer
    others = [turn for turn in turns if turn.role == "system"]
    question = next((turn for turn in reversed(turns) if turn.role == "user"), None)
    taken = sum(cost_of(turn) for turn in ([*others, question] if question else others))
    room = max(budget - taken, int(budget * LEAST_SHARE))
    return answer if whole <= room else answer[-max(1, len(answer) * room // whole) :]
