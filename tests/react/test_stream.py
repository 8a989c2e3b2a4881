"""What was streamed looks like what was given at once, however it was cut."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import Page

from . import samples

RENDER = "([text, pieces]) => lab.render(text, pieces)"

# What may differ: lines of a block that grew are in groups until it is coloured, and
# formulas are set when KaTeX has come.
STRIP = """(html) => {
  const box = document.createElement("div");
  box.innerHTML = html;
  for (const code of box.querySelectorAll("pre code")) {
    code.textContent = code.textContent.trimEnd();
    delete code.dataset.seen;
  }
  for (const math of box.querySelectorAll(".lu-md-math")) {
    math.textContent = "";
    math.classList.remove("lu-md-math-set");
  }
  return box.innerHTML;
}"""

CASES = {
    "rich": samples.RICH,
    "answer": samples.answer(400),
    "list then text": "- a\n- b\n\n\n- c\n\ntext\n- d\n* e\n* f\n1) g\n2) h\n",
    "table then text": "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\ntext\n\n| x |",
    "open fence": "Look:\n\n```python\nx = 1\n\ny = 2",
    "open fence, newline": "```\nx = 1\n\n",
    "empty fence": "```\n```\n\n```py\n```\nend",
    "fence in a fence": "````md\n```py\nx\n```\n````\nafter",
    "indented fence": "  ```py\n  x\n    y\n  ```\nafter",
    "rule like a list": "- a\n- b\n* * *\n- c\n",
    "setext": "Title\n=====\n\nsub\n---\ntext",
    "carriage returns": "a\r\nb\r\n\r\n- c\r\n- d\r\n",
    "late link": "see [a][x] and [b]\n\ntext\n\n[x]: https://e.org\n[b]: https://f.org\n",
    "quote": "> a\n> b\nlazy\n\n> - c\n>   d\n",
    "list in maths": "\\[\na\n- b\n= c\n\\]\nso\n\n$$\nx\n- y\n$$\n",
    "maths": "$$\na\n$$\ntext \\(b\\) and \\[c\\]\n\n\\[\nd\n\\]\n",
    "nothing": "",
    "only blanks": "\n\n\n",
    "surrogates": "🙂🙂 *🙂* `🙂`",
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("longest", [1, 12, 200])
def test_pieces_make_the_whole(quiet: Page, name: str, longest: int) -> None:
    text = CASES[name]
    whole = quiet.evaluate(RENDER, [text, None])["html"]
    streamed = quiet.evaluate(RENDER, [text, samples.pieces(text, 7, longest)])["html"]
    assert quiet.evaluate(STRIP, streamed) == quiet.evaluate(STRIP, whole)


def test_finished_blocks_keep_their_nodes(page: Page) -> None:
    kept = page.evaluate(
        """(pieces) => {
          const { box } = lab.keep("", []);
          const { Renderer } = lab;
          const renderer = new lab.Renderer(box, lab.dresser(box));
          const seen = new Map();
          for (const piece of pieces) {
            renderer.append(piece);
            renderer.paint();
            for (let i = 0; i < renderer.blocks; i++) {
              const node = box.childNodes[i];
              if (!seen.has(i)) seen.set(i, [node, node.innerHTML]);
              else if (seen.get(i)[0] !== node) return `block ${i} was replaced`;
            }
          }
          renderer.paint(true);
          for (const [i, [node]] of seen) if (box.childNodes[i] !== node) return `end: ${i}`;
          return seen.size;
        }""",
        samples.pieces(samples.answer(600), 3),
    )
    assert isinstance(kept, int)
    assert kept >= 10


LINES = [
    "- item **a**",
    "* star",
    "1. one",
    "2. two",
    "  - nested",
    "   text",
    "\tcode",
    "    code",
    "",
    "",
    "",
    "word `x` word ",
    "| a | b |",
    "|---|---|",
    "> quote",
    "```py",
    "```",
    "~~~",
    "# head",
    "---",
    "===",
    "$$",
    "x^2",
    "\\[",
    "\\]",
    "<b>x</b>",
    "[r]: https://e.org",
    "[r] [q][r]",
    "- [x] task",
    "10) ten",
    "***",
    "![p](https://e.org/p.png)",
    "  ",
    "a  ",
]


@pytest.mark.parametrize("seed", range(8))
def test_any_lines(quiet: Page, seed: int) -> None:
    source = random.Random(seed)
    for _ in range(12):
        text = "\n".join(source.choice(LINES) for _ in range(source.randint(2, 16)))
        whole = quiet.evaluate(RENDER, [text, None])["html"]
        streamed = quiet.evaluate(RENDER, [text, samples.pieces(text, seed, 9)])["html"]
        assert quiet.evaluate(STRIP, streamed) == quiet.evaluate(STRIP, whole), repr(text)


RAW = ["**", "```", "](", "| ---", "[l"]


def test_no_raw_markup_flashes(page: Page) -> None:
    text = (
        "Some **bold words** and `code here`, a [link](https://example.com/x) and *more*.\n\n"
        "- **first** item with `tick`\n- second\n\n| a | b |\n| --- | --- |\n| **c** | d |\n\n"
        "```py\nx = 1\n```\n\nThe end of $a_1 + b_2$ it.\n"
    )
    frames = page.evaluate(RENDER, [text, list(text)])["frames"]
    for frame in frames:
        shown = page.evaluate(
            """(html) => {
              const box = document.createElement("div");
              box.innerHTML = html;
              for (const math of box.querySelectorAll(".lu-md-math")) math.remove();
              return box.textContent;
            }""",
            frame,
        )
        assert not [raw for raw in RAW if raw in shown], frame
        assert "|" not in shown
        assert "`" not in shown
        assert "*" not in shown
        assert "$" not in shown


MENDED = {
    "a **b": "a **b**",
    "a **b*": "a **b**",
    "a **": "a ",
    "a *b **c": "a *b **c***",
    "a `b": "a `b`",
    "a ``b`": "a ``b``",
    "see [the guide](https://ex": "see the guide",
    "see [the gui": "see the gui",
    "see ![pic](https://ex": "see ",
    "text\n- ": "text\n",
    "text\n---": "text\n",
    "text\n``": "text\n",
    "text\n```pyth": "text\n",
    "2 * 3": "2 * 3",
    "a_b": "a_b",
    "a*b": "a*b",
    "| a | b": "| a | b|\n|-|-|",
    "```py\nx = **": "```py\nx = **",
    "~~gone": "~~gone~~",
    "so \\(x^2": "so ",
    "so $x^2": "so ",
    "so $5": "so $5",
    "it's 5 \\* 3": "it's 5 \\* 3",
}


@pytest.mark.parametrize("text", MENDED)
def test_mending(quiet: Page, text: str) -> None:
    assert quiet.evaluate("(text) => lab.mend(text)", text) == MENDED[text]
