"""Texts as models write them."""

from __future__ import annotations

import random

RICH = """# Streams, *briefly*

A stream keeps **every byte** in order; see `sockets` and [the guide](https://example.com/a_b).
It costs $5 and $6, while $x_1^2 + y$ is maths.

## Steps

1. Read what is there:
   ```python
   def read(n):
       # a comment
       return [i * 2 for i in range(n)]
   ```
2. Then write it:

   - nested **bold** item
   - another one
     1. deeper
     2. still

3. Done.

- [x] a task
- [ ] another

> A quote with `code`
> over two lines.
>
> And a second paragraph.

| Name | Size | Note |
|:-----|-----:|------|
| a | 1 | `x` |
| b | 22 | **y**<br>z |
| c | 333 | [l](https://e.org) |
| d | 4 | ~~gone~~ |

$$
\\int_0^1 x^2 \\, dx = \\frac{1}{3}
$$

Setext heading
---

```js
const a = `t${1}`;

function f() {
  return "<b>not html</b>";
}
```

Text after.
With a second line\\
and a third.

~~~
plain ~~~ fence
```
~~~

***

Refer to [late][ref] and <https://auto.link/x>.

* star list

* loose now

  with a paragraph

Last words: 2 * 3 * 4 = 24, snake_case_name, a<b>c, &amp; done.

[ref]: https://example.org/late "A title"
"""

WORDS = [
    "the",
    "a",
    "stream",
    "of",
    "tokens",
    "flows",
    "through",
    "patient",
    "servers",
    "while",
    "**bold",
    "words**",
    "and",
    "`code`",
    "keep",
    "every",
    "byte",
    "in",
    "order",
    "for",
    "readers",
    "who",
    "wait",
]


def prose(words: int, seed: int = 1) -> str:
    """So many words."""
    source = random.Random(seed)
    return " ".join(source.choice(WORDS) for _ in range(words)) + "."


def answer(tokens: int, seed: int = 1) -> str:
    """About `tokens` tokens of prose, lists and code, like a long technical answer."""
    source = random.Random(seed)
    parts: list[str] = []
    size = 0
    section = 0
    while size < tokens * 6.5:
        section += 1
        rows = "\n".join(f"- item {i} {prose(18, seed + i)}" for i in range(5))
        code = "\n".join(f"x{i} = compute({i}, 'value')  # line {i}" for i in range(14))
        part = (
            f"## Section {section}\n\n{prose(source.randint(40, 90), section)}\n\n{rows}\n\n"
            f"{prose(50, section + 7)}\n\n```python\n{code}\n```\n\n"
        )
        parts.append(part)
        size += len(part)
    return "".join(parts)[: int(tokens * 6.5)]


def pieces(text: str, seed: int, longest: int = 12) -> list[str]:
    """`text` cut at random places."""
    source = random.Random(seed)
    out: list[str] = []
    at = 0
    while at < len(text):
        step = source.randint(1, longest)
        out.append(text[at : at + step])
        at += step
    return out
