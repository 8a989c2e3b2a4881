"""Token counts where an upstream gives none: an estimate, and always marked as one."""

from __future__ import annotations

from collections.abc import Iterable

# OpenAI's and Anthropic's documentation both give about four characters of English a
# token; counting UTF-8 bytes keeps the rule near for other scripts.
BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


def estimate(text: str) -> int:
    """About how many tokens a text takes."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def estimate_prompt(texts: Iterable[str]) -> int:
    """About how many tokens a prompt of these messages takes."""
    return sum(estimate(text) + TOKENS_PER_MESSAGE for text in texts)


# Answers that came faster than this came whole; a rate would be a figure of nothing.
SHORTEST_WRITING_MS = 50


def writing_rate(output_tokens: int, ttft_ms: int, duration_ms: int) -> float | None:
    """Tokens per second while the answer was written; None where that says nothing.

    The first token came with the evaluation of the prompt; the others took the time
    from it to the end.
    """
    writing = duration_ms - ttft_ms
    if output_tokens < 2 or writing < SHORTEST_WRITING_MS:
        return None
    return (output_tokens - 1) * 1000 / writing
