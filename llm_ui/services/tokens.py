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
