"""Deterministic text in pieces that look like a model's tokens."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import cycle, islice

_WORDS = (
    "the",
    "a",
    "of",
    "light",
    "water",
    "model",
    "answer",
    "every",
    "while",
    "stream",
    "small",
    "under",
    "river",
    "stone",
    "token",
    "because",
    "number",
    "garden",
    "window",
    "quiet",
    "between",
    "morning",
    "signal",
    "paper",
    "follow",
    "second",
    "again",
    "about",
    "carry",
    "simple",
    "change",
    "within",
    "letter",
    "ocean",
    "remember",
    "north",
    "yellow",
    "process",
    "thread",
)

_UNICODE = ("héllo ", "日本", "語の", "文字 ", "🙂", "👩‍👩‍👧 ", "naïve ", "Ωμέγα ", "𝄞", "ü\n")

_MARKDOWN = '''## Sorting, part {n}

Sorting puts things **in order**. A good algorithm does so in *O(n log n)* steps; a naive one
needs `O(n²)`. The difference is the difference between a second and a night.

1. Choose a pivot.
2. Split the list into what is smaller and what is larger.
3. Sort both parts the same way:
   - the empty list is sorted,
   - so is a list of one.

```python
def quicksort(items: list[int]) -> list[int]:
    """Sort a copy of the list."""
    if len(items) <= 1:
        return items
    pivot, *rest = items
    smaller = [x for x in rest if x < pivot]
    larger = [x for x in rest if x >= pivot]
    return quicksort(smaller) + [pivot] + quicksort(larger)
```

| algorithm | best | worst | stable |
|:--|--:|--:|:-:|
| quicksort | n log n | n² | no |
| merge sort | n log n | n log n | yes |
| insertion sort | n | n² | yes |

The recurrence is $T(n) = 2\\,T(n/2) + n$, and so

$$
T(n) = n \\log_2 n + O(n)
$$

> Measure before you optimise; then measure again.

See [the article](https://example.org/sorting?part={n}) for more — including *why* it matters.

'''


def word_pieces(count: int, seed: int = 1) -> list[str]:
    """`count` plain words; the same ones for the same seed."""
    pieces = []
    state = seed
    for index in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        word = _WORDS[(state >> 8) % len(_WORDS)]
        pieces.append(word if index == 0 else f".\n\n{word}" if index % 40 == 0 else f" {word}")
    return pieces


def unicode_pieces(count: int) -> list[str]:
    """`count` pieces whose characters take two to four bytes."""
    return list(islice(cycle(_UNICODE), count))


@lru_cache(maxsize=8)
def _markdown_tokens(parts: int) -> tuple[str, ...]:
    text = "".join(_MARKDOWN.replace("{n}", str(n + 1)) for n in range(parts))
    return tuple(re.findall(r" ?[^\W_]+[^\w\s]?| ?[^\w\s]{1,3}|\n+| +|_", text))


def markdown_pieces(count: int) -> list[str]:
    """The first `count` pieces of a long Markdown document: headings, lists, code,
    a table, maths, a quotation and a link in each of its parts."""
    parts = 1
    while len(_markdown_tokens(parts)) < count:
        parts *= 2
    return list(_markdown_tokens(parts)[:count])
