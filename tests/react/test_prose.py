"""Prose as people write it in many languages: marks, money, addresses, lines and directions."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

# What a text is shown as: its elements by name, formulas as {tex}, links as (address).
SHOWN = """([text, cut]) => {
  const pieces = [];
  for (let i = 0; i < text.length; i += cut) pieces.push(text.slice(i, i + cut));
  const box = document.createElement("div");
  box.innerHTML = lab.render(text, pieces).html;
  for (const math of box.querySelectorAll(".lu-md-math")) math.replaceWith(`{${math.dataset.tex}}`);
  for (const link of box.querySelectorAll("a")) link.replaceWith(`(${link.getAttribute("href")})`);
  for (const node of box.querySelectorAll("*")) {
    for (const { name } of [...node.attributes]) node.removeAttribute(name);
  }
  return box.innerHTML;
}"""

EMPHASIS = {
    "含**「重点」**内容": "含<strong>「重点」</strong>内容",
    "**重点：**内容与**「二」**也": "<strong>重点：</strong>内容与<strong>「二」</strong>也",
    "**이것은(괄호)**은 중요": "<strong>이것은(괄호)</strong>은 중요",
    "**「A」**를 보라": "<strong>「A」</strong>를 보라",
    "**この文は重要。**次の文": "<strong>この文は重要。</strong>次の文",
    "*「强调」*与**“引号”**的": "<em>「强调」</em>与<strong>“引号”</strong>的",
    "***「重」***内容": "<em><strong>「重」</strong></em>内容",
    "**甲（*乙*）**丙": "<strong>甲（<em>乙</em>）</strong>丙",
    "__「重点」__内容": "<strong>「重点」</strong>内容",
    "_「强调」_内容": "<em>「强调」</em>内容",
    "~~（旧）~~新": "<del>（旧）</del>新",
    "**`code`**中文": "<strong><code>code</code></strong>中文",
    "**[链接](https://e.org)**（外）": "<strong>(https://e.org/)</strong>（外）",
    "在__init__方法，snake_case_name": "在__init__方法，snake_case_name",
    "报告_2024_最终版 a_b_c 2*3*4": "报告_2024_最终版 a_b_c 2<em>3</em>4",
    "A **b**, *c*, __d__; ** no **": (
        "A <strong>b</strong>, <em>c</em>, <strong>d</strong>; ** no **"
    ),
    "*note $a*b$ end* and **$x*y$**": "<em>note {a*b} end</em> and <strong>{x*y}</strong>",
}
TILDES = {
    "大约3~5天，价格100~200元": "大约3~5天，价格100~200元",
    "see ~/path and ~/other, ~approx~": "see ~/path and ~/other, ~approx~",
    "~5 kg, ~6 kg": "~5 kg, ~6 kg",
    "~~gone~~, 1~2, a~~b~~c": "<del>gone</del>, 1~2, a<del>b</del>c",
    "`~x~` ~~~ ~~ no ~~": "<code>~x~</code> ~~~ ~~ no ~~",
}
DOLLARS = {
    "Between $50/hr (US$) and $60/hr (US$).": "Between $50/hr (US$) and $60/hr (US$).",
    "R$ 50 e R$60, A$10, HK$20, US$5": "R$ 50 e R$60, A$10, HK$20, US$5",
    "export PATH=$HOME/bin:$PATH": "export PATH=$HOME/bin:$PATH",
    "watch $AAPL/$MSFT, $TSLA and ($GOOG)": "watch $AAPL/$MSFT, $TSLA and ($GOOG)",
    "$100–120$ or $5 and $10": "$100–120$ or $5 and $10",
    "It was $20 for two and 30$ more": "It was $20 for two and 30$ more",
    "set $a,$b and f($x, $y)": "set $a,$b and f($x, $y)",
    "costs $5 `a$b` or `c$d`": "costs $5 <code>a$b</code> or <code>c$d</code>",
    "从$5到$10元": "从$5到$10元",
    "$x$, $\\alpha_1$ and the $n$th": "{x}, {\\alpha_1} and the {n}th",
    "其中$f(x)=1$是，\\(a\\)与\\[b\\]": "其中{f(x)=1}是，{a}与{b}",
    "$2x + 3y = 5$ and $2 \\text{ kg}$": "{2x + 3y = 5} and {2 \\text{ kg}}",
    "so $$e = mc^2$$ it is": "so {e = mc^2} it is",
    "cheap $, fair $$, dear $$$": "cheap $, fair $$, dear $$$",
}
ADDRESSES = {
    "访问 https://example.com/docs（中文说明）了解。": "访问 (https://example.com/docs)（中文说明）了解。",
    "见https://a.com、https://b.com/x，谢谢": "见(https://a.com/)、(https://b.com/x)，谢谢",
    "「https://e.org/a」を見る": "「(https://e.org/a)」を見る",
    "https://e.org/docs를 보세요": "(https://e.org/docs)를 보세요",
    "(see https://en.wikipedia.org/wiki/Rust_(language))": (
        "(see (https://en.wikipedia.org/wiki/Rust_(language)))"
    ),
    "https://a.com,https://b.com": "(https://a.com/),(https://b.com/)",
    "https://web.archive.org/1/https://x.org": "(https://web.archive.org/1/https://x.org)",
    "https://e.org/%E4%B8%AD?q=1。": "(https://e.org/%E4%B8%AD?q=1)。",
    "https://münchen.de/x": "(https://xn--mnchen-3ya.de/x)",
    "https://例え.jp/path、と": "(https://xn--r8jz45g.jp/path)、と",
    "联系bob@example.org。或www.example.org。": "联系(mailto:bob@example.org)。或(http://www.example.org/)。",
}
LINES = {
    "Roses are red,\nViolets are blue,\nSugar is sweet.": (
        "Roses are red,<br>Violets are blue,<br>Sugar is sweet."
    ),
    "one  \ntwo\\\nthree": "one<br>two<br>three",
    "a<br>\nb<br/>c": "a<br>b<br>c",
    "so \\(a\nb\\) it": "so {a\nb} it",
}
TAGS = {
    "H<sub>2</sub>O, x<sup>2</sup>": "H<sub>2</sub>O, x<sup>2</sup>",
    "<kbd>Ctrl</kbd>+<kbd>C</kbd>": "<kbd>Ctrl</kbd>+<kbd>C</kbd>",
    "<mark>so *much*</mark> <B>b</B>": "<mark>so <em>much</em></mark> <strong>b</strong>",
    "a <sub>that never ends": "a &lt;sub&gt;that never ends",
    '<sub onclick="x">2</sub> <video>': '&lt;sub onclick="x"&gt;2&lt;/sub&gt; &lt;video&gt;',
}


@pytest.mark.parametrize("cut", [1, 1000])
@pytest.mark.parametrize(
    "kind",
    [EMPHASIS, TILDES, DOLLARS, ADDRESSES, LINES, TAGS],
    ids=["emphasis", "tildes", "dollars", "addresses", "lines", "tags"],
)
def test_prose_is_read_as_it_was_meant(quiet: Page, kind: dict[str, str], cut: int) -> None:
    found = {text: quiet.evaluate(SHOWN, [text, cut]) for text in kind}
    assert found == {text: f"<p>{shown}</p>" for text, shown in kind.items()}


def test_lines_break_in_items_and_quotes_but_not_in_code(quiet: Page) -> None:
    html = quiet.evaluate(SHOWN, ["- a\n  b\n- c\n\n> d\n> e\n\n```\nf\ng\n```\n", 1000])
    assert "<li><p>a<br>b</p></li>" in html
    assert "<p>d<br>e</p>" in html
    assert "f\ng" in html


def computed(page: Page, text: str) -> list[list[str]]:
    """(element, words, direction, bidi) of what holds words."""
    found: list[list[str]] = page.evaluate(
        """(text) => {
          const { box } = lab.keep(text);
          const all = [...box.querySelectorAll("p, li, td, th, h2, blockquote, table, pre, code")];
          return all.map((each) => { const style = getComputedStyle(each);
            return [each.localName, each.textContent, style.direction, style.unicodeBidi]; });
        }""",
        text,
    )
    return found


def test_each_block_runs_as_its_script_does(page: Page) -> None:
    text = (
        "שלום עולם, זה מבחן.\n\n## مرحبا\n\n- پارسی\n- english\n\n> ציטוט\n\n"
        "| شهر | n |\n|---|---|\n| تهران | 1 |\n\n```\nשלום = 1\n```\n\nwith `קוד` in it\n"
    )
    found = computed(page, text)
    # A paragraph, a heading and a cell follow their text; items, quotes and tables turn as well.
    assert {row[3] for row in found if row[0] in {"p", "h2", "td", "th"}} == {"plaintext"}
    turned = {(row[0], row[2]) for row in found if row[0] in {"li", "blockquote", "table"}}
    assert turned == {("li", "rtl"), ("li", "ltr"), ("blockquote", "rtl"), ("table", "rtl")}
    assert {row[2] for row in found if row[0] in {"pre", "code"}} == {"ltr"}
    hebrew = page.locator(".lu-md p").first
    assert hebrew.evaluate(
        """(p) => { const range = document.createRange(); range.selectNodeContents(p);
          return p.getBoundingClientRect().right - range.getBoundingClientRect().right < 2; }"""
    )


def test_a_direction_that_is_known_late_is_that_of_a_reload(page: Page) -> None:
    text = "> (א) ציטוט\n\n- «سطر»\n- `code` و\n\n| (שם) |\n|---|\n| ב |\n\n[^1]: 1. הערה\n"
    whole, grown = page.evaluate(
        "(text) => [lab.render(text).html, lab.render(text, [...text]).html]", text
    )
    assert grown == whole
    assert whole.count('dir="rtl"') == 6


def test_chemistry_and_units_are_set(page: Page) -> None:
    page.evaluate("(text) => void lab.keep(text)", "$\\ce{2H2 + O2 -> 2H2O}$, $\\pu{5 kJ//mol}$")
    page.wait_for_selector(".lu-md-math-set")
    words = page.locator(".katex-html").all_inner_texts()
    assert not [each for each in words if "\\ce" in each or "\\pu" in each]
    assert page.locator(".lu-md [style*='color:#cc0000']").count() == 0


DETAILS = (
    "Look:\n\n<details>\n<summary>More *words*</summary>\n\nInside **it**.\n\n- a\n- b\n\n"
    "</details>\n\nAfter."
)


def test_details_open_while_they_grow_and_stay_open(page: Page) -> None:
    state = page.evaluate(
        """(text) => {
          const box = document.body.appendChild(document.createElement("div"));
          box.className = "lu-md";
          const renderer = new lab.Renderer(box, lab.dresser(box));
          let opened = false;
          for (const char of text) {
            renderer.append(char);
            renderer.paint();
            const part = box.querySelector("details");
            if (part && !opened && part.querySelector("summary")) opened = part.open = true;
          }
          renderer.paint(true);
          const part = box.querySelector("details");
          return [part.open, part.querySelector("summary").innerHTML,
            part.querySelectorAll("li").length, box.lastElementChild.textContent];
        }""",
        DETAILS,
    )
    assert state == [True, "More <em>words</em>", 2, "After."]


def test_a_footnote_leads_to_its_note(page: Page) -> None:
    text = (
        "It is so[^1], and [^why].\n\nBut [^a-z] is a set.\n\n"
        "[^1]: The *first*.\n[^why]: Because.\n"
    )
    page.evaluate("(text) => void lab.keep(text, [...text])", text)
    references = page.locator(".lu-md-ref")
    assert references.all_inner_texts() == ["1", "why"]
    assert "[^a-z]" in page.locator(".lu-md").inner_text()
    references.first.click()
    assert page.evaluate("document.activeElement.dataset.note") == "1"
    assert page.locator(".lu-md-note em").inner_text() == "first"


def test_what_grew_is_what_a_reload_shows(quiet: Page) -> None:
    """All of the above in one text, in pieces and at once."""
    kinds: list[dict[str, Any]] = [EMPHASIS, TILDES, DOLLARS, ADDRESSES, LINES, TAGS]
    text = "\n\n".join(text for kind in kinds for text in kind) + "\n\n" + DETAILS
    whole = quiet.evaluate(SHOWN, [text, 100_000])
    for cut in (3, 17):
        assert quiet.evaluate(SHOWN, [text, cut]) == whole
