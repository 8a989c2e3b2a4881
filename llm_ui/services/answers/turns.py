"""The turns of a prompt: trimming them to fit, and putting them in order.

Many servers apply a chat template that insists on "system, user, assistant, user, …" and rejects
everything else. So a request always follows that order, even if answers in the conversation failed,
were stopped before the first token, or are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from llm_ui.enums import MessageRole
from llm_ui.services.answers.file_prompts import IMAGE_TOKENS
from llm_ui.services.token_estimates import estimate, estimate_prompt
from llm_ui.wire.events import PromptMessage

# The share kept of an answer that is being continued, if the rest of the prompt leaves little room.
LEAST_SHARE = 0.25


def is_empty(turn: PromptMessage) -> bool:
    """Whether the turn has no text and no images."""
    return not turn.content.strip() and not turn.images


def alternating(turns: Iterable[PromptMessage]) -> list[PromptMessage]:
    """The conversation in the order every server accepts.

    At most one system turn, then alternating user and assistant turns, starting with the user; none
    empty. Consecutive turns of one role are merged: texts separated by a blank line, images
    collected. Assistant turns before the first question are dropped.
    """
    system: PromptMessage | None = None
    found: list[PromptMessage] = []
    for turn in turns:
        if is_empty(turn):
            continue
        if turn.role == MessageRole.SYSTEM:
            system = _joined(system, turn) if system else turn
        elif found and found[-1].role == turn.role:
            found[-1] = _joined(found[-1], turn)
        elif found or turn.role == MessageRole.USER:
            found.append(turn)
    return [system, *found] if system else found


def _joined(first: PromptMessage, second: PromptMessage) -> PromptMessage:
    words = [each.content for each in (first, second) if each.content.strip()]
    return replace(second, content="\n\n".join(words), images=(*first.images, *second.images))


def fit(turns: Sequence[PromptMessage], budget: int, last: int = 1) -> list[PromptMessage]:
    """The turns that fit into `budget` tokens, without the oldest ones that don't.

    System prompts and the `last` turns are always kept; what remains starts with a question. Counts
    are estimates.
    """
    system = [turn for turn in turns if turn.role == MessageRole.SYSTEM]
    rest = [turn for turn in turns if turn.role != MessageRole.SYSTEM]
    left = budget - estimate_prompt(turn.content for turn in system)
    kept: list[PromptMessage] = []
    for turn in reversed(rest):
        left -= cost_of(turn)
        if left < 0 and len(kept) >= last:
            break
        kept.append(turn)
    while len(kept) > last and kept[-1].role != MessageRole.USER:
        kept.pop()
    return [*system, *reversed(kept)]


def cost_of(turn: PromptMessage) -> int:
    """The estimated tokens of a turn, including its images."""
    return estimate_prompt([turn.content]) + IMAGE_TOKENS * len(turn.images)


def ending_of(answer: str, turns: Sequence[PromptMessage], budget: int | None) -> str:
    """The end of an answer to be continued, as much as fits beside the instructions and question.

    Usually that is all of it. The end matters because the model continues from there.
    """
    if budget is None or (whole := estimate(answer)) == 0:
        return answer
    others = [turn for turn in turns if turn.role == MessageRole.SYSTEM]
    question = next((turn for turn in reversed(turns) if turn.role == MessageRole.USER), None)
    taken = sum(cost_of(turn) for turn in ([*others, question] if question else others))
    room = max(budget - taken, int(budget * LEAST_SHARE))
    return answer if whole <= room else answer[-max(1, len(answer) * room // whole) :]
