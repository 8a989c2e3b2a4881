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

# What a person reads from a model most of the time; 6.5 characters to a piece, as in English.
_ARTICLE = '''## Serving many readers, step {n}

A server that answers several readers at once spends most of its time waiting. It waits for the
model behind it, for the database beside it and for the network in front of it, and **each of
these waits** is an opportunity to do something useful for another reader. The difficulty lies in
noticing *when* a wait has ended, without asking again and again.

An event loop keeps a list of everything that could continue. Whenever something arrives, the
corresponding function continues from exactly where it had stopped, and nothing else is disturbed.
The price is that a function which never waits holds back everybody; such work belongs into a
separate process. See `asyncio.to_thread` for the simplest arrangement, and measure before
choosing a more complicated one.

- **Backpressure** means that a slow reader slows its own sender, never its neighbours.
- **Batching** combines small messages into larger ones, because every message costs something
  by itself, regardless of its length.
- **Cancellation** has to travel all the way through: whoever stops listening should also stop
  the computation that nobody will read.

1. Accept the connection and remember what has been delivered already.
2. Forward whatever arrives, together with its position in the whole.
3. When the connection is lost, keep the remainder until somebody returns for it.

```python
async def forward(source: Source, reader: Reader, already: int = {n}) -> int:
    """Deliver everything behind a position; returns the new position."""
    position = already
    async for fragment in source.fragments(after=position):
        await reader.deliver(position, fragment.text)
        position += len(fragment.text)
        if reader.is_closed:
            logger.info("the reader went away at %d", position)
            break
    return position
```

Notice that the function returns its position even when the reader disappears. Whoever calls it
afterwards continues from there, and neither repeats nor omits a single character of the answer.

It is not as hard as it may seem at first. One loop, one list of what is ready, and a few rules
that all of the code has to keep: that is the whole of it.

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
def article_pieces(count: int) -> tuple[str, ...]:
    """The first `count` pieces of a long technical article of prose, lists and code:
    6.5 bytes each on average, so 13 kB for 2,000 of them."""
    size = len(_ARTICLE.split())
    parts = (_ARTICLE.replace("{n}", str(n + 1)) for n in range(count // size + 1))
    return tuple(re.findall(r"\s*\S+", "".join(parts))[:count])


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
