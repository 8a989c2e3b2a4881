"""A model in a loop, or one that means harm: every text is shown, and nothing around it stops."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .test_answer import body, push, show

DEEP = {
    "lists": "- " * 1200 + "word",
    "stars": "* " * 3000 + "word",
    "numbers": "1. " * 2000 + "word",
    "quotes": ">" * 3000 + "word",
    "quoted lists": "> - " * 1000 + "word",
    "indented lists": "\n".join("  " * n + "- word" for n in range(300)),
    "emphasis": "*a **b " * 400 + "word" + "** *" * 400,
    "brackets": "[" * 2000 + "word" + "](https://e.org)" * 2000,
    "tags": "<sub>" * 800 + "word" + "</sub>" * 800,
    "details": "<details>\n" * 500 + "word",
    "notes": "[^1]: " * 500 + "word",
    "a lazy line": "> " * 40 + "a\nword\n> b",
}


@pytest.mark.parametrize("kind", DEEP)
def test_deep_nesting_keeps_its_words(quiet: Page, kind: str) -> None:
    found = quiet.evaluate(
        """(text) => {
          const { html, frames } = lab.render(text, [text.slice(0, -9), text.slice(-9)]);
          const box = document.createElement("div");
          box.innerHTML = html;
          let depth = 0;
          for (const each of box.querySelectorAll("*")) {
            let n = 0;
            for (let at = each; at !== box; at = at.parentNode) n++;
            depth = Math.max(depth, n);
          }
          return [box.textContent.includes("word"), depth, html.includes("lu-md-plain")];
        }""",
        DEEP[kind],
    )
    assert found[0]
    assert found[1] < 150
    assert not found[2]


LONG = [
    "[",
    "*",
    "**a ",
    "<",
    "$",
    "`",
    "~~",
    "\\",
    "\\[",
    "(",
    "![](",
    "| ",
    "<sub>",
    "_a",
    "中**「",
]


def test_the_work_grows_with_the_length_and_not_with_its_square(quiet: Page) -> None:
    """Counted in what is read, not in time: no part of a paragraph is longer than a page."""
    for mark in LONG:
        text = "x " + mark * (60_000 // len(mark))
        html = quiet.evaluate("(text) => lab.render(text).html", text)
        assert len(html) >= len(text) // 2, mark


def test_a_long_unfinished_block_is_shown_plainly_until_it_is_whole(quiet: Page) -> None:
    lines = "".join(f"line {n} of **it**\n" for n in range(3000))
    frames = quiet.evaluate(
        """(text) => {
          const pieces = [];
          for (let i = 0; i < text.length; i += 9000) pieces.push(text.slice(i, i + 9000));
          const { html, frames } = lab.render(text, pieces);
          return [frames.at(-1).includes("lu-md-plain"), html.includes("lu-md-plain"),
            html.split("<strong>").length - 1];
        }""",
        lines,
    )
    assert frames == [True, False, 3000]


# Some part of the way to the screen fails for the text that has this word in it.
BREAK = """() => {
  const put = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "aria-level" && this.textContent.includes("poison")) throw new Error("poisoned");
    return put.call(this, name, value);
  };
}"""


def test_a_message_that_cannot_be_rendered_shows_its_words(page: Page) -> None:
    page.evaluate(BREAK)
    show(page)
    push(page, "Well.\n\n# poison\n\nand *more*", 0)
    expect(body(page)).to_contain_text("and more")
    show(page, live=False, text="Well.\n\n# poison\n\nand *more*")
    plain = page.locator(".lu-md-plain")
    expect(plain).to_have_text("Well.\n\n# poison\n\nand *more*", use_inner_text=True)
    assert plain.evaluate("(each) => getComputedStyle(each).whiteSpace") == "pre-wrap"
    # The next one in its place is whole again.
    show(page, live=False, text="# fine")
    expect(body(page).get_by_role("heading")).to_have_text("fine")
    expect(plain).to_have_count(0)


def test_formulas_stay_within_their_message(page: Page) -> None:
    show(page, live=False, text="$\\raisebox{200pt}{\\text{over all}}$")
    assert "paint" in body(page).evaluate("(each) => getComputedStyle(each).contain")
