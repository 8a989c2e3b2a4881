"""Estimated token counts for when a provider reports none; always marked as estimates."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

TOKENS_PER_MESSAGE = 4
# Tokens per character, from the first character of each script. Measured with OpenAI's o200k and
# cl100k vocabularies; each figure lies between the two (the newer one needs up to three times fewer
# tokens for non-Latin scripts). No single vocabulary fits all models, and loading one takes 40 to
# 75 MB of each worker's memory.
_SCRIPTS: tuple[tuple[int, float], ...] = (
    (0x0000, 0.25),  # ASCII, except digits
    (0x0080, 0.5),  # accented Latin
    (0x0370, 0.55),  # Greek
    (0x0400, 0.36),  # Cyrillic
    (0x0530, 0.55),  # Hebrew, Arabic, the scripts of India and south-east Asia
    (0x2000, 1.0),  # punctuation, symbols
    (0x3000, 1.0),  # Chinese and Japanese
    (0xAC00, 0.75),  # Korean
    (0xD800, 1.0),  # everything else
    (0x10000, 2.0),  # emoji, rare characters
)
_FIRST = [first for first, _ in _SCRIPTS]
_PER_DIGIT = 0.45
# Longer texts are estimated from a sample of this size, because this runs in the event loop.
_SAMPLE = 50_000


def estimate(text: str) -> int:
    """The estimated number of tokens of a text; takes linear time."""
    step = len(text) // _SAMPLE + 1
    sample = text[::step]
    digits = sum(map(sample.count, "0123456789"))
    tokens = digits * (_PER_DIGIT - _SCRIPTS[0][1])
    if sample.isascii():
        tokens += len(sample) * _SCRIPTS[0][1]
    else:
        for character, times in Counter(sample).items():
            tokens += times * _SCRIPTS[bisect_right(_FIRST, ord(character)) - 1][1]
    return math.ceil(tokens * len(text) / len(sample)) if sample else 0


def estimate_prompt(texts: Iterable[str]) -> int:
    """The estimated number of tokens of a prompt with these messages."""
    return sum(estimate(text) + TOKENS_PER_MESSAGE for text in texts)


# Faster answers arrived all at once, so a rate would be meaningless.
SHORTEST_WRITING_MS = 50


def writing_rate(output_tokens: int, ttft_ms: int, duration_ms: int) -> float | None:
    """Tokens per second while the answer was being written; None if that would be meaningless.

    The first token is excluded, because its time is mostly spent on evaluating the prompt.
    """
    writing = duration_ms - ttft_ms
    if output_tokens < 2 or writing < SHORTEST_WRITING_MS:
        return None
    return (output_tokens - 1) * 1000 / writing
