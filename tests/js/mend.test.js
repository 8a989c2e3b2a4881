import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { mend, openDisplay } from "../../llm_ui/react/markdown/mend.js";
import { openTags } from "../../llm_ui/react/markdown/tags.js";

const cases = (table) => {
  for (const [text, want] of table) it(JSON.stringify(text), () => assert.equal(mend(text), want));
};

describe("marks whose other half is on the way are closed", () => {
  cases([
    ["a **bo", "a **bo**"],
    ["a **bold *both", "a **bold *both***"],
    ["a _it", "a _it_"],
    ["a ~~gone", "a ~~gone~~"],
    ["a `co", "a `co`"],
    ["a ``c`o", "a ``c`o``"],
    ["H<sub>2", "H<sub>2</sub>"],
    ["<b>a <i>b", "<b>a <i>b</i></b>"],
  ]);
});

describe("marks that say nothing yet are left out", () => {
  cases([
    ["a **", "a "],
    ["a `", "a "],
    ["one\n-", "one\n"],
    ["one\n- [", "one\n"],
    ["one\n##", "one\n"],
    ["one\n```py", "one\n"],
    ["> ", ""],
    ["a <su", "a "],
    ["a ![pic", "a "],
    ["a[^1", "a"],
  ]);
});

describe("half a link shows its words", () => {
  cases([
    ["see [the docs", "see the docs"],
    ["see [the docs](https://exa", "see the docs"],
    ["see [the docs](https://example.org)", "see [the docs](https://example.org)"],
    ["see ![pic](https://exa", "see "],
    ["see [a](b(c", "see a"],
  ]);
});

describe("what was not meant as a mark stays", () => {
  cases([
    ["2 * 3", "2 * 3"],
    ["snake_case", "snake_case"],
    ["a \\*b", "a \\*b"],
    ["`**` a", "`**` a"],
    ["**a** b", "**a** b"],
    ["costs $5", "costs $5"],
    ["$HOME is", "$HOME is"],
    [`**${"a".repeat(700)}`, `**${"a".repeat(700)}`],
    ["```\n**a", "```\n**a"],
  ]);
});

describe("half a formula is left out", () => {
  cases([
    ["so $x^2", "so "],
    ["so \\(x", "so "],
    ["so $$x", "so "],
    ["one\n$$\nx = 1", "one\n"],
    ["so $x^2$ is", "so $x^2$ is"],
  ]);
});

describe("only the run of text at the end is looked at", () => {
  cases([
    ["**a\n\nb", "**a\n\nb"],
    ["- **a\n- b", "- **a\n- b"],
    ["- a\n- **b", "- a\n- **b**"],
  ]);
});

describe("the head of a table", () => {
  cases([
    ["|a|b|", "|a|b|\n|-|-|"],
    ["|a|b|\n|-", "|a|b|\n|-|-|"],
    ["text\n\n|a", "text\n\n|a|\n|-|"],
    ["|a \\| b|c|", "|a \\| b|c|\n|-|-|"],
  ]);
});

describe("where a display formula is open", () => {
  it("is told, and -1 where none is", () => {
    assert.equal(openDisplay("a\n\n$$\nx"), 3);
    assert.equal(openDisplay("\\[x"), 0);
    assert.equal(openDisplay("$$x$$"), -1);
    assert.equal(openDisplay("$$\nx\n\ny"), -1);
    assert.equal(openDisplay("a $$x"), -1);
  });
});

describe("tags that a text lacks", () => {
  it("close what is open, the innermost first", () => {
    assert.equal(openTags("<b>a<i>b"), "</i></b>");
    assert.equal(openTags("<b>a</b>"), "");
    assert.equal(openTags("<b>a<i>b</b>"), "");
    assert.equal(openTags("</b>"), "");
  });
});
