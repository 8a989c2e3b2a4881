import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { finishedCount, rawLength } from "../../llm_ui/react/markdown/blocks.js";
import { isCjk } from "../../llm_ui/react/markdown/cjk.js";
import { codeHtml, escape, languageOf, toHtml } from "../../llm_ui/react/markdown/html.js";
import { lex } from "../../llm_ui/react/markdown/parse.js";

const html = (text) => toHtml(lex(text, {}));
const cases = (table) => {
  for (const [text, want] of table) it(JSON.stringify(text), () => assert.equal(html(text), want));
};

describe("which blocks nothing that follows can change", () => {
  const finished = (text) => finishedCount(lex(text, {}));

  it("are all but the last one", () => {
    assert.equal(finished("one\n\ntwo\n\nthree"), 4);
    assert.equal(finished("# one\ntwo"), 1);
    assert.equal(finished("one"), 0);
  });

  it("are none for what shows nothing", () => {
    assert.equal(finished(""), -1);
    assert.equal(finished("[a]: https://example.org\n"), -1);
  });

  it("are those before a display formula that is still open", () => {
    const tokens = lex("one\n\n$$\na\n- b\n", {});
    assert.equal(rawLength(tokens.slice(0, finishedCount(tokens))), "one\n\n".length);
  });
});

describe("what looks like HTML", () => {
  cases([
    ["<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"],
    ["a <img src=x onerror=alert(1)>", "<p>a &lt;img src=x onerror=alert(1)&gt;</p>"],
    ["H<sub>2</sub>O", "<p>H<sub>2</sub>O</p>"],
    ["<b>a <i>b</i></b>", "<p><strong>a <em>b</em></strong></p>"],
    ["<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>"],
    ["<kbd>a", "<p>&lt;kbd&gt;a</p>"],
    ["a<br>b", "<p>a<br>b</p>"],
    ["`<b>`", "<p><code>&lt;b&gt;</code></p>"],
  ]);
});

describe("emphasis", () => {
  cases(
    [
      ["**a** *b* ~~c~~", "<p><strong>a</strong> <em>b</em> <del>c</del></p>"],
      ["***a***", "<p><em><strong>a</strong></em></p>"],
      ["snake_case_name", "<p>snake_case_name</p>"],
      ["2 * 3 * 4", "<p>2 * 3 * 4</p>"],
      ["3~5 and ~6", "<p>3~5 and ~6</p>"],
      ["**重要。**です", "<p><strong>重要。</strong>です</p>"],
      ["**a*b**", "<p><strong>a*b</strong></p>"],
      ["*a **b** c*", "<p><em>a <strong>b</strong> c</em></p>"],
      ["\\*a\\*", "<p>*a*</p>"],
      ["$a*b$ and $c*d$", null],
    ].filter(([, want]) => want),
  );

  it("does not begin in a formula", () => {
    assert.doesNotMatch(html("$a*b$ and $c*d$"), /<em>/);
  });

  it("of marks that never close costs no more than words", () => {
    const begun = process.cpuUsage();
    html("*a ".repeat(20_000));
    html("**a _b ".repeat(10_000));
    assert.ok(process.cpuUsage(begun).user < 3_000_000);
  });
});

describe("code", () => {
  it("is escaped, and named by its language or its file", () => {
    const made = html("```js title=app.js\na < b\n```");
    assert.match(made, /data-name="app\.js"/);
    assert.match(made, /<span class="lu-md-code-lang">app\.js<\/span>/);
    assert.match(made, /<code data-lang="js">a &lt; b<\/code>/);
  });

  it("takes no name that would be markup", () => {
    assert.match(codeHtml("", '"><b>'), /<code data-lang=""><\/code>/);
    assert.equal(languageOf("C++ extra"), "c++");
    assert.equal(languageOf('"onclick'), "");
    assert.equal(languageOf(undefined), "");
  });

  it("loses the blank lines at the end of a fence that is still open", () => {
    assert.match(html("```\na\n\n"), /<code data-lang="">a<\/code>/);
    assert.match(html("```\na\n\n```"), /<code data-lang="">a\n<\/code>/);
  });

  it("escapes everything that HTML reads", () => {
    assert.equal(escape(`<a href="x">'&`), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    assert.equal(escape(3), "3");
  });
});

describe("lists, tables and what stands in them", () => {
  cases([
    ["- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"],
    ["3. a\n4. b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'],
    ["- a\n\n- b", '<ul class="lu-md-loose"><li><p>a</p></li><li><p>b</p></li></ul>'],
    [
      "- [x] a",
      '<ul><li class="lu-md-task"><p><label><input type="checkbox" disabled checked> a</label></p></li></ul>',
    ],
    [
      "|a|b|\n|:-|-:|\n|1|2|",
      '<div class="lu-md-table" tabindex="0"><table><thead><tr><th class="lu-md-left">a</th>' +
        '<th class="lu-md-right">b</th></tr></thead><tbody><tr><td class="lu-md-left">1</td>' +
        '<td class="lu-md-right">2</td></tr></tbody></table></div>',
    ],
  ]);

  it("are flat beyond a depth that nobody reads", () => {
    const made = html("> ".repeat(500) + "deep");
    assert.ok(made.split("<blockquote").length < 40);
    assert.match(made, /deep/);
    const list = Array.from({ length: 200 }, (_, n) => `${"  ".repeat(n)}- x${n}`).join("\n");
    assert.ok(html(list).split("<ul").length < 40);
    assert.match(html(list), /x199/);
  });
});

describe("the direction of a text", () => {
  it("is that of its first letter, whatever stands in code, links and formulas", () => {
    assert.match(html("> שלום"), /^<blockquote dir="rtl">/);
    assert.match(html("> `code` שלום"), /^<blockquote dir="rtl">/);
    assert.match(html("> abc שלום"), /^<blockquote>/);
    assert.match(html("> 123"), /^<blockquote>/);
  });
});

describe("details and footnotes", () => {
  it("hold Markdown, with or without a summary", () => {
    assert.equal(
      html("<details open>\n<summary>S *x*</summary>\n\n- a\n</details>"),
      '<details class="lu-md-details" open><summary>S <em>x</em></summary>' +
        "<ul><li><p>a</p></li></ul></details>",
    );
    assert.equal(html("<details>\na\n"), '<details class="lu-md-details"><p>a</p></details>');
  });

  it("end at their own closing tag, not at one in code", () => {
    const made = html("<details>\n\n```\n</details>\n```\n\nin\n</details>\n\nout");
    assert.match(made, /<p>in<\/p><\/details><p>out<\/p>$/);
  });

  it("are references where there is such a note", () => {
    const made = html("a[^n] b[^z]\n\n[^n]: note");
    assert.match(
      made,
      /a<sup><button type="button" class="lu-md-ref" data-note="n">n<\/button><\/sup> b\[\^z\]/,
    );
    assert.match(
      made,
      /<div class="lu-md-note" data-note="n"><sup>n<\/sup><div><p>note<\/p><\/div><\/div>/,
    );
  });
});

describe("characters of Chinese, Japanese and Korean", () => {
  it("are known, also beyond the basic plane", () => {
    for (const char of ["中", "あ", "한", "。", "\u{20000}"]) assert.ok(isCjk(char), char);
    for (const char of ["a", "ä", "א", "😀", " "]) assert.ok(!isCjk(char), char);
  });
});
