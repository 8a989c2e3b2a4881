import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { maskFormulas, matchInlineMath } from "../../llm_ui/react/markdown/maths.js";
import { lex } from "../../llm_ui/react/markdown/parse.js";

describe("a formula", () => {
  for (const [src, text] of [
    ["$x$", "x"],
    ["$x^2 + y$ is", "x^2 + y"],
    ["$\\frac{a}{b}$", "\\frac{a}{b}"],
    ["$f(x) = \\$5$", "f(x) = \\$5"],
    ["$10 < x$", "10 < x"],
    ["\\(a + b\\) c", "a + b"],
  ]) {
    it(`is ${src}`, () => assert.equal(matchInlineMath(src)?.text, text));
  }

  it("between two dollars or in brackets is set by itself", () => {
    assert.equal(matchInlineMath("$$x$$").display, true);
    assert.equal(matchInlineMath("\\[x\\]").display, true);
    assert.equal(matchInlineMath("$x$").display, false);
    assert.equal(matchInlineMath("\\(x\\)").display, false);
  });
});

describe("dollars that are no maths", () => {
  for (const src of [
    "$50/hr (US$)",
    "$20 for two and 30$",
    "$100–120$",
    "$HOME/bin:$PATH",
    "$AAPL/$MSFT",
    "$a, $b)",
    "$ x$",
    "$x $",
    "$5$6",
    "$one word and another$",
    "$`code`$",
    "$x\ny$",
    "$$",
    "\\(x",
    "\\(a\n\nb\\)",
    `\\(${"x".repeat(6000)}\\)`,
  ]) {
    it(JSON.stringify(src.slice(0, 40)), () => assert.equal(matchInlineMath(src), undefined));
  }

  it("are currencies behind a letter or a digit", () => {
    assert.equal(matchInlineMath("$x$", "S"), undefined);
    assert.equal(matchInlineMath("$x$", "5"), undefined);
    assert.ok(matchInlineMath("$x$", "("));
  });
});

describe("formulas in a text", () => {
  const kinds = (text) => lex(text, {}).map(({ type }) => type);

  it("on lines of their own are blocks", () => {
    assert.deepEqual(kinds("$$\nx\n$$\n"), ["mathBlock"]);
    assert.deepEqual(kinds("a\n\\[x\\]\n"), ["paragraph", "mathBlock"]);
    assert.deepEqual(kinds("$$\nx\n\ny\n$$\n").includes("mathBlock"), false);
  });

  it("are unreadable for whoever looks for stars", () => {
    assert.equal(maskFormulas("a $x*y$ *b*", "a $x*y$ *b*"), "a aaaaa *b*");
    assert.equal(maskFormulas("no money", "no money"), "no money");
    // Code is masked already: what stands in it begins no formula.
    assert.equal(maskFormulas("`$x` $y$", "aaaa $y$"), "aaaa aaa");
  });
});
