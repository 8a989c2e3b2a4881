"""Synthetic texts in Latin script, Chinese, Japanese and Korean, for the chats of bench/search.py.

Word frequencies follow Zipf's law. Chinese and Japanese have no spaces, Korean words carry
particles. Queries use words of the same vocabularies.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

SEED = 7
COUNT = 20_000
PARTICLES = ("은", "는", "이", "가", "을", "를", "에서", "으로", "까지", "")
HIRAGANA = [chr(code) for code in range(0x3042, 0x3094)]
KATAKANA = [chr(code) for code in range(0x30A2, 0x30F4)]


@dataclass(frozen=True)
class Script:
    """A vocabulary, and how its words form a text."""

    words: list[str]
    sums: list[float]
    joined: Callable[[random.Random, list[str]], str]

    def text(self, rng: random.Random, count: int) -> str:
        """A text of `count` words."""
        return self.joined(rng, rng.choices(self.words, cum_weights=self.sums, k=count))

    def word(self, rng: random.Random) -> str:
        """A word to search for: half of them are frequent, half are rare."""
        if rng.random() < 0.5:
            return rng.choices(self.words, cum_weights=self.sums)[0]
        return rng.choice(self.words)


def _script(make: Callable[[random.Random], str], joined: Callable[..., str]) -> Script:
    rng = random.Random(SEED)
    words = list(dict.fromkeys(make(rng) for _ in range(30_000)))[:COUNT]
    sums = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    return Script(words, sums, joined)


def latin() -> Script:
    """20,000 words of two to four syllables."""
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return _script(
        lambda rng: "".join(rng.choices(syllables, k=rng.choice((2, 2, 3, 3, 4)))),
        lambda _rng, words: " ".join(words),
    )


def _often(first: int, count: int) -> Callable[[random.Random, int], str]:
    """Characters of a block, some far more frequent than others."""
    sums = list(itertools.accumulate(1 / (rank + 20) for rank in range(count)))
    codes = [chr(first + number) for number in range(count)]
    return lambda rng, length: "".join(rng.choices(codes, cum_weights=sums, k=length))


def chinese() -> Script:
    """Words of two, sometimes one or three, of 3,000 characters; with occasional commas."""
    some = _often(0x4E00, 3000)

    def joined(rng: random.Random, words: list[str]) -> str:
        return "".join(word + ("，" if rng.random() < 0.1 else "") for word in words) + "。"

    return _script(lambda rng: some(rng, rng.choice((1, 2, 2, 2, 3))), joined)


def japanese() -> Script:
    """Words of kanji or katakana, with hiragana between them."""
    some = _often(0x4E00, 2000)

    def make(rng: random.Random) -> str:
        if rng.random() < 0.3:
            return "".join(rng.choices(KATAKANA, k=rng.choice((3, 4, 5))))
        return some(rng, 2)

    def joined(rng: random.Random, words: list[str]) -> str:
        return "".join(word + rng.choice(HIRAGANA) for word in words) + "。"

    return _script(make, joined)


def korean() -> Script:
    """Words of two or three syllables, with particles and spaces."""
    some = _often(0xAC00, 2500)

    def joined(rng: random.Random, words: list[str]) -> str:
        return " ".join(word + rng.choice(PARTICLES) for word in words)

    return _script(lambda rng: some(rng, rng.choice((2, 2, 3))), joined)


def shapes(script: Script, rng: random.Random) -> list[Callable[[], str]]:
    """What people type: frequent and rare words, pairs, prefixes, phrases, exclusions with "-"."""

    def word() -> str:
        return script.word(rng)

    return [
        word,
        lambda: f"{word()} {word()}",
        lambda: word()[:3],
        lambda: f'"{word()} {word()}"',
        lambda: f"{word()} -{word()}",
    ]
